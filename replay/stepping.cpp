#include "replay/stepping.hpp"

#include <algorithm>

namespace backspin::replay {
namespace {

/// A millisecond or two of single steps: a look ahead is as prompt as a slice.
constexpr std::uint64_t kLongestLook = std::uint64_t{1} << 14;

}  // namespace

StepAhead::Outlook StepAhead::look(History& history, const Bounds& bounds) {
    const auto here = history.save();
    const auto outlook = look_from_here(history, bounds);
    history.load(here);
    steps_ = std::min(steps_ * 2, kLongestLook);
    return outlook;
}

StepAhead::Outlook StepAhead::look_from_here(History& history, const Bounds& bounds) {
    const auto& machine = history.machine();
    for (std::uint64_t n = 0; n < steps_; ++n) {
        if (open_) {
            if (const auto outlook = cross_interrupt(history, bounds)) return *outlook;
        }
        const auto at = history.now();
        if (at >= history.frontier()) {
            if (!bounds.may_pass_frontier) return {View::history_end, at};
            if (bounds.pause_when_idle && machine.idle_deadline()) return {View::host, at};
        }
        const auto context = machine.context(hart_);
        const auto step = history.step_ahead();
        if (!step) return {at < history.frontier() ? View::diverged : View::host, at};
        if (step->hart != hart_) continue;
        if (step->kind == StepKind::interrupt && !policy_.show_interrupts) {
            open_ = OpenInterrupt{at, context, machine.time()};
        } else if (step->kind == StepKind::attempt || step->kind == StepKind::interrupt) {
            if (!first_attempt_) first_attempt_ = {at, hart_};
            if (!still_in_range(machine)) return {View::made, history.now()};
        }
    }
    return {View::more, history.now()};
}

bool StepAhead::still_in_range(const Machine& machine) const {
    if (!policy_.range) return false;
    const auto pc = machine.context(hart_).pc;
    return pc >= policy_.range->begin && pc < policy_.range->end;
}

// At full speed: a handler may run for millions of steps. Nothing if the hart is back, and so is the machine.
std::optional<StepAhead::Outlook> StepAhead::cross_interrupt(History& history, const Bounds& bounds) {
    const auto too_late = [&] { return history.machine().time() - open_->since > longest_; };
    ReturnWatch watch(history.machine(), hart_, open_->interrupted);
    for (;;) {
        if (!bounds.may_pass_frontier && history.now() >= history.frontier()) {
            return Outlook{View::history_end, history.now()};
        }
        auto until = history.now() + StepCount{std::min(kLongestLook, (kEndOfTime - history.now()).value)};
        if (!bounds.may_pass_frontier) until = std::min(until, history.frontier());
        const auto end = history.run({.until = until,
                                      .observer = &watch,
                                      .pause_when_idle = bounds.pause_when_idle,
                                      .look_ahead = true});
        if (too_late()) {
            const auto handler = open_->at + StepCount{1};
            open_.reset();
            return Outlook{View::made, handler};
        }
        switch (end) {
            case Arrival::stopped: open_.reset(); return std::nullopt;
            case Arrival::reached:
                if (!history.interrupted()) break;
                [[fallthrough]];
            case Arrival::interrupted: return Outlook{View::interrupted, history.now()};
            case Arrival::diverged: return Outlook{View::diverged, history.now()};
            case Arrival::idle:
            case Arrival::asleep:
            case Arrival::powered_off: return Outlook{View::host, history.now()};
        }
    }
}

}  // namespace backspin::replay
