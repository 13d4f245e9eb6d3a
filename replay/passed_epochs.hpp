// Which epoch boundaries a timeline has come to. It comes to them in order, but for where it jumps ahead over
// a stored snapshot: what lies between is passed later, or never.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>

#include "base/position.hpp"

namespace backspin::replay {

class PassedEpochs {
  public:
    explicit PassedEpochs(StepCount epoch_steps) : epoch_steps_(std::max(epoch_steps, StepCount{1})) {}

    StepCount epoch_steps() const { return epoch_steps_; }
    bool is_boundary(StepCount at) const { return at.value % epoch_steps_.value == 0; }
    /// The first boundary after the step; the end of time if there is none.
    StepCount boundary_after(StepCount at) const {
        const StepCount epoch{at.value - at.value % epoch_steps_.value};
        return epoch + std::min(epoch_steps_, kEndOfTime - epoch);
    }

    bool contains(StepCount at) const {
        const auto after = stretches_.upper_bound(at);
        return after != stretches_.begin() && at <= std::prev(after)->second;
    }
    /// Whether no later boundary has been passed yet.
    bool is_newest(StepCount at) const { return stretches_.empty() || at > stretches_.rbegin()->second; }

    /// Of these, those that are not after the step.
    PassedEpochs until(StepCount step) const {
        auto some = *this;
        some.stretches_.erase(some.stretches_.upper_bound(step), some.stretches_.end());
        if (some.stretches_.empty()) return some;
        auto& last = some.stretches_.rbegin()->second;
        last = std::min(last, StepCount{step.value - step.value % epoch_steps_.value});
        return some;
    }

    /// Precondition: a boundary, not contained.
    void add(StepCount at) {
        auto stretch = stretches_.insert({at, at}).first;
        if (stretch != stretches_.begin() && boundary_after(std::prev(stretch)->second) == at) {
            stretch = stretches_.erase(stretch);
            --stretch;
            stretch->second = at;
        }
        const auto next = std::next(stretch);
        if (next == stretches_.end() || boundary_after(at) != next->first) return;
        stretch->second = next->second;
        stretches_.erase(next);
    }

  private:
    StepCount epoch_steps_;
    std::map<StepCount, StepCount> stretches_;  ///< first and last boundary of each
};

}  // namespace backspin::replay
