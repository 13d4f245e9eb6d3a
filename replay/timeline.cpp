#include "replay/timeline.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "replay/event_log.hpp"
#include "replay/timeline_parts.hpp"

namespace backspin::replay {

// The moves are in moves_forward.cpp and moves_back.cpp.

Timeline::Timeline(Machine& machine, const TimelineOptions& options)
    : parts_(std::make_unique<TimelineParts>(machine, PastRun{}, History::Frontier::live, options)) {}

Timeline::Timeline(Machine& machine, PastRun past, const TimelineOptions& options)
    : parts_(std::make_unique<TimelineParts>(machine, std::move(past), History::Frontier::fixed, options)) {}

Timeline::~Timeline() = default;

void Timeline::set_host(HostHooks hooks) {
    parts_->history.hooks = std::move(hooks);
}

Position Timeline::position() const {
    return parts_->history.position(parts_->history.now());
}
Position Timeline::begin() const {
    return parts_->history.position(parts_->history.begin());
}
Position Timeline::frontier() const {
    return parts_->history.position(parts_->history.frontier());
}
Position Timeline::position_of(StepCount step) const {
    return parts_->history.position(step);
}
bool Timeline::has(Position at) const {
    return parts_->history.line().has(at) && at.step >= parts_->history.begin() &&
           at.step <= parts_->history.frontier();
}
bool Timeline::at_frontier() const {
    return parts_->history.now() >= parts_->history.frontier();
}
bool Timeline::goes_live() const {
    return parts_->history.goes_live();
}
bool Timeline::is_live() const {
    return parts_->history.live();
}
const EventLog& Timeline::log() const {
    return parts_->history.log();
}
const snapshots::SnapshotSet& Timeline::snapshots() const {
    return parts_->history.snapshots();
}
void Timeline::add_snapshot(const SavedState& state) {
    parts_->history.add_snapshot(state);
}
std::size_t Timeline::access_bytes() const {
    return parts_->history.access_bytes();
}
void Timeline::pin_here() {
    parts_->history.pin_here();
}
std::vector<StepCount> Timeline::starting_points() const {
    return parts_->history.starting_points();
}
double Timeline::snapshot_share() const {
    return parts_->history.snapshot_share();
}

StepCount Timeline::steps_per_millisecond() const {
    return parts_->history.steps_per_millisecond();
}

Stopped Timeline::seek(StepCount target) {
    auto& history = parts_->history;
    parts_->begin_move();
    const auto home = history.save();
    const auto end = history.go_to(std::clamp(target, history.begin(), history.frontier()));
    if (end != Arrival::reached) return parts_->gave_up(end, home);
    if (target < history.begin()) return parts_->stopped(StopReason::history_begin);
    return parts_->stopped(target > history.frontier() ? StopReason::history_end : StopReason::done);
}

Stopped Timeline::seek(Position target) {
    if (!parts_->history.line().has(target))
        throw std::invalid_argument("there is no such place in this branch");
    return seek(target.step);
}

// ---- branches -----------------------------------------------------------------------------------

std::vector<BranchInfo> Timeline::branches() const {
    std::vector<BranchInfo> all;
    for (const auto& future : parts_->history.futures().all())
        all.push_back(parts_->history.info_of(future.info.number));
    return all;
}

BranchInfo Timeline::current_branch() const {
    return parts_->history.info_of(parts_->history.line().branch());
}

bool Timeline::has_branch(std::string_view name) const {
    return std::ranges::any_of(parts_->history.futures().all(),
                               [&](const Future& future) { return future.info.name == name; });
}

std::optional<Refused> Timeline::branch(std::string name) {
    const auto count = parts_->history.futures().size();
    if (count >= kMostBranches)
        return Refused{"there are " + std::to_string(count) + " branches, and there can be no more"};
    for (auto number = count; name.empty(); ++number) {
        auto next = "branch-" + std::to_string(number);
        if (!has_branch(next)) name = std::move(next);
    }
    if (has_branch(name)) return Refused{"there is a branch '" + name + "' already"};
    parts_->history.branch(std::move(name));
    parts_->forget_line();
    return std::nullopt;
}

Stopped Timeline::switch_to(Branch branch) {
    auto& history = parts_->history;
    if (!history.futures().has(branch)) throw std::invalid_argument("there is no such branch");
    if (branch == history.line().branch()) return parts_->stopped(StopReason::done);
    const auto end = history.switch_to(branch);
    parts_->forget_line();
    if (end == Arrival::reached) return parts_->stopped(StopReason::done);
    return parts_->stopped(end == Arrival::interrupted ? StopReason::interrupted : StopReason::diverged);
}

std::optional<Refused> Timeline::write(const Input& input) {
    auto& history = parts_->history;
    if (std::holds_alternative<IdleWarp>(input))
        throw std::invalid_argument("only the machine's own waiting moves its clock");
    if (!history.live()) return Refused{"this is a recording: nothing in it can be changed", true};
    if (!at_frontier()) {
        return Refused{"the past cannot be changed: this is position " + std::to_string(history.now().value) +
                           ", and the newest is " + std::to_string(history.frontier().value),
                       true};
    }
    if (payload_size(input) > kMaxInputBytes) {
        return Refused{"one write takes at most " + std::to_string(kMaxInputBytes) + " bytes"};
    }
    if (history.off()) return Refused{"the guest has switched the machine off: it takes no more writes"};
    parts_->begin_move();
    history.take(input);
    if (history.off()) parts_->switched_off = history.now();
    return std::nullopt;
}

void TimelineParts::forget_line() {
    search.forget();
    step_search.forget();
    question_search.forget();
    steps_back.forget();
    told.clear();
    switched_off.reset();
}

// ---- what the moves share -----------------------------------------------------------------------

Stopped TimelineParts::stopped(StopReason why, std::optional<HartId> hart) {
    return {why, history.position(history.now()), {}, hart.value_or(history.machine().current_hart())};
}

Stopped TimelineParts::stopped_at(std::vector<Hit> hits) {
    auto result = stopped(StopReason::stop_point, hits.front().hart);
    std::ranges::copy_if(hits, std::back_inserter(told), is_data);
    result.hits = std::move(hits);
    return result;
}

Stopped TimelineParts::stopped_by(Arrival end, StepCount begin) {
    switch (end) {
        case Arrival::interrupted: return stopped(StopReason::interrupted);
        case Arrival::asleep: return stopped(StopReason::asleep);
        case Arrival::powered_off: {
            // Once told of the end, all that is left is history.
            const bool untold = std::exchange(switched_off, std::nullopt) == history.now();
            return stopped(history.now() > begin || untold ? StopReason::powered_off
                                                           : StopReason::history_end);
        }
        case Arrival::diverged: return stopped(StopReason::diverged);
        case Arrival::reached:
        case Arrival::stopped:
        case Arrival::idle: break;
    }
    throw std::logic_error("a move ended for no reason");
}

Stopped TimelineParts::caught(const Stops& stops, const Ignored& ignored) {
    return stopped_at(settle_forward(history, stops, ignored));
}

// A breakpoint at the very frontier, where the user saw it before going back: going forward again should end
// as it did then. The move has not passed the frontier to find out: what lies there is looked up and undone.
Stopped TimelineParts::end_of_history(const Stops& stops, const Ignored& ignored) {
    auto hits = stops.points.empty() ? std::vector<Hit>{} : hits_here(history, stops, ignored);
    const bool breakpoint = std::ranges::any_of(hits, [](const Hit& hit) { return !is_data(hit); });
    if (breakpoint) std::erase_if(hits, is_data);
    // After the access would be beyond the frontier.
    if (!breakpoint && stops.timing == DataTiming::after_access) hits.clear();
    return hits.empty() ? stopped(StopReason::history_end) : stopped_at(std::move(hits));
}

Stopped TimelineParts::gave_up(Arrival early, const SavedState& home) {
    history.load(home);
    return stopped(early == Arrival::interrupted ? StopReason::interrupted : StopReason::diverged);
}

}  // namespace backspin::replay
