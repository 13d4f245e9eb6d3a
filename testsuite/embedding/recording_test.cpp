// A run of the firmware in a file: read back, it is the same run, and every digest is equal.
#include "testsuite/embedding/recording.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "snapshots/state_digests.hpp"
#include "testsuite/replay/fake_host.hpp"

namespace backspin::m0 {
namespace {

constexpr StepCount kEpoch{1000};

class RecordingTest : public ::testing::Test {
  protected:
    RecordingTest() {
        std::string name = (std::filesystem::temp_directory_path() / "backspin-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        std::ifstream file(BACKSPIN_EMBEDDING_FIRMWARE "/meter.bin", std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        for (const auto character : text) flash_.push_back(static_cast<std::byte>(character));
    }
    ~RecordingTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::filesystem::path path() const { return folder_ / "run.bsr"; }

    /// Runs so many steps with some typing, and gives the state at the end.
    SavedState record(StepCount steps) {
        M0Machine machine(flash_);
        Recorder recorder(path(), flash_, machine);
        replay::Timeline timeline(machine, {.epoch_steps = kEpoch, .listener = &recorder});
        replay::FakeHost host;
        timeline.set_host(host.hooks());
        for (int i = 0; i < 20; ++i) {
            timeline.go_on({}, {.limit = StepCount{steps.value * (i + 1) / 20 - 100}});
            host.arrives(replay::typed({'a' + i}));
            timeline.step({}, {});
        }
        timeline.go_on({}, {.limit = steps});
        EXPECT_EQ(timeline.log().size(), 20u);
        recorder.finish(timeline.frontier(), machine.time());
        return machine.save();
    }

    std::filesystem::path folder_;
    std::vector<std::byte> flash_;
};

/// What a replay's epochs come to.
class Digests : public replay::HistoryListener {
  public:
    explicit Digests(std::span<const std::string_view> names) : digests_(names) {}
    void on_epoch(Position at, const SavedState& state) override {
        for (const auto& digest : digests_.of(state))
            seen[{at.step, std::string(digest.component)}] = digest.value;
    }
    std::map<std::pair<StepCount, std::string>, std::uint64_t> seen;

  private:
    snapshots::StateDigests digests_;
};

TEST_F(RecordingTest, ReplaysDigestByDigest) {
    constexpr StepCount kSteps{30'000};
    const auto end = record(kSteps);
    auto run = read_recording(path());
    EXPECT_EQ(run.flash, flash_);
    EXPECT_EQ(run.past.log.size(), 20u);
    EXPECT_EQ(run.past.frontier, kSteps);

    M0Machine machine(run.flash);
    Digests digests(machine.component_names());
    replay::Timeline timeline(machine, std::move(run.past), {.epoch_steps = kEpoch, .listener = &digests});
    EXPECT_EQ(timeline.go_on({}).why, replay::StopReason::history_end);
    EXPECT_EQ(machine.save().fields, end.fields);
    EXPECT_EQ(machine.save().pages.digest(), end.pages.digest());

    const snapshots::RecordingReader reader(path());
    std::size_t compared = 0;
    reader.for_each_digest([&](const snapshots::RecordedDigest& digest) {
        ++compared;
        EXPECT_EQ((digests.seen.at({digest.at.step, digest.component})), digest.value)
            << digest.component << " at " << digest.at.step.value;
    });
    EXPECT_EQ(compared, digests.seen.size());
    EXPECT_GE(compared, 30 * (machine.component_names().size() + 1));
}

TEST_F(RecordingTest, OfAnotherMachineIsRefused) {
    const std::string_view component = "cpu";
    snapshots::RecordingWriter(path(), snapshots::Overwrite::replace, {{"machine", "another"}}, {},
                               {&component, 1})
        .finish({{}, {}, "", {}});
    EXPECT_THROW(read_recording(path()), snapshots::RecordingError);
}

}  // namespace
}  // namespace backspin::m0
