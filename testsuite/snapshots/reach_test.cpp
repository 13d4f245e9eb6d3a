#include "snapshots/reach.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace backspin::snapshots {
namespace {

/// Place by place.
Reach counted(const std::vector<StepCount>& snapshots, StepCount end) {
    std::vector<std::uint64_t> steps;
    for (auto place = snapshots.front(); place <= end; place += StepCount{1}) {
        const auto after = std::ranges::upper_bound(snapshots, place);
        steps.push_back((place - *std::prev(after)).value);
    }
    std::ranges::sort(steps);
    return {{steps[(steps.size() - 1) / 2]}, {steps.back()}};
}

TEST(Reach, IsWhatIsRunAgain) {
    EXPECT_EQ(reach(std::vector<StepCount>{{0}}, {0}), (Reach{{0}, {0}}));
    EXPECT_EQ(reach(std::vector<StepCount>{{0}}, {100}), (Reach{{50}, {100}}));
    EXPECT_EQ(reach(std::vector<StepCount>{{0}, {10}, {20}}, {29}), (Reach{{4}, {9}}));
}

TEST(Reach, AgreesWithCountingPlaceByPlace) {
    std::mt19937_64 random(1);
    for (int n = 0; n < 500; ++n) {
        std::vector<StepCount> snapshots{{random() % 50}};
        for (auto more = random() % 20; more > 0; --more)
            snapshots.push_back(snapshots.back() + StepCount{1 + random() % (1 + random() % 40)});
        const auto end = snapshots.back() + StepCount{random() % 50};
        EXPECT_EQ(reach(snapshots, end), counted(snapshots, end)) << n;
    }
}

}  // namespace
}  // namespace backspin::snapshots
