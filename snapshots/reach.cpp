#include "snapshots/reach.hpp"

#include <algorithm>
#include <vector>

namespace backspin::snapshots {

Reach reach(std::span<const StepCount> snapshots, StepCount end) {
    // A gap of n places takes 0 to n - 1 steps, each for one of them.
    std::vector<std::uint64_t> gaps;
    for (std::size_t i = 1; i < snapshots.size(); ++i)
        gaps.push_back((snapshots[i] - snapshots[i - 1]).value);
    gaps.push_back((end - snapshots.back()).value + 1);
    std::ranges::sort(gaps);
    const auto half = ((end - snapshots.front()).value + 2) / 2;
    std::uint64_t shorter = 0;  // places in gaps that have been passed
    auto left = gaps.size();
    auto gap = gaps.begin();
    while (shorter + *gap * left < half) {
        shorter += *gap++;
        --left;
    }
    return {{(half - shorter + left - 1) / left - 1}, {gaps.back() - 1}};
}

}  // namespace backspin::snapshots
