// The access index along a line: each branch has its own for what is not its parent's, so that what is known
// of a past is known in all its futures, and what one of them did is never taken for another's.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>

#include "replay/access_index.hpp"
#include "replay/line.hpp"

namespace backspin::replay {

/// Asked as AccessIndex is, about the line.
class LineAccesses {
  public:
    /// The line outlives it, and may change.
    LineAccesses(const Line& line, StepCount epoch_steps, std::size_t most_bytes = AccessIndex::kMostBytes)
        : line_(line), epoch_steps_(epoch_steps), most_bytes_(most_bytes) {}

    /// What all steps in [begin, end) touched, which lie in one branch.
    void add(Position begin, StepCount end, PackedNotes notes);

    /// Told of all that is known, by branch and in ascending order.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (const auto& [branch, index] : by_branch_) {
            index.for_each([&](StepCount begin, StepCount end, const PackedNotes& notes) {
                visit(Position{branch, begin}, end, notes);
            });
        }
    }

    std::optional<AccessIndex::Stretch> containing(StepCount step) const;
    StepCount latest_candidate(StepCount floor, StepCount end, std::span<const StopPoint> stops) const;
    StepCount first_candidate(StepCount begin, StepCount ceiling, std::span<const StopPoint> stops) const;

    /// Of all branches.
    std::size_t bytes() const;

  private:
    AccessIndex& of(Branch branch);
    const AccessIndex* known(Branch branch) const;
    void drop_others();

    const Line& line_;
    StepCount epoch_steps_;
    std::size_t most_bytes_;
    std::map<Branch, AccessIndex> by_branch_;
};

}  // namespace backspin::replay
