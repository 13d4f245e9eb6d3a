// How many steps a machine is given between two looks at the outside.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/position.hpp"

namespace backspin::replay {

/// Adapts the length of slices so that each takes about a millisecond of host time: prompt for a person and
/// for the network, and long enough to cost nothing. The length never influences what the machine does.
class SlicePacer {
  public:
    StepCount next() const { return {steps_}; }

    /// Tells how long a run of that many steps took.
    void ran(StepCount steps, std::chrono::nanoseconds took) {
        // A short run says little about speed: it ended at a stop or an input, and its fixed costs dominate.
        if (steps.value < kShortest) return;
        const auto ns = std::max<std::int64_t>(took.count(), 1);
        const auto ideal = static_cast<double>(steps.value) * kSliceNs / static_cast<double>(ns);
        // At most twice the last length, so that one lucky measurement cannot make a long pause.
        const auto bound = static_cast<double>(std::min(steps_ * 2, kLongest));
        steps_ = static_cast<std::uint64_t>(std::clamp(ideal, static_cast<double>(kShortest), bound));
    }

  private:
    static constexpr double kSliceNs = 1e6;
    static constexpr std::uint64_t kShortest = std::uint64_t{1} << 10;
    static constexpr std::uint64_t kLongest = std::uint64_t{1}
                                              << 23;  ///< 1 ms at 8,000 million steps a second

    std::uint64_t steps_ = std::uint64_t{1}
                           << 14;  ///< 1 ms at 16 million steps a second: slower than any engine
};

}  // namespace backspin::replay
