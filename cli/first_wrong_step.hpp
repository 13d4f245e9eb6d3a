// Where two ways to make the same steps part: between a position at which they agree and one at which they
// do not.
#pragma once

#include <functional>

#include "base/machine.hpp"

namespace backspin::cli {

/// The same memory and the same fields.
bool same_state(const SavedState& a, const SavedState& b);

struct Parting {
    SavedState before;   ///< the last state that both come to
    SavedState judge;    ///< one step later
    SavedState suspect;  ///< the same, wrong
};

/// The judge goes on from any state; the suspect always starts where both begin, because what it does wrong
/// may depend on what it has seen since. Precondition: judge(begin, end) and suspect(end) differ.
Parting first_wrong_step(const SavedState& begin, StepCount end,
                         const std::function<SavedState(const SavedState& from, StepCount to)>& judge,
                         const std::function<SavedState(StepCount to)>& suspect);

}  // namespace backspin::cli
