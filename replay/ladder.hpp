// Snapshots at shrinking distances behind the cursor. Who steps back once will step back thousands of times:
// one reverse-next over a loop is tens of thousands of steps back.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "base/machine.hpp"
#include "base/position.hpp"

namespace backspin::replay {

/// The rungs of one timeline, keyed by step. Bounded; rungs in front of the cursor go first.
class Ladder {
  public:
    /// The distance of the first rung; each further one lies twice as far back. 64 steps run again in less
    /// than a microsecond, which is less than a restore costs.
    static constexpr StepCount kFirstRung{64};
    /// A cursor with no snapshot this near behind it wants the ladder put up again.
    static constexpr StepCount kReach{8 * kFirstRung.value};
    /// Going back through a gap of 2^20 steps, with rungs in each half again, has 14 + 13 + ... + 1 = 105
    /// rungs behind the cursor at most.
    static constexpr std::size_t kMostRungs = 128;

    /// Where rungs are wanted, in ascending order: at foot + 1 or later, before the cursor.
    static std::vector<StepCount> rungs(StepCount foot, StepCount cursor);

    void insert(SavedState state, StepCount cursor);
    /// The latest rung at or before the step; null if there is none. Valid until insert.
    const SavedState* nearest_at_or_before(StepCount step) const;
    std::size_t size() const { return rungs_.size(); }

  private:
    std::map<StepCount, SavedState> rungs_;
};

}  // namespace backspin::replay
