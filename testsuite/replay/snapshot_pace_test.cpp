#include "replay/snapshot_pace.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace backspin::replay {
namespace {

using namespace std::chrono_literals;

constexpr StepCount kPerMillisecond{1000};
constexpr StepCount kEpoch{2000};  // 2 ms

/// How many of so many epochs' ends get a snapshot that costs that much.
int taken_of(int epochs, std::chrono::nanoseconds cost, SnapshotPace& pace) {
    int taken = 0;
    for (int n = 0; n < epochs; ++n) {
        pace.ran(kEpoch, kPerMillisecond);
        if (!pace.is_due()) continue;
        pace.spent(cost);
        ++taken;
    }
    return taken;
}

TEST(SnapshotPace, CheapOnesAreTakenAtEachEpoch) {
    SnapshotPace pace(0.05);
    EXPECT_EQ(taken_of(1000, 90us, pace), 1000);
    EXPECT_NEAR(pace.measured(), 0.045, 1e-9);
}

TEST(SnapshotPace, DearOnesAreTakenSoSeldomThatTheyKeepWithinTheShare) {
    SnapshotPace pace(0.05);
    const auto taken = taken_of(10'000, 1ms, pace);
    EXPECT_NEAR(taken, 1000, 30) << "twenty times their cost apart, and what may be spent at once";
    EXPECT_NEAR(pace.measured(), 0.05, 0.002);
}

TEST(SnapshotPace, AreNeverFartherApartThanSomeEpochs) {
    SnapshotPace pace(0.05);
    taken_of(100, 1s, pace);
    EXPECT_EQ(taken_of(6400, 1s, pace), 100);
}

TEST(SnapshotPace, QuietTimesSaveLittleForBusyOnes) {
    SnapshotPace pace(0.05);
    taken_of(100'000, 0ns, pace);
    EXPECT_NEAR(taken_of(1000, 1ms, pace), 100, 25);
}

TEST(SnapshotPace, WithoutAShareTheyAreTakenWhateverTheyCost) {
    SnapshotPace pace(0);
    EXPECT_EQ(taken_of(100, 1s, pace), 100);
}

}  // namespace
}  // namespace backspin::replay
