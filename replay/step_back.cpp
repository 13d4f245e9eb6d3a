#include "replay/step_back.hpp"

namespace backspin::replay {

std::variant<StepsBack::Landing, StepsBack::None> StepsBack::landing(StepCount from, HartId hart,
                                                                     bool show_interrupts) {
    const auto end = own_step_end(from, hart, show_interrupts);
    if (const auto* early = std::get_if<Arrival>(&end)) return None{*early};
    if (std::get<StepCount>(end) == trace_.history_begin()) return None{};
    const StepCount undone{std::get<StepCount>(end).value - 1};
    const auto before = own_step_end(undone, hart, show_interrupts);
    if (const auto* early = std::get_if<Arrival>(&before)) return None{*early};
    return Landing{std::get<StepCount>(before), undone};
}

std::variant<StepCount, Arrival> StepsBack::own_step_end(StepCount end, HartId hart, bool show_interrupts) {
    while (end > trace_.history_begin()) {
        const auto step = trace_.before(end);
        if (!step) return trace_.early();
        const bool attempt = step->kind == StepKind::attempt && step->hart == hart;
        if (attempt && step->returned_from_trap && !show_interrupts) {
            const auto entry = interrupts_.entry_of(end, hart);
            if (const auto* complete = std::get_if<StepCount>(&entry)) {
                end = *complete;
                continue;
            }
            if (const auto early = std::get<InterruptSearch::NotComplete>(entry).early) return *early;
        }
        if (attempt || (step->kind == StepKind::interrupt && step->hart == hart)) return end;
        end = {end.value - 1};
    }
    return end;
}

}  // namespace backspin::replay
