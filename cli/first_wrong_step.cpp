#include "cli/first_wrong_step.hpp"

namespace backspin::cli {

bool same_state(const SavedState& a, const SavedState& b) {
    return a.at == b.at && a.ends == b.ends && a.fields == b.fields && a.pages.digest() == b.pages.digest();
}

Parting first_wrong_step(const SavedState& begin, StepCount end,
                         const std::function<SavedState(const SavedState& from, StepCount to)>& judge,
                         const std::function<SavedState(StepCount to)>& suspect) {
    // They agree at `low` and differ at `high`, all the way.
    SavedState low = begin;
    StepCount high = end;
    while (high - low.at > StepCount{1}) {
        const StepCount middle{low.at.value + (high - low.at).value / 2};
        auto right = judge(low, middle);
        if (same_state(right, suspect(middle))) {
            low = std::move(right);
        } else {
            high = middle;
        }
    }
    return {low, judge(low, high), suspect(high)};
}

}  // namespace backspin::cli
