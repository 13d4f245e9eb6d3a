// What a recorder makes of a run: which states are kept whole, what a flight recorder's file holds and when.
#include "cli/recorder.hpp"

#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/machine_setup.hpp"
#include "cli/options/command.hpp"
#include "replay/timeline.hpp"
#include "snapshots/state_digests.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr StepCount kEpoch{4096};

/// Prints the alphabet, over and over, and writes it to memory.
std::vector<std::byte> alphabet() {
    const std::vector<std::uint32_t> code{
        0x100002b7,  // lui  t0, 0x10000
        0x00010397,  // auipc t2, 0x10
        0x06100313,  // li   t1, 'a'
        0x00628023,  // sb   t1, (t0)
        0x00638023,  // sb   t1, (t2)
        0x00138393,  // addi t2, t2, 1
        0x00130313,  // addi t1, t1, 1
        0x07b00e13,  // li   t3, 'z' + 1
        0xffc316e3,  // bne  t1, t3, -20
        0x00a00313,  // li   t1, '\n'
        0x00628023,  // sb   t1, (t0)
        0xfddff06f,  // j    -36
    };
    const auto bytes = std::as_bytes(std::span{code});
    return {bytes.begin(), bytes.end()};
}

MachineSetup setup() {
    MachineSetup made;
    made.options.ram_bytes = std::uint64_t{1} << 20;
    made.images = {{"alphabet", kProgramRole, alphabet()}};
    made.epoch_steps = kEpoch;
    return made;
}

class Silence final : public OutputSink {
  public:
    void output(Channel, std::span<const std::byte> bytes) override { shown += bytes.size(); }
    std::size_t shown = 0;
};

/// A recorded run whose host clock goes on by a second an epoch.
class RecordedRunOfSeconds {
  public:
    RecordedRunOfSeconds(const std::string& path, FlightOptions flight,
                         snapshots::Overwrite overwrite = snapshots::Overwrite::refuse)
        : setup_(setup()),
          machine_(build_machine(setup_)),
          recorder_(path, overwrite, setup_, *machine_,
                    {.flight = std::move(flight),
                     .clock = [this] { return SnapshotPolicy::Time{} + seconds_ * 1s; }}),
          timeline_(*machine_, {.epoch_steps = kEpoch, .listener = &recorder_}) {
        recorder_.tap_output(silence_, [this] { return timeline_.frontier(); });
        machine_->set_output(&recorder_);
    }

    void run_for(int seconds) {
        for (int i = 0; i < seconds; ++i) {
            ++seconds_;
            timeline_.go_on({}, {.limit = timeline_.position().step + kEpoch});
            recorder_.poll();
        }
    }
    bool finish(std::optional<std::uint32_t> exit_code) {
        return recorder_.finish({timeline_.position(), machine_->time(), "ended", exit_code},
                                machine_->save());
    }
    Recorder& recorder() { return recorder_; }
    std::size_t shown() const { return silence_.shown; }

  private:
    MachineSetup setup_;
    std::unique_ptr<emu::RiscvMachine> machine_;
    int seconds_ = 0;
    Silence silence_;
    Recorder recorder_;
    replay::Timeline timeline_;
};

/// Replays the recording from its beginning, and compares every digest. How many epochs it covers.
std::uint64_t replayed_epochs(const std::string& path) {
    const snapshots::RecordingReader reader(path);
    const auto made = from_recording(reader);
    const auto machine = build_machine(made);
    if (!reader.snapshots().empty() && reader.begin().step > StepCount{})
        machine->load(reader.load_snapshot(0, machine->page_store()));
    std::map<Position, std::map<std::string, std::uint64_t>> expected;
    reader.for_each_digest([&](const snapshots::RecordedDigest& digest) {
        expected[digest.at][digest.component] = digest.value;
    });
    EXPECT_EQ(expected.begin()->first, reader.begin());
    snapshots::StateDigests digests(machine->component_names());
    for (const auto& [at, values] : expected) {
        machine->run({.until = at.step});
        for (const auto& [component, value] : digests.of(machine->save())) {
            EXPECT_EQ(values.at(std::string(component)), value) << component << " at " << at.step.value;
        }
    }
    EXPECT_EQ(machine->now(), reader.last_position().step);
    return (reader.last_position().step.value - reader.begin().step.value) / kEpoch.value;
}

class RecorderTest : public ::testing::Test {
  protected:
    std::string path() const { return folder_ / "run.bsr"; }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(fs::path(path()).parent_path()), fs::directory_iterator()));
    }
    TemporaryFolder folder_;
};

TEST_F(RecorderTest, KeepsAllWithoutALimit) {
    RecordedRunOfSeconds run(path(), {});
    run.run_for(30);
    EXPECT_TRUE(run.finish(0));
    EXPECT_EQ(replayed_epochs(path()), 30U);
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecorderTest, RecordsAndPassesOnTheConsole) {
    RecordedRunOfSeconds run(path(), {});
    run.run_for(3);
    run.finish(0);
    std::string text;
    StepCount last;
    const snapshots::RecordingReader reader(path());
    reader.for_each_output([&](const snapshots::RecordedOutput& output) {
        EXPECT_GE(output.at.step, last);
        last = output.at.step;
        for (const auto byte : output.bytes) text += static_cast<char>(byte);
    });
    EXPECT_EQ(text.size(), run.shown());
    EXPECT_THAT(text, HasSubstr("xyz\nabc"));
}

TEST_F(RecorderTest, KeepsTheNewestStretch) {
    for (const int seconds : {5, 10, 11, 19, 20, 21, 35, 57}) {
        {
            RecordedRunOfSeconds run(path(), {.keep = 10s}, snapshots::Overwrite::replace);
            run.run_for(seconds);
            EXPECT_TRUE(run.finish(0));
        }
        const auto covered = replayed_epochs(path());
        EXPECT_GE(covered, static_cast<std::uint64_t>(std::min(seconds, 10))) << seconds;
        EXPECT_LE(covered, 20U) << seconds;
        EXPECT_EQ(files(), 1U) << seconds;
    }
}

/// Which file has the name: another one after the window has moved on.
ino_t file_at(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

TEST_F(RecorderTest, KeepsSoMuchOfTheFile) {
    RecordedRunOfSeconds run(path(), {.keep = std::uint64_t{4096}});
    run.recorder().commit();
    const auto first = file_at(path());
    while (file_at(path()) == first) {
        run.run_for(20);
        run.recorder().commit();
    }
    EXPECT_TRUE(run.finish(0));
    EXPECT_GT(snapshots::RecordingReader(path()).begin(), Position{});
    EXPECT_GT(replayed_epochs(path()), 0U);
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecorderTest, KilledAtAnyMomentLeavesAStretchThatReplays) {
    for (const int seconds : {3, 10, 15, 20, 21, 30, 33}) {
        fs::remove(path() + ".next");
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            RecordedRunOfSeconds run(path(), {.keep = 10s}, snapshots::Overwrite::replace);
            run.run_for(seconds);
            run.recorder().commit();
            ::raise(SIGKILL);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        const auto covered = replayed_epochs(path());
        EXPECT_GE(covered, static_cast<std::uint64_t>(std::min(seconds, 10))) << seconds;
        EXPECT_LE(covered, 20U) << seconds;
        EXPECT_THAT(snapshots::RecordingReader(path()).warning().value_or(""), HasSubstr("killed"));
    }
}

TEST_F(RecorderTest, SavesOnFailureOnly) {
    const FlightOptions flight{.keep = {}, .save_on = SaveOn{SaveOn::Kind::failure}};
    for (const std::optional<std::uint32_t> exit_code : {std::optional<std::uint32_t>(0), {}}) {
        RecordedRunOfSeconds run(path(), flight);
        run.run_for(3);
        EXPECT_TRUE(run.finish(exit_code));
        EXPECT_EQ(files(), 0U);
    }
    {
        RecordedRunOfSeconds run(path(), flight);
        run.run_for(3);
        EXPECT_FALSE(fs::exists(path()));
        EXPECT_TRUE(run.finish(7));
    }
    EXPECT_EQ(replayed_epochs(path()), 3U);
    EXPECT_EQ(files(), 1U);
    EXPECT_THROW(RecordedRunOfSeconds(path(), flight), snapshots::RecordingError);
}

TEST_F(RecorderTest, SavesWhenTheConsoleSaysIt) {
    RecordedRunOfSeconds run(path(), {.keep = {}, .save_on = SaveOn{SaveOn::Kind::text, "klm.op"}});
    run.run_for(1);
    EXPECT_TRUE(fs::exists(path()));  // under its name at once, so that a kill leaves it
    run.run_for(2);
    EXPECT_TRUE(run.finish(0));
    EXPECT_EQ(replayed_epochs(path()), 3U);
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecorderTest, GoesOnForAsLongAgainAfterWhatItIsSavedFor) {
    {
        RecordedRunOfSeconds run(path(), {.keep = 10s, .save_on = SaveOn{SaveOn::Kind::text, "abc"}});
        run.run_for(50);
        EXPECT_TRUE(run.finish(0));
    }
    EXPECT_EQ(replayed_epochs(path()), 11U);
    const snapshots::RecordingReader reader(path());
    EXPECT_EQ(reader.begin(), Position{});
    EXPECT_THAT(reader.end()->reason, HasSubstr("--save-on"));
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecorderTest, SavesTheNewestStretchOnFailure) {
    RecordedRunOfSeconds run(path(), {.keep = 10s, .save_on = SaveOn{SaveOn::Kind::failure}});
    run.run_for(45);
    EXPECT_FALSE(fs::exists(path()));
    EXPECT_TRUE(run.finish(1));
    const auto covered = replayed_epochs(path());
    EXPECT_GE(covered, 10U);
    EXPECT_LE(covered, 20U);
    EXPECT_EQ(files(), 1U);
}

// ---- what is decided --------------------------------------------------------------------------------

TEST(SnapshotPolicy, WaitsForStepsAndTimeAndWhatTheLastOneCost) {
    const SnapshotPolicy::Time start{};
    SnapshotPolicy policy({}, start);
    const auto steps = SnapshotPolicy::kSteps;
    const StepCount fewer{steps.value - 1};
    EXPECT_TRUE(policy.due(steps, start + 2s, 0ms));
    EXPECT_FALSE(policy.due(fewer, start + 100s, 0ms));
    EXPECT_FALSE(policy.due(steps, start + 1999ms, 0ms));
    EXPECT_FALSE(policy.due(steps, start + 2s, 101ms));
    EXPECT_TRUE(policy.due(steps, start + 3s, 101ms));
    policy.took(steps, start + 3s, 101ms);
    EXPECT_FALSE(policy.due(steps + fewer, start + 9s, 101ms));
    EXPECT_TRUE(policy.due(steps + steps, start + 5s, 150ms));
    EXPECT_FALSE(policy.due_at_end(steps + StepCount{steps.value / 4 - 1}));
    EXPECT_TRUE(policy.due_at_end(steps + StepCount{steps.value / 4}));
}

bool hears(const SaveOn& choice, std::initializer_list<std::string_view> pieces) {
    Trigger trigger(choice);
    for (const auto piece : pieces) trigger.hear({0}, std::as_bytes(std::span{piece}));
    return trigger.heard();
}

TEST(Trigger, HearsLinesHoweverTheyCome) {
    const SaveOn login{SaveOn::Kind::text, "^login: *$"};
    EXPECT_TRUE(hears(login, {"first\nlog", "in: "}));
    EXPECT_TRUE(hears(login, {"login:\r\nlast"}));
    EXPECT_FALSE(hears(login, {"last login:", " today\n"}));
    EXPECT_FALSE(hears(login, {}));
}

TEST(Trigger, KnowsPanics) {
    const SaveOn panic{SaveOn::Kind::panic};
    EXPECT_TRUE(hears(panic, {"[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs\n"}));
    EXPECT_TRUE(hears(panic, {"panic: kerneltrap\n"}));
    EXPECT_FALSE(hears(panic, {"don't panic\n"}));
}

TEST(Trigger, KeepsChannelsApart) {
    Trigger trigger({SaveOn::Kind::text, "ab"});
    const std::string_view a = "a", b = "b";
    trigger.hear({0}, std::as_bytes(std::span{a}));
    trigger.hear({1}, std::as_bytes(std::span{b}));
    EXPECT_FALSE(trigger.heard());
    trigger.hear({0}, std::as_bytes(std::span{b}));
    EXPECT_TRUE(trigger.heard());
}

TEST(Trigger, DoesNotDrownInALineWithoutEnd) {
    const std::string line(6000, 'x');
    EXPECT_FALSE(hears({SaveOn::Kind::text, "(x|y)*z"}, {line}));
}

TEST(FlightOptions, AreReadAsPeopleWriteThem) {
    EXPECT_EQ(parse_keep("60s"), KeepLimit(60s));
    EXPECT_EQ(parse_keep("2m"), KeepLimit(120s));
    EXPECT_EQ(parse_keep("512M"), KeepLimit(std::uint64_t{512} << 20));
    for (const auto* wrong : {"", "60", "s", "0M", "0s", "-1s", "M", "much"}) {
        EXPECT_THROW(parse_keep(wrong), UsageError) << wrong;
    }
    EXPECT_EQ(parse_save_on("panic"), SaveOn{SaveOn::Kind::panic});
    EXPECT_EQ(parse_save_on("exit!=0"), SaveOn{SaveOn::Kind::failure});
    EXPECT_EQ(parse_save_on("text:a|b"), (SaveOn{SaveOn::Kind::text, "a|b"}));
    for (const auto* wrong : {"", "text:", "text:(", "exit", "Panic"}) {
        EXPECT_THROW(parse_save_on(wrong), UsageError) << wrong;
    }
}

}  // namespace
}  // namespace backspin::cli
