// How often a snapshot may be taken while the machine runs on.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/position.hpp"

namespace backspin::replay {

/// Sees to it that snapshots take no more than a share of the time that the machine runs. A snapshot costs
/// little when it is taken, and then a copy of each page that the guest writes next: one that fills its
/// memory pays more in an epoch than the epoch takes.
class SnapshotPace {
  public:
    /// `share`: from 0 to 1, of running time. 0: whatever they cost.
    explicit SnapshotPace(double share) : share_(share) {}

    /// The machine has run so many steps since the last time.
    void ran(StepCount steps, StepCount steps_per_millisecond) {
        const auto ns =
            1e6 * static_cast<double>(steps.value) / static_cast<double>(steps_per_millisecond.value);
        running_ += ns;
        credit_ = std::min(credit_ + share_ * ns, kMostSaved);
    }
    void spent(std::chrono::nanoseconds time) {
        const auto ns = static_cast<double>(time.count());
        spending_ += ns;
        credit_ -= ns;
    }

    /// At an epoch's end: whether a snapshot is to be taken there.
    bool is_due() {
        if (share_ == 0 || credit_ >= 0 || ++passed_over_ >= kMostPassedOver) {
            passed_over_ = 0;
            return true;
        }
        return false;
    }

    /// Of all the time that the machine has run.
    double measured() const { return running_ > 0 ? spending_ / running_ : 0; }

  private:
    /// Saved in quiet times for busy ones, in nanoseconds.
    static constexpr double kMostSaved = 20e6;
    /// However dear they are: nobody wants to wait for longer than some hundred milliseconds.
    static constexpr int kMostPassedOver = 64;

    double share_;
    double credit_ = kMostSaved;
    double running_ = 0;
    double spending_ = 0;
    int passed_over_ = 0;
};

}  // namespace backspin::replay
