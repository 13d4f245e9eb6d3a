// Which states of a run go whole into its recording.
#pragma once

#include <chrono>

#include "base/position.hpp"

namespace backspin::cli {

/// Chooses so that from a snapshot anything before the next is a second or two away, and that they cost the
/// run little: the thread that packs them is busy with it for at most a twentieth of the time.
class SnapshotPolicy {
  public:
    using Time = std::chrono::steady_clock::time_point;

    // 2^28 steps run again in 0.2 to 1 s. An idle guest makes so few steps that it hardly ever needs one.
    static constexpr StepCount kSteps{std::uint64_t{1} << 28};
    static constexpr std::chrono::seconds kHostTime{2};
    static constexpr int kShare = 20;

    /// `begin` needs none: it is power-on, or a snapshot itself.
    SnapshotPolicy(StepCount begin, Time now) : last_(begin), last_time_(now) {}

    /// `packing_time`: what all snapshots so far have cost.
    bool due(StepCount at, Time now, std::chrono::nanoseconds packing_time) const {
        const auto cost = packing_time - packing_before_;
        return at >= last_ + kSteps && now - last_time_ >= kHostTime && now - last_time_ >= kShare * cost;
    }
    /// At the end of a run, where users want to go back from, one is worth it earlier.
    bool due_at_end(StepCount at) const { return at >= last_ + StepCount{kSteps.value / 4}; }

    void took(StepCount at, Time now, std::chrono::nanoseconds packing_time) {
        last_ = at;
        last_time_ = now;
        packing_before_ = packing_time;
    }

  private:
    StepCount last_;
    Time last_time_;
    std::chrono::nanoseconds packing_before_{};
};

}  // namespace backspin::cli
