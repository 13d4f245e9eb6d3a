#include "replay/ladder.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace backspin::replay {

std::vector<StepCount> Ladder::rungs(StepCount foot, StepCount cursor) {
    std::vector<StepCount> steps;
    // Doubling stops by the bound of the loop long before it could overflow.
    for (auto distance = kFirstRung.value; distance < (cursor - foot).value; distance *= 2) {
        steps.push_back({cursor.value - distance});
        if (distance > cursor.value / 2) break;
    }
    std::ranges::reverse(steps);
    return steps;
}

void Ladder::insert(SavedState state, StepCount cursor) {
    const auto at = state.at;
    rungs_.insert_or_assign(at, std::move(state));
    if (rungs_.size() <= kMostRungs) return;
    // In front of the cursor the farthest, otherwise the one farthest back.
    const auto last = std::prev(rungs_.end());
    rungs_.erase(last->first > cursor ? last : rungs_.begin());
}

const SavedState* Ladder::nearest_at_or_before(StepCount step) const {
    const auto after = rungs_.upper_bound(step);
    return after == rungs_.begin() ? nullptr : &std::prev(after)->second;
}

}  // namespace backspin::replay
