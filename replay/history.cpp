#include "replay/history.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace backspin::replay {
namespace {

StepCount after(StepCount begin, StepCount steps) {
    return begin + std::min(steps, kEndOfTime - begin);
}

}  // namespace

History::History(Machine& machine, PastRun past, Frontier kind, const TimelineOptions& options)
    : machine_(machine),
      log_(std::move(past.log)),
      snapshots_(options.snapshot_budget),
      frontier_(past.frontier),
      live_(kind == Frontier::live),
      epoch_steps_(std::max(options.epoch_steps, StepCount{1})),
      listener_(options.listener) {
    assert(machine.now() == StepCount{0});
    if (log_.next(branch_, frontier_) != nullptr) throw BadLog("an input after the end of the run");
    take_epoch();
}

std::chrono::nanoseconds History::host_time() const {
    return hooks.clock ? hooks.clock() : std::chrono::steady_clock::now().time_since_epoch();
}

// ---- running ------------------------------------------------------------------------------------

Arrival History::run(const Way& way) {
    assert(live_ || way.look_ahead || way.until <= frontier_);
    if (way.observer != nullptr) machine_.set_stop_points(way.points);
    auto& pacer = way.observer != nullptr ? observed_pacer_ : plain_pacer_;
    auto slice_begin = now();
    auto slice_end = after(slice_begin, pacer.next());
    auto began = host_time();
    while (now() < way.until) {
        const auto* event = now() < frontier_ ? log_.next(branch_, now()) : nullptr;
        if (event != nullptr && event->at.step == now()) {
            machine_.apply(event->input);
            arrived(way);
        } else {
            auto until = std::min({way.until, bound(way), slice_end});
            if (event != nullptr) until = std::min(until, event->at.step);
            const auto before = now();
            const auto end = machine_.run(
                {.until = until, .pause_when_idle = way.pause_when_idle, .show_output = way.show_output},
                way.observer);
            if (now() > before) arrived(way);
            if (end != RunEnd::reached) return ended(end);
        }
        if (now() >= slice_end && now() < way.until) {
            const auto time = host_time();
            pacer.ran(now() - slice_begin, time - began);
            if (way.each_slice != nullptr) (*way.each_slice)();
            if (interrupted()) return Arrival::interrupted;
            slice_begin = now();
            slice_end = after(slice_begin, pacer.next());
            began = host_time();
        }
    }
    return Arrival::reached;
}

StepCount History::bound(const Way& way) const {
    // What lies at an epoch's end is kept when the machine comes by.
    const StepCount epoch_end = after({now().value - now().value % epoch_steps_.value}, epoch_steps_);
    return !way.look_ahead && epoch_end >= next_epoch_ ? epoch_end : kEndOfTime;
}

void History::arrived(const Way& way) {
    if (way.look_ahead) return;
    frontier_ = std::max(frontier_, now());
    if (now() >= next_epoch_ && now().value % epoch_steps_.value == 0) take_epoch();
}

void History::take_epoch() {
    auto state = machine_.save();
    next_epoch_ = now() + epoch_steps_;
    if (listener_ != nullptr) listener_->on_epoch(position(now()), state);
    snapshots_.insert({position(now()), std::move(state)});
}

Arrival History::ended(RunEnd end) const {
    if (end == RunEnd::stopped) return Arrival::stopped;
    if (now() < frontier_) return Arrival::diverged;
    switch (end) {
        case RunEnd::idle: return Arrival::idle;
        case RunEnd::asleep: return Arrival::asleep;
        default: return Arrival::powered_off;
    }
}

std::optional<StepInfo> History::step_ahead() {
    const auto* event = now() < frontier_ ? log_.next(branch_, now()) : nullptr;
    if (event == nullptr || event->at.step != now()) return machine_.step();
    machine_.apply(event->input);
    return StepInfo{.kind = StepKind::input, .hart = machine_.current_hart()};
}

bool History::off() {
    const auto here = save();
    const auto end = run({.until = here.at + StepCount{1}, .look_ahead = true});
    load(here);
    return end == Arrival::powered_off;
}

void History::take(Input input) {
    assert(live_ && now() == frontier_);
    const Event event{position(now()), std::move(input)};
    log_.append(event);
    if (listener_ != nullptr) listener_->on_input(event);
    machine_.apply(event.input);
    arrived({});
}

// ---- going to a position ------------------------------------------------------------------------

const SavedState& History::nearest_at_or_before(StepCount step) const {
    // The first snapshot lies at 0 and is never dropped.
    const auto& kept = snapshots_.nearest_at_or_before(position(step))->state;
    const auto* rung = ladder_.nearest_at_or_before(step);
    return rung != nullptr && rung->at > kept.at ? *rung : kept;
}

Arrival History::go_to(StepCount target) {
    assert(target <= frontier_);
    const auto& from = nearest_at_or_before(target);
    if (now() > target || now() < from.at) load(from);
    return run({.until = target});
}

Arrival History::go_to_with_ladder(StepCount target) {
    const auto foot = nearest_at_or_before({target.value - std::min<std::uint64_t>(target.value, 1)}).at;
    if (target - foot > Ladder::kReach) {
        for (const auto rung : Ladder::rungs(foot, target)) {
            if (const auto arrival = go_to(rung); arrival != Arrival::reached) return arrival;
            ladder_.insert(save(), target);
        }
    }
    return go_to(target);
}

}  // namespace backspin::replay
