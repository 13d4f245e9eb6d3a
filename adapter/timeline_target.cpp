#include "adapter/timeline_target.hpp"

#include <algorithm>
#include <iterator>
#include <variant>

namespace backspin::adapter {
namespace {

using gdbstub::Done;
using gdbstub::Outcome;
using gdbstub::Refused;

// Far more than a person sets; each costs some bytes and one comparison where it is looked up.
constexpr std::size_t kMostBreakpoints = 100'000;

/// The thread that a move is about; nothing if it is about all.
std::optional<gdbstub::ThreadId> thread_of(const gdbstub::Resume& resume) {
    return std::visit(
        [](const auto& move) -> std::optional<gdbstub::ThreadId> {
            if constexpr (requires { move.thread; }) return move.thread;
            return std::nullopt;
        },
        resume);
}

StopKind stop_kind(gdbstub::BreakpointKind kind) {
    switch (kind) {
        case gdbstub::BreakpointKind::write: return StopKind::write;
        case gdbstub::BreakpointKind::read: return StopKind::read;
        case gdbstub::BreakpointKind::access: return StopKind::access;
        default: return StopKind::execute;
    }
}

gdbstub::WatchKind watch_kind(StopKind kind) {
    if (kind == StopKind::read) return gdbstub::WatchKind::read;
    return kind == StopKind::access ? gdbstub::WatchKind::access : gdbstub::WatchKind::write;
}

}  // namespace

Outcome<Done> TimelineTarget::write(const Input& input) {
    const auto refused = timeline_.write(input);
    if (!refused) return Done{};
    return Refused{gdbstub::errno_value::read_only, refused->why + hint(*refused)};
}

// ---- breakpoints --------------------------------------------------------------------------------

gdbstub::Breakpoint TimelineTarget::normal(gdbstub::Breakpoint breakpoint) const {
    breakpoint.address.value = address_of(breakpoint.address).value;
    return breakpoint;
}

Outcome<Done> TimelineTarget::insert(const gdbstub::Breakpoint& breakpoint, gdbstub::BreakpointTasks tasks) {
    if (inserted_.size() >= kMostBreakpoints) {
        return Refused{gdbstub::errno_value::invalid, "too many breakpoints: delete some first"};
    }
    inserted_.insert_or_assign(normal(breakpoint), std::move(tasks));
    return Done{};
}

Outcome<Done> TimelineTarget::remove(const gdbstub::Breakpoint& breakpoint) {
    inserted_.erase(normal(breakpoint));
    return Done{};
}

void TimelineTarget::tell_watches(gdbstub::WatchTiming timing) {
    timing_ = timing == gdbstub::WatchTiming::after_access ? replay::DataTiming::after_access
                                                           : replay::DataTiming::before_in_direction;
}

/// Several breakpoints may lie at one place: one that has no tasks stops, whatever the others say.
bool TimelineTarget::is_hit(const Machine& machine, const Hit& hit) {
    if (const auto only = stop_hart(); only && (hit.hart != *only || hit.by.kind != Accessor::Kind::hart))
        return false;
    if (hit.kind == StopKind::trap) return true;
    ThreadContext context(*this, machine, hit.hart, variables_);
    const bool stops = do_tasks_at(hit, context);
    if (printer_.enabled) printer_.printed_until = std::max(printer_.printed_until, hit.at + StepCount{1});
    return stops;
}

bool TimelineTarget::do_tasks_at(const Hit& hit, ThreadContext& context) const {
    using Kind = gdbstub::BreakpointKind;
    bool stops = false;
    for (const auto kind : {Kind::software, Kind::hardware, Kind::write, Kind::read, Kind::access}) {
        if (stop_kind(kind) != hit.kind) continue;
        const gdbstub::Address address{hit.address.value};
        for (auto at = inserted_.lower_bound({kind, address, 0});
             at != inserted_.end() && at->first.kind == kind && at->first.address == address; ++at)
            stops = do_tasks(at->second, hit, context) || stops;
    }
    return stops;
}

/// What the tasks give to variables where the machine stops stays; at hits that it passes, it is forgotten.
void TimelineTarget::keep_what_was_assigned(const replay::Stopped& stopped) {
    if (stopped.why != replay::StopReason::stop_point) return;
    for (const auto& hit : stopped.hits) {
        // Only there is the machine as it was when the hit was judged; of data, clients send no conditions.
        if (hit.kind != StopKind::execute) continue;
        ThreadContext context(*this, machine_, hit.hart, variables_);
        do_tasks_at(hit, context);
        for (const auto& [number, value] : context.assigned()) variables_[number] = value;
    }
}

/// Whether the hit is a reason to stop.
bool TimelineTarget::do_tasks(const gdbstub::BreakpointTasks& tasks, const Hit& hit,
                              ThreadContext& context) const {
    if (!holds(tasks, context)) return false;
    if (tasks.commands.empty()) return true;
    // A hit may be asked about more than once within a move and must always be judged alike; only printing is
    // done once. A command that cannot be run is the client's again, or its user's.
    const bool done =
        std::ranges::all_of(tasks.commands, [&](const auto& command) { return command.run(context); });
    const bool is_new = printer_.enabled && hit.at >= printer_.printed_until;
    const auto text = context.take_printed();
    if (done && is_new && printer_.print) printer_.print(text);
    return !done;
}

replay::Stops TimelineTarget::stops() {
    replay::Stops stops;
    stops.timing = timing_;
    stops.points.reserve(inserted_.size());
    stops.filter_key = key_of(inserted_, variables_);
    if (const auto only = stop_hart()) stops.filter_key ^= (only->value + 1) * 0x9e37'79b9'7f4a'7c15;
    if (stops.filter_key != 0) {
        stops.filter = [this](const Machine& machine, const Hit& hit) { return is_hit(machine, hit); };
    }
    for (const auto& [breakpoint, tasks] : inserted_) {
        const auto kind = stop_kind(breakpoint.kind);
        const auto length = kind == StopKind::execute ? 1 : breakpoint.length;
        stops.points.push_back({kind, address_of(breakpoint.address), length});
    }
    std::ranges::move(own_stops(), std::back_inserter(stops.points));
    return stops;
}

// ---- moves --------------------------------------------------------------------------------------

gdbstub::StopReport TimelineTarget::perform(const gdbstub::Resume& resume) {
    const replay::GoOnOptions wait{.wait_when_asleep = true};
    const replay::StepPolicy policy{.show_interrupts = shows_interrupts(), .range = {}};
    struct Mover {
        TimelineTarget& self;
        const replay::GoOnOptions& wait;
        replay::StepPolicy policy;

        replay::Stopped operator()(const gdbstub::Continue&) {
            return self.timeline_.go_on(self.stops(), wait);
        }
        replay::Stopped operator()(const gdbstub::Step& step) {
            return self.timeline_.step(hart_of(step.thread), policy, self.stops(), wait);
        }
        replay::Stopped operator()(const gdbstub::RangeStep& step) {
            policy.range = {self.address_of(step.start), self.address_of(step.end)};
            return self.timeline_.step(hart_of(step.thread), policy, self.stops(), wait);
        }
        replay::Stopped operator()(const gdbstub::ReverseStep& step) {
            return self.timeline_.step_back(hart_of(step.thread), policy, self.stops());
        }
        replay::Stopped operator()(const gdbstub::ReverseContinue&) {
            return self.timeline_.go_back(self.stops());
        }
        replay::Stopped operator()(const gdbstub::Restart&) {
            return self.timeline_.seek(self.timeline_.begin());
        }
    };
    const bool is_back = std::holds_alternative<gdbstub::ReverseStep>(resume) ||
                         std::holds_alternative<gdbstub::ReverseContinue>(resume);
    printer_.enabled = !is_back;
    printer_.printed_until = timeline_.position().step;
    auto stopped = std::visit(Mover{*this, wait, policy}, resume);
    printer_.enabled = false;
    keep_what_was_assigned(stopped);
    // Where no hart is the cause, the user stays on the one that they look at.
    const bool has_cause =
        stopped.why == replay::StopReason::stop_point || stopped.why == replay::StopReason::done;
    if (const auto thread = thread_of(resume); thread && !has_cause) stopped.hart = hart_of(*thread);
    has_stopped(stopped);
    return report(stopped);
}

gdbstub::StopReason TimelineTarget::reason_for(const Hit& hit) const {
    if (hit.kind == StopKind::trap) return gdbstub::Stepped{};
    if (hit.kind != StopKind::execute) {
        return gdbstub::HitWatchpoint{watch_kind(hit.kind), gdbstub::Address{hit.address.value}};
    }
    const auto is_hardware = [&](const auto& entry) {
        const gdbstub::Breakpoint& breakpoint = entry.first;
        return breakpoint.kind == gdbstub::BreakpointKind::hardware &&
               address_of(breakpoint.address) == hit.address;
    };
    const auto is_software = [&](const auto& entry) {
        const gdbstub::Breakpoint& breakpoint = entry.first;
        return breakpoint.kind == gdbstub::BreakpointKind::software &&
               address_of(breakpoint.address) == hit.address;
    };
    if (std::ranges::any_of(inserted_, is_hardware) && std::ranges::none_of(inserted_, is_software)) {
        return gdbstub::HitHardwareBreakpoint{};
    }
    return gdbstub::HitSoftwareBreakpoint{};
}

gdbstub::StopReport TimelineTarget::report(const replay::Stopped& stopped) const {
    using replay::StopReason;
    gdbstub::StopReport report{thread_of(stopped.hart), gdbstub::Stepped{}};
    switch (stopped.why) {
        case StopReason::done:
        case StopReason::limit: break;
        case StopReason::stop_point: report.reason = reason_for(stopped.hits.front()); break;
        case StopReason::interrupted: report.reason = gdbstub::Interrupted{}; break;
        case StopReason::history_begin:
            report.reason = gdbstub::ReachedHistoryEnd{gdbstub::HistoryEnd::begin};
            break;
        case StopReason::history_end:
            report.reason = gdbstub::ReachedHistoryEnd{gdbstub::HistoryEnd::end};
            break;
        case StopReason::asleep: report.reason = gdbstub::Asleep{}; break;
        case StopReason::powered_off: report.reason = gdbstub::PoweredOff{exit_code()}; break;
        case StopReason::diverged: {
            constexpr std::uint8_t kAbort = 6;
            report.reason = gdbstub::Signalled{kAbort};
            break;
        }
    }
    return report;
}

}  // namespace backspin::adapter
