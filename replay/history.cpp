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
      snapshots_(options.snapshot_budget, options.spill),
      begin_(machine.now()),
      frontier_(kind == Frontier::live ? begin_ : past.frontier),
      live_(kind == Frontier::live),
      forgets_inputs_(options.forgets_inputs),
      passed_(options.epoch_steps),
      stored_(options.stored),
      listener_(options.listener),
      accesses_(options.epoch_steps),
      uses_accesses_(options.use_access_index) {
    if (frontier_ < begin_) throw BadLog("a run that ends before it begins");
    if (log_.next(branch_, frontier_) != nullptr) throw BadLog("an input after the end of the run");
    const auto* first = log_.next(branch_, {});
    if (first != nullptr && first->at.step < begin_) throw BadLog("an input before the beginning of the run");
    take_epoch();
}

std::chrono::nanoseconds History::host_time() const {
    return hooks.clock ? hooks.clock() : std::chrono::steady_clock::now().time_since_epoch();
}

// ---- running ------------------------------------------------------------------------------------

Arrival History::run(const Way& way) {
    assert(live_ || way.look_ahead || way.until <= frontier_);
    if (way.observer != nullptr) machine_.set_stop_points(way.points);
    if (way.look_ahead) keep_accesses();
    auto& pacer = way.observer != nullptr ? observed_pacer_ : plain_pacer_;
    auto slice_begin = now();
    auto slice_end = after(slice_begin, pacer.next());
    auto began = host_time();
    while (now() < way.until) {
        const auto* event = now() < frontier_ ? log_.next(branch_, now()) : nullptr;
        if (!way.look_ahead) note_accesses();
        if (event != nullptr && event->at.step == now()) {
            if (machine_.apply(event->input, way.observer) == Verdict::stop) return Arrival::stopped;
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
    if (way.look_ahead) return kEndOfTime;
    const auto epoch_end = passed_.boundary_after(now());
    if (noted_from_ || is_new_epoch(epoch_end)) return epoch_end;
    return known_until_.value_or(kEndOfTime);
}

bool History::is_new_epoch(StepCount at) const {
    return passed_.is_boundary(at) && !passed_.contains(at);
}

void History::arrived(const Way& way) {
    if (way.look_ahead) return;
    if (now() >= frontier_) is_unapplied_ = false;
    frontier_ = std::max(frontier_, now());
    if (is_new_epoch(now())) take_epoch();
}

// ---- what was touched ---------------------------------------------------------------------------

void History::load(const SavedState& state) {
    keep_accesses();
    machine_.load(state);
}

const AccessIndex& History::accesses() {
    keep_accesses();
    index_pending();
    return accesses_;
}

void History::index_pending() {
    const auto noted = std::exchange(pending_, {});
    if (noted.begin == noted.end) return;
    PackedNotes notes(noted.notes);
    if (listener_ != nullptr && noted.begin >= told_until_) {
        told_until_ = noted.end;
        listener_->on_accesses(position(noted.begin), noted.end, notes);
    }
    // Nobody will go back: the listener may want it all the same.
    if (!forgets_inputs_) accesses_.add(noted.begin, noted.end, std::move(notes));
}

std::optional<StepCount> History::accesses_known_until(StepCount step) const {
    if (pending_.begin <= step && step < pending_.end) return pending_.end;
    const auto known = accesses_.containing(step);
    return known ? std::optional(known->end) : std::nullopt;
}

/// Before the machine goes on: it shall have notes of where nothing is known yet, epoch by epoch.
void History::note_accesses() {
    if (!uses_accesses_) return;
    if (noted_from_ && (!passed_.is_boundary(now()) || now() == *noted_from_)) return;
    if (!noted_from_ && known_until_ && now() < *known_until_ && now() >= known_from_) return;
    keep_accesses();
    known_from_ = now();
    known_until_ = accesses_known_until(now());
    if (known_until_) return;
    uses_accesses_ = machine_.take_access_notes().has_value();
    if (uses_accesses_) noted_from_ = now();
}

/// Before the machine goes elsewhere.
void History::keep_accesses() {
    known_until_.reset();
    const auto from = std::exchange(noted_from_, std::nullopt);
    if (!from || *from == now()) return;
    const auto notes = *machine_.take_access_notes();
    const bool goes_on = pending_.end == *from && !passed_.is_boundary(*from);
    if (goes_on) {
        pending_.notes.merge(notes);
        pending_.end = now();
        return;
    }
    index_pending();
    pending_ = {*from, now(), notes};
}

// ---- epochs -------------------------------------------------------------------------------------

void History::take_epoch() {
    auto state = machine_.save();
    const bool newest = passed_.is_newest(now());
    if (passed_.is_boundary(now())) passed_.add(now());
    if (listener_ != nullptr && newest) listener_->on_epoch(position(now()), state);
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
    keep_accesses();
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

void History::take(Input input, Observer* observer, std::span<const StopPoint> points) {
    assert(live_ && now() == frontier_);
    const Event event{position(now()), std::move(input)};
    log_.append(event);
    if (listener_ != nullptr) listener_->on_input(event);
    frontier_ = now() + StepCount{1};
    is_unapplied_ = true;
    note_accesses();
    if (observer != nullptr) machine_.set_stop_points(points);
    if (machine_.apply(event.input, observer) == Verdict::stop) return;
    arrived({});
    if (forgets_inputs_) log_.forget();
}

// ---- going to a position ------------------------------------------------------------------------

const SavedState& History::nearest_at_or_before(StepCount step, StepCount good_enough) {
    const auto* rung = ladder_.nearest_at_or_before(step);
    snapshots_.fetch_nearest(position(step), rung != nullptr ? std::max(rung->at, good_enough) : good_enough);
    // The first snapshot lies at the beginning and is never dropped.
    const auto& kept = snapshots_.nearest_at_or_before(position(step))->state;
    const auto& nearest = rung != nullptr && rung->at > kept.at ? *rung : kept;
    if (stored_ == nullptr) return nearest;
    const auto stored = stored_->latest_at_or_before(step);
    if (!stored || *stored <= std::max(nearest.at, good_enough)) return nearest;
    for (const auto& state : stored_->load(*stored)) add_snapshot(state);
    return snapshots_.nearest_at_or_before(position(step))->state;
}

std::vector<StepCount> History::starting_points() const {
    std::vector<StepCount> points;
    snapshots_.for_each([&](const auto& snapshot) {
        if (snapshot.at.branch == branch_) points.push_back(snapshot.at.step);
    });
    if (const auto* spill = snapshots_.spill()) {
        for (const auto& at : spill->positions()) {
            if (at.branch == branch_) points.push_back(at.step);
        }
    }
    auto at = stored_ != nullptr ? stored_->latest_at_or_before(frontier_) : std::nullopt;
    while (at && *at > begin_) {
        points.push_back(*at);
        at = stored_->latest_at_or_before({at->value - 1});
    }
    std::ranges::sort(points);
    points.erase(std::ranges::unique(points).begin(), points.end());
    return points;
}

Arrival History::go_to(StepCount target) {
    assert(target <= frontier_);
    const auto& from = nearest_at_or_before(target, now() <= target ? now() : StepCount{});
    if (now() > target || now() < from.at) load(from);
    return run({.until = target});
}

Arrival History::go_to_with_ladder(StepCount target) {
    const auto foot = nearest_at_or_before(target > begin_ ? StepCount{target.value - 1} : begin_).at;
    if (target - foot > Ladder::kReach) {
        for (const auto rung : Ladder::rungs(foot, target)) {
            if (const auto arrival = go_to(rung); arrival != Arrival::reached) return arrival;
            ladder_.insert(save(), target);
        }
    }
    return go_to(target);
}

}  // namespace backspin::replay
