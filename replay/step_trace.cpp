#include "replay/step_trace.hpp"

#include <algorithm>

namespace backspin::replay {

std::optional<StepInfo> StepTrace::before(StepCount end) {
    const StepCount step{end.value - 1};
    if (step < begin_ || (step - begin_).value >= steps_.size()) {
        early_ = history_.interrupted() ? Arrival::interrupted : trace_until(end);
        if (early_ != Arrival::reached) return std::nullopt;
    }
    return steps_[(step - begin_).value];
}

Arrival StepTrace::trace_until(StepCount end) {
    steps_.clear();
    if (const auto arrival = history_.go_to_with_ladder(end); arrival != Arrival::reached) return arrival;
    // A window of the ladder's reach serves that many steps back. Where snapshots are not dense so far back,
    // a shorter one from the nearest does.
    const auto reach = std::min(end - history_.begin(), Ladder::kReach);
    const auto* from = &history_.nearest_at_or_before(end - reach);
    if (end - from->at > Ladder::kReach + Ladder::kReach)
        from = &history_.nearest_at_or_before({end.value - 1});
    begin_ = from->at;
    history_.load(*from);
    while (history_.now() < end) {
        const auto info = history_.step_ahead();
        if (!info) return Arrival::diverged;
        steps_.push_back(*info);
    }
    return Arrival::reached;
}

}  // namespace backspin::replay
