#include "replay/history.hpp"

#include <algorithm>
#include <cassert>
#include <ctime>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace backspin::replay {
namespace {

StepCount after(StepCount begin, StepCount steps) {
    return begin + std::min(steps, kEndOfTime - begin);
}

/// Of this thread's CPU: what others do meanwhile is not what a snapshot costs.
std::chrono::nanoseconds thread_time() {
    ::timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void check_log(const EventLog& log, const BranchInfo& branch) {
    if (branch.frontier < branch.fork.step) throw BadLog("a run that ends before it begins");
    if (log.next(branch.number, branch.frontier) != nullptr)
        throw BadLog("an input after the end of the run");
    const auto* first = log.next(branch.number, {});
    if (first != nullptr && first->at.step < branch.fork.step)
        throw BadLog("an input before the beginning of the run");
}

}  // namespace

History::History(Machine& machine, PastRun past, Frontier kind, const TimelineOptions& options)
    : machine_(machine),
      log_(std::move(past.log)),
      snapshots_(options.snapshot_budget, options.spill),
      begin_(machine.now()),
      futures_(begin_, kind == Frontier::live ? begin_ : past.frontier, kind == Frontier::live,
               options.epoch_steps),
      forgets_inputs_(options.forgets_inputs),
      stored_(options.stored),
      listener_(options.listener),
      accesses_(futures_.line(), options.epoch_steps),
      uses_accesses_(options.use_access_index),
      pace_(options.snapshot_share) {
    for (auto& branch : past.branches) {
        if (!futures_.has(branch.fork.branch) || futures_.size() == kMostBranches)
            throw BadLog("a branch of no branch, or too many");
        const auto& parent = futures_.at(branch.fork.branch).info;
        if (branch.fork.step < parent.fork.step || branch.fork.step > parent.frontier)
            throw BadLog("a branch that does not begin in its parent");
        auto& info = futures_.add(std::move(branch.name), branch.fork, false).info;
        info.frontier = branch.frontier;
        snapshots_.add_branch(info.number, info.fork);
    }
    for (const auto& future : futures_.all()) check_log(log_, future.info);
    take_epoch();
}

std::chrono::nanoseconds History::host_time() const {
    return hooks.clock ? hooks.clock() : std::chrono::steady_clock::now().time_since_epoch();
}

// ---- running ------------------------------------------------------------------------------------

Arrival History::run(const Way& way) {
    assert(live() || way.look_ahead || way.until <= frontier());
    if (way.observer != nullptr) machine_.set_stop_points(way.points);
    if (way.look_ahead) keep_accesses();
    auto& pacer = way.observer != nullptr ? observed_pacer_ : plain_pacer_;
    auto slice_begin = now();
    auto slice_end = after(slice_begin, pacer.next());
    auto began = host_time();
    while (now() < way.until) {
        const auto* event = now() < frontier() ? next_event(now()) : nullptr;
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
    const auto epoch_end = here().passed.boundary_after(now());
    if (noted_from_) return std::min(epoch_end, line().segment(now()).end);
    if (is_new_epoch(epoch_end)) return epoch_end;
    return known_until_.value_or(kEndOfTime);
}

bool History::is_new_epoch(StepCount at) const {
    return here().passed.is_boundary(at) && !here().passed.contains(at);
}

void History::arrived(const Way& way) {
    if (way.look_ahead) return;
    auto& frontier = here().info.frontier;
    if (now() >= frontier) here().is_unapplied = false;
    frontier = std::max(frontier, now());
    if (is_new_epoch(now())) pass_epoch();
}

// ---- what was touched ---------------------------------------------------------------------------

void History::load(const SavedState& state) {
    keep_accesses();
    machine_.load(state);
}

const LineAccesses& History::accesses() {
    keep_accesses();
    index_pending();
    return accesses_;
}

void History::index_pending() {
    const auto noted = std::exchange(pending_, {});
    if (noted.begin == noted.end) return;
    const auto begin = position(noted.begin);
    PackedNotes notes(noted.notes);
    auto& told_until = futures_.at(begin.branch).told_until;
    if (listener_ != nullptr && noted.begin >= told_until) {
        told_until = noted.end;
        listener_->on_accesses(begin, noted.end, notes);
    }
    // Nobody will go back: the listener may want it all the same.
    if (!forgets_inputs_) accesses_.add(begin, noted.end, std::move(notes));
}

std::optional<StepCount> History::accesses_known_until(StepCount step) const {
    if (pending_.begin <= step && step < pending_.end) return pending_.end;
    const auto known = accesses_.containing(step);
    return known ? std::optional(known->end) : std::nullopt;
}

/// Notes are of one epoch, and of one branch.
bool History::begins_notes(StepCount at) const {
    return here().passed.is_boundary(at) || line().is_fork(at);
}

/// Before the machine goes on: it shall have notes of where nothing is known yet, epoch by epoch.
void History::note_accesses() {
    if (!uses_accesses_) return;
    if (noted_from_ && (!begins_notes(now()) || now() == *noted_from_)) return;
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
    const bool goes_on = pending_.end == *from && !begins_notes(*from);
    if (goes_on) {
        pending_.notes.merge(notes);
        pending_.end = now();
        return;
    }
    index_pending();
    pending_ = {*from, now(), notes};
}

// ---- epochs -------------------------------------------------------------------------------------

void History::pass_epoch() {
    pace_.ran(here().passed.epoch_steps(), plain_pacer_.next());
    // Who compares a past run wants to see every state that was recorded.
    const bool wants_all = listener_ != nullptr && !live();
    if (pace_.is_due() || wants_all) take_epoch();
}

void History::take_epoch() {
    const auto began = thread_time();
    auto state = machine_.save();
    auto& passed = here().passed;
    const bool newest = passed.is_newest(now());
    if (passed.is_boundary(now())) passed.add(now());
    if (listener_ != nullptr && newest) listener_->on_epoch(position(now()), state);
    const auto copying_time = state.pages.copying_time();
    snapshots_.insert({position(now()), std::move(state)});
    pace_.spent(thread_time() - began + copying_time - std::exchange(copying_time_, copying_time));
}

Arrival History::ended(RunEnd end) const {
    if (end == RunEnd::stopped) return Arrival::stopped;
    if (now() < frontier()) return Arrival::diverged;
    switch (end) {
        case RunEnd::idle: return Arrival::idle;
        case RunEnd::asleep: return Arrival::asleep;
        default: return Arrival::powered_off;
    }
}

std::optional<StepInfo> History::step_ahead() {
    keep_accesses();
    const auto* event = now() < frontier() ? next_event(now()) : nullptr;
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
    assert(live() && now() == frontier());
    const Event event{position(now()), std::move(input)};
    log_.append(event);
    if (listener_ != nullptr) listener_->on_input(event);
    here().info.frontier = now() + StepCount{1};
    here().is_unapplied = true;
    note_accesses();
    if (observer != nullptr) machine_.set_stop_points(points);
    if (machine_.apply(event.input, observer) == Verdict::stop) return;
    arrived({});
    if (forgets_inputs_) log_.forget();
}

const Event* History::next_event(StepCount at_or_after) const {
    for (const auto& segment : line().from(at_or_after)) {
        const auto* event = log_.next(segment.branch, std::max(at_or_after, segment.begin));
        if (event != nullptr && event->at.step < segment.end) return event;
    }
    return nullptr;
}

// ---- branches -----------------------------------------------------------------------------------

BranchInfo History::info_of(Branch branch) const {
    auto info = futures_.at(branch).info;
    if (branch == line().branch()) info.cursor = now();
    return info;
}

/// What belongs to the line that is left, and not to the history, goes with it.
void History::enter(Branch branch) {
    keep_accesses();
    index_pending();
    ladder_ = {};
    futures_.enter(branch);
}

void History::branch(std::string name) {
    const auto fork = position(now());
    auto passed = here().passed.until(now());
    auto& future = futures_.add(std::move(name), fork, true);
    future.passed = std::move(passed);
    future.told_until = now();
    const auto number = future.info.number;
    here().info.cursor = now();
    enter(number);
    snapshots_.add_branch(number, fork);
    // The same state as the parent's, and the first of the branch, which is never dropped.
    snapshots_.insert({position(now()), save()});
    if (listener_ != nullptr) listener_->on_branch(info_of(number));
}

Arrival History::switch_to(Branch branch) {
    const auto from = line().branch();
    const auto home = save();
    here().info.cursor = now();
    enter(branch);
    const auto target = here().info.cursor;
    // Where the machine is now may be another future's, so that nothing starts from there.
    load(nearest_at_or_before(target));
    const auto arrival = go_to(target);
    if (arrival == Arrival::reached) return arrival;
    load(home);
    enter(from);
    return arrival;
}

// ---- going to a position ------------------------------------------------------------------------

const SavedState& History::nearest_at_or_before(StepCount step, StepCount good_enough) {
    const auto* rung = ladder_.nearest_at_or_before(step);
    bring_near(step, rung != nullptr ? std::max(rung->at, good_enough) : good_enough);
    const auto& kept = kept_at_or_before(step);
    return rung != nullptr && rung->at > kept.at ? *rung : kept;
}

/// Of the line alone: what its ancestors did after a fork is no past of it. The very first snapshot lies at
/// the beginning and is never dropped.
const SavedState& History::kept_at_or_before(StepCount step) const {
    for (const auto& segment : std::views::reverse(line().until(step))) {
        const Position last{segment.branch, std::min(step, segment.end)};
        if (const auto* kept = snapshots_.nearest_at_or_before(last)) return kept->state;
    }
    throw std::logic_error("a history without its first snapshot");
}

/// Fetches what is spilled or stored, if it is nearer than what is in memory.
void History::bring_near(StepCount step, StepCount good_enough) {
    for (const auto& segment : std::views::reverse(line().until(step))) {
        const Position last{segment.branch, std::min(step, segment.end)};
        snapshots_.fetch_nearest(last, good_enough);
        const auto* kept = snapshots_.nearest_at_or_before(last);
        const auto stored = stored_ != nullptr ? stored_->latest_at_or_before(last) : std::nullopt;
        const auto enough = kept != nullptr ? std::max(kept->at.step, good_enough) : good_enough;
        if (stored && (*stored > enough || (kept == nullptr && *stored == enough))) {
            for (auto& state : stored_->load({segment.branch, *stored})) {
                const Position at{segment.branch, state.at};
                snapshots_.insert({at, std::move(state)});
            }
            return;
        }
        if (kept != nullptr || segment.begin <= good_enough) return;
    }
}

std::vector<StepCount> History::starting_points() const {
    std::vector<StepCount> points;
    snapshots_.for_each([&](const auto& snapshot) {
        if (line().has(snapshot.at)) points.push_back(snapshot.at.step);
    });
    if (const auto* spill = snapshots_.spill()) {
        for (const auto& at : spill->positions()) {
            if (line().has(at)) points.push_back(at.step);
        }
    }
    for (const auto& segment : line().segments()) {
        if (stored_ == nullptr) break;
        auto at = stored_->latest_at_or_before({segment.branch, std::min(frontier(), segment.end)});
        while (at && *at > std::max(begin_, segment.begin)) {
            points.push_back(*at);
            at = stored_->latest_at_or_before({segment.branch, {at->value - 1}});
        }
    }
    std::ranges::sort(points);
    points.erase(std::ranges::unique(points).begin(), points.end());
    return points;
}

Arrival History::go_to(StepCount target) {
    assert(target <= frontier());
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
