// What each of the last few hundred steps before a position did: a step back asks, and the next one asks
// again.
#pragma once

#include <optional>
#include <vector>

#include "base/machine.hpp"
#include "replay/history.hpp"

namespace backspin::replay {

/// One window of the past. History does not change, so what was found stays true.
class StepTrace {
  public:
    explicit StepTrace(History& history) : history_(history) {}

    /// The step that ended at `end`. Nothing if it could not be found: see early(). Moves the machine
    /// anywhere. Precondition: history_begin() < end <= frontier.
    std::optional<StepInfo> before(StepCount end);

    /// Why before() gave nothing: interrupted or diverged.
    Arrival early() const { return early_; }
    void forget() { steps_.clear(); }
    StepCount history_begin() const { return history_.begin(); }

  private:
    Arrival trace_until(StepCount end);

    History& history_;
    StepCount begin_;
    std::vector<StepInfo> steps_;  ///< of the steps begin_, begin_ + 1 ...
    Arrival early_ = Arrival::reached;
};

}  // namespace backspin::replay
