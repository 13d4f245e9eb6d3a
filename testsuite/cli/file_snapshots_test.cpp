// The states that a recording holds, and who is misled by a wrong one.
#include "cli/file_snapshots.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/machine_setup.hpp"
#include "cli/playback.hpp"
#include "cli/recorded_run.hpp"
#include "snapshots/recording.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/sqlite.hpp"
#include "snapshots/state_digests.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/program_runner.hpp"
#include "testsuite/snapshots/reseal.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;

/// Counts upward in t0, and stores it to one word after the other.
const Code kFills{0x00010337,   // lui  t1, 0x10
                  0x00100393,   // li   t2, 1
                  0x01f39393,   // slli t2, t2, 31
                  0x00638333,   // add  t1, t2, t1
                  0x00128293,   // addi t0, t0, 1
                  0x00533023,   // sd   t0, 0(t1)
                  0x00830313,   // addi t1, t1, 8
                  0xff5ff06f};  // j    addi

class FileSnapshotsTest : public ProgramTest {
  protected:
    static constexpr std::uint64_t kEpoch = 1000;
    static constexpr std::uint64_t kFrontier = 40'000;

    /// With a whole snapshot at 0 (power-on), 15,000 and 30,000, and a patch at each other epoch's end.
    void record() {
        write_image(folder_ / "guest", kFills);
        MachineChoice choice;
        choice.program = folder_ / "guest";
        auto setup = set_up(choice);
        setup.epoch_steps = {kEpoch};
        const auto machine = build_machine(setup);
        const std::vector<snapshots::ImageSource> images{{"guest", kProgramRole, setup.images.front().bytes}};
        snapshots::RecordingWriter writer(folder_ / "run.bsr", snapshots::Overwrite::replace,
                                          to_configuration(setup), images, machine->component_names());
        for (std::uint64_t at = 0; at <= kFrontier; at += kEpoch) {
            machine->run({.until = {at}});
            const auto state = machine->save();
            writer.add_epoch({{}, {at}}, state);
            if (at % 15'000 == 0 && at != 0) writer.add_snapshot({{}, {at}}, state);
            // Nothing is left out for want of time.
            writer.commit();
        }
        writer.finish({{{}, {kFrontier}}, machine->time(), "step limit", std::nullopt});
    }

    /// Changes the patch that leads to the state there, with all checksums right.
    void change_patch(std::uint64_t at) {
        using namespace snapshots;
        Database database(sqlite_uri((folder_ / "run.bsr"), ""), Database::Mode::read_write);
        std::vector<std::byte> packed;
        {
            auto row = database.prepare("SELECT size, patch FROM patches WHERE step=?1");
            row.bind(1, static_cast<std::int64_t>(at));
            ASSERT_TRUE(row.step());
            auto patch = *uncompressed(row.blob(1), static_cast<std::size_t>(row.integer(0)));
            // The last word that was stored: before the two ends, of the runs and of the pages.
            patch.at(patch.size() - 3 - 8) ^= std::byte{1};
            packed = compressed(patch, 1);
        }
        database.prepare("UPDATE patches SET patch=?2 WHERE step=?1")
            .bind(1, static_cast<std::int64_t>(at))
            .bind(2, std::span<const std::byte>{packed})
            .run();
        reseal(database);
    }
};

TEST_F(FileSnapshotsTest, AreAtEachEpochAndRight) {
    record();
    const RecordedRun run(folder_ / "run.bsr");
    EXPECT_GE(run.reader().patches().size(), kFrontier / kEpoch - 2);
    const auto machine = run.machine();
    FileSnapshots stored(run, *machine);
    const auto judge = run.machine();
    const auto power_on = judge->save();
    std::mt19937 random(5);
    for (int i = 0; i < 200; ++i) {
        // In trains back, as users go, and anywhere.
        const StepCount at{i % 50 < 10 ? kFrontier - i % 50 * kEpoch : random() % (kFrontier + 1)};
        const auto nearest = stored.latest_at_or_before({{}, at});
        if (at < StepCount{kEpoch}) {
            EXPECT_EQ(nearest, std::nullopt);
            continue;
        }
        ASSERT_EQ(nearest, StepCount{at.value / kEpoch * kEpoch});
        const auto states = stored.load({{}, *nearest});
        EXPECT_EQ(states.back().at, *nearest);
        for (const auto& state : states) {
            EXPECT_FALSE(state.trusted);
            judge->load(power_on);
            judge->run({.until = state.at});
            snapshots::StateDigests expected(judge->component_names());
            snapshots::StateDigests found(judge->component_names());
            const auto wanted = expected.of(judge->save());
            const auto got = found.of(state);
            for (std::size_t n = 0; n < wanted.size(); ++n)
                EXPECT_EQ(got[n].value, wanted[n].value) << wanted[n].component << " at " << state.at.value;
        }
    }
}

TEST_F(FileSnapshotsTest, ThatAreWrongAreFoundByVerify) {
    record();
    const auto before = nlohmann::json::parse(run("verify --json @run.bsr").out);
    EXPECT_EQ(before["verified"], true);
    EXPECT_EQ(before["snapshots"], 2);
    EXPECT_GE(before["patches"], kFrontier / kEpoch - 2);
    change_patch(7000);
    const auto outcome = run("verify @run.bsr");
    EXPECT_EQ(outcome.exit_code, 120);
    EXPECT_THAT(outcome.out, HasSubstr("(steps 6000 to 7000): the file's snapshot is another state"));
}

TEST_F(FileSnapshotsTest, OfAKilledRecorderThatLackTheirBaseAreLeftOut) {
    record();
    {
        snapshots::Database database(snapshots::sqlite_uri((folder_ / "run.bsr"), ""),
                                     snapshots::Database::Mode::read_write);
        database.execute("DELETE FROM patches WHERE step=20000");
        snapshots::reseal(database);
    }
    const RecordedRun run(folder_ / "run.bsr");
    const auto machine = run.machine();
    const FileSnapshots stored(run, *machine);
    EXPECT_EQ(stored.latest_at_or_before({{}, {25'500}}), StepCount{19'000});
    EXPECT_EQ(stored.latest_at_or_before({{}, {30'500}}), StepCount{30'000});
    EXPECT_EQ(stored.latest_at_or_before({{}, {31'500}}), StepCount{31'000});
}

}  // namespace
}  // namespace backspin::cli
