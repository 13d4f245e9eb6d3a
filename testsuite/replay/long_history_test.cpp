// A history that is long for its budgets: whatever is thinned, spilled or lost, every place in it stays
// within reach and is what it was.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

constexpr StepCount kEpoch{16};
constexpr StepCount kEnd{60'000};
constexpr snapshots::Budget kBudget{.snapshots = 64, .bytes = 300 * kPageSize};

/// Has no place in time where more is to be spilled than the thread has come to.
class WaitForSpill : public HistoryListener {
  public:
    explicit WaitForSpill(snapshots::Spill& spill) : spill_(spill) {}
    void on_epoch(Position, const SavedState&) override { spill_.flush(); }

  private:
    snapshots::Spill& spill_;
};

TimelineOptions tiny(snapshots::Spill* spill, HistoryListener* listener) {
    TimelineOptions options{.epoch_steps = kEpoch, .snapshot_budget = kBudget};
    options.spill = spill;
    options.listener = listener;
    return options;
}

class LongHistory : public ::testing::Test {
  protected:
    /// Goes to random places, and returns the most steps that one of them took.
    std::uint64_t seek_around(Bench& bench, std::uint64_t seed) {
        if (!judge_) {
            judge_.emplace(std::make_unique<toy::ToyMachine>(2, kGuest), VirtualTime{3000});
            judge_->follow(bench.timeline.log(), kEnd);
        }
        std::mt19937_64 random(seed);
        std::uint64_t most = 0;
        for (int n = 0; n < 300; ++n) {
            const auto place = random() % kEnd.value;
            const auto steps = bench.machine.steps;
            bench.seek(place);
            most = std::max(most, bench.machine.steps - steps);
            EXPECT_EQ(digest(bench.machine.save()), judge_->digest_at({place})) << place;
            const auto& kept = bench.timeline.snapshots();
            EXPECT_LE(kept.size(), kBudget.snapshots);
            EXPECT_LE(kept.bytes(), kBudget.bytes);
            // The machine's own, the ladder's and the spill's last: all of the toy's memory for each.
            EXPECT_LE(bench.store->pages_in_use() - others_pages_,
                      kBudget.bytes / kPageSize + 10 * toy::kMemoryPages);
        }
        return most;
    }

    const std::vector<toy::Image> kGuest = toy::busy_guest(100, true, 3);
    std::optional<Judge> judge_;
    std::size_t others_pages_ = 0;  ///< of machines that share the store
};

TEST_F(LongHistory, WithASpillEveryPlaceIsAnEpochAway) {
    snapshots::Spill spill({});
    WaitForSpill wait(spill);
    Bench bench(kGuest, 2, tiny(&spill, &wait));
    bench.go_on_to(kEnd.value);
    spill.flush();
    EXPECT_EQ(spill.positions().size(), kEnd.value / kEpoch.value + 1);
    EXPECT_LT(seek_around(bench, 1), kEpoch.value);
    EXPECT_EQ(bench.timeline.starting_points().size(), kEnd.value / kEpoch.value + 1);
}

TEST_F(LongHistory, WithoutOneDistancesGrowWithAge) {
    Bench bench(kGuest, 2, tiny(nullptr, nullptr));
    bench.go_on_to(kEnd.value);
    EXPECT_GT(seek_around(bench, 2), 10 * kEpoch.value);
}

TEST_F(LongHistory, ASpillThatIsSmallIsThinned) {
    snapshots::SpillOptions options;
    options.limit = 200'000;
    snapshots::Spill spill(options);
    WaitForSpill wait(spill);
    Bench bench(kGuest, 2, tiny(&spill, &wait));
    bench.go_on_to(kEnd.value);
    EXPECT_LT(spill.positions().size(), kEnd.value / kEpoch.value);
    EXPECT_GT(spill.positions().size(), 2 * kBudget.snapshots) << "as patches there is room for more";
    EXPECT_LE(spill.bytes(), options.limit);
    EXPECT_FALSE(spill.take_trouble());
    seek_around(bench, 3);
}

TEST_F(LongHistory, ASpillOfVeryManySnapshotsIsThinnedLongBeforeItsFileIsFull) {
    snapshots::SpillOptions options;
    options.most_snapshots = 500;
    snapshots::Spill spill(options);
    WaitForSpill wait(spill);
    Bench bench(kGuest, 2, tiny(&spill, &wait));
    bench.go_on_to(kEnd.value);
    spill.flush();
    EXPECT_LT(spill.positions().size(), options.most_snapshots);
    EXPECT_GE(spill.positions().size(), options.most_snapshots / 2);
    EXPECT_FALSE(spill.take_trouble());
    seek_around(bench, 6);
}

TEST_F(LongHistory, ASpillThatFailsCostsTimeAndNothingElse) {
    snapshots::SpillOptions options;
    options.limit = 100;
    snapshots::Spill spill(options);
    Bench bench(kGuest, 2, tiny(&spill, nullptr));
    bench.go_on_to(kEnd.value);
    spill.flush();
    EXPECT_TRUE(spill.take_trouble());
    seek_around(bench, 4);
}

TEST_F(LongHistory, AReplayThatJumpsSpillsInTheOrderInWhichItComesBy) {
    Bench live(kGuest, 2, {.epoch_steps = kEpoch});
    live.go_on_to(kEnd.value);
    snapshots::Spill spill({});
    others_pages_ = live.store->pages_in_use();
    Bench bench(live, tiny(&spill, nullptr));
    for (const std::uint64_t place : {50'000, 55'000, 1'000, 20'000}) {
        live.seek(place - 500);
        bench.timeline.add_snapshot(live.machine.save());
        bench.seek(place);
    }
    bench.seek(kEnd.value);
    seek_around(bench, 5);
}

TEST_F(LongHistory, WhereAPinIsNothingIsRunAgain) {
    Bench bench(kGuest, 2, tiny(nullptr, nullptr));
    bench.go_on_to(1001);
    bench.timeline.pin_here();
    bench.go_on_to(kEnd.value);
    const auto steps = bench.machine.steps;
    bench.seek(1001);
    EXPECT_EQ(bench.machine.steps, steps);
}

}  // namespace
}  // namespace backspin::replay
