#include "testsuite/replay/judge.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace backspin::replay {
namespace {

bool is_data_stop(const Hit& hit) {
    return hit.kind != StopKind::execute;
}

bool was_told(const Hit& hit, std::span<const Hit> told) {
    return is_data_stop(hit) && std::ranges::find(told, hit) != told.end();
}

}  // namespace

std::uint64_t digest(const SavedState& state) {
    const std::string_view fields{reinterpret_cast<const char*>(state.fields.data()), state.fields.size()};
    const std::uint64_t of_fields = std::hash<std::string_view>{}(fields);
    return of_fields * 31 + state.pages.digest();
}

Judge::Moment Judge::moment_here() {
    Moment moment;
    moment.digest = digest(machine_->save());
    moment.time = machine_->time();
    for (std::uint32_t n = 0; n < machine_->harts(); ++n) moment.contexts.push_back(machine_->context({n}));
    moment.attempt = judged_.attempts_next();
    moment.touched = judged_.touches_next(nullptr);
    moment.trapped = judged_.traps_next();
    return moment;
}

void Judge::follow(const EventLog& log, StepCount frontier) {
    if (at_frontier_) {
        machine_->load(*at_frontier_);
        moments_.resize(machine_->now().value);
    }
    const auto beyond = StepCount{longest_.ns / judged_.ns_per_step() + 64};
    while (machine_->now() <= frontier + beyond) {
        const auto at = machine_->now();
        if (at == frontier) at_frontier_ = machine_->save();
        auto moment = moment_here();
        const auto* event = at < frontier ? log.next({}, at) : nullptr;
        if (event != nullptr && event->at.step == at) {
            moment.attempt.reset();
            moment.trapped.reset();
            moment.touched = judged_.touches_next(&event->input);
            moment.step = StepInfo{.kind = StepKind::input, .hart = {}};
            machine_->apply(event->input);
        } else {
            moment.step = machine_->step();
            moment.off = !moment.step && machine_->run({.until = at + StepCount{1}}) == RunEnd::powered_off;
        }
        const bool over = !moment.step;
        moments_.push_back(std::move(moment));
        if (over) return;
    }
}

// ---- stops --------------------------------------------------------------------------------------

std::optional<Hit> Judge::data_hit(const Moment& moment, const StopPoint& point, StepCount at) const {
    Hit hit{.kind = point.kind, .address = point.address, .at = at, .hart = {}};
    bool touched = false;
    bool changed = false;
    for (const auto& byte : moment.touched) {
        if (point.kind == StopKind::write && !byte.is_store) continue;
        if (point.kind == StopKind::read && byte.is_store) continue;
        if (byte.address < point.address.value || byte.address >= point.address.value + point.length)
            continue;
        touched = true;
        hit.hart = byte.hart;
        hit.by = byte.by;
        if (!byte.is_store || byte.changes) changed = true;
    }
    if (!touched || (point.kind == StopKind::write && !changed)) return std::nullopt;
    hit.changes_value = changed;
    return hit;
}

std::vector<Hit> Judge::hits_at(StepCount at, const Stops& stops) const {
    const auto& moment = moments_.at(at.value);
    std::vector<Hit> hits;
    const auto add = [&](const Hit& hit) {
        if (!stops.filter || stops.filter(*machine_, hit)) hits.push_back(hit);
    };
    bool trap_told = false;  // one trap is one hit, however many stops it is in
    for (const auto& point : stops.points) {
        if (point.kind == StopKind::execute) {
            if (moment.attempt && moment.contexts[moment.attempt->value].pc == point.address)
                add({.kind = point.kind, .address = point.address, .at = at, .hart = *moment.attempt});
        } else if (point.kind == StopKind::trap) {
            if (trap_told || !moment.trapped || moment.trapped->cause - point.address.value >= point.length)
                continue;
            trap_told = true;
            add({point.kind, {moment.trapped->cause}, at, moment.trapped->hart, false});
        } else if (const auto hit = data_hit(moment, point, at)) {
            add(*hit);
        }
    }
    return hits;
}

std::optional<Expected> Judge::stop_forward(StepCount at, const Stops& stops, std::span<const Hit> told,
                                            std::optional<StepCount> not_execute) const {
    std::vector<Hit> execute;
    std::vector<Hit> data;
    for (const auto& hit : hits_at(at, stops)) {
        if (is_data_stop(hit)) {
            if (!was_told(hit, told)) data.push_back(hit);
        } else if (at != not_execute) {
            execute.push_back(hit);
        }
    }
    if (!execute.empty()) return Expected{StopReason::stop_point, at, execute};
    if (data.empty()) return std::nullopt;
    const auto after = stops.timing == DataTiming::after_access ? StepCount{1} : StepCount{0};
    return Expected{StopReason::stop_point, at + after, data};
}

Expected Judge::history_end(StepCount from, StepCount end, const Stops& stops, std::span<const Hit> told,
                            std::optional<StepCount> not_execute) const {
    if (from < end) {
        const auto stop = stop_forward(end, stops, told, not_execute);
        if (stop && stop->at == end) return *stop;
    }
    return {StopReason::history_end, end, {}};
}

// ---- moves forward ------------------------------------------------------------------------------

Expected Judge::go_on(StepCount from, std::optional<StepCount> end, const Stops& stops,
                      std::span<const Hit> told, StepCount limit) const {
    for (auto at = from;; at += StepCount{1}) {
        if (at >= limit) return {StopReason::limit, at, {}};
        if (at.value >= moments_.size()) return {StopReason::interrupted, at, {}};
        if (end && at >= *end) return history_end(from, *end, stops, told, std::nullopt);
        const auto& moment = moments_.at(at.value);
        if (!moment.step) {
            if (!moment.off) return {StopReason::asleep, at, {}};
            return {at == from ? StopReason::history_end : StopReason::powered_off, at, {}};
        }
        if (auto stop = stop_forward(at, stops, told, std::nullopt)) return *stop;
    }
}

std::optional<StepCount> Judge::back_from(StepCount at, HartId hart) const {
    const auto& interrupted = moments_.at(at.value).contexts.at(hart.value);
    const auto since = moments_.at(at.value + 1).time;
    for (auto n = at.value + 1; n + 1 < moments_.size(); ++n) {
        if (moments_[n + 1].time - since > longest_) return std::nullopt;
        const auto& step = *moments_[n].step;
        if (step.returned_from_trap && step.hart == hart &&
            moments_[n + 1].contexts.at(hart.value) == interrupted) {
            return StepCount{n + 1};
        }
    }
    return std::nullopt;
}

Judge::Target Judge::step_target(StepCount from, std::optional<StepCount> end, HartId hart,
                                 const StepPolicy& policy, StepCount limit) const {
    std::optional<StepCount> first_own;
    for (auto at = from;;) {
        if (at >= limit) return {StopReason::limit, limit, first_own};
        if (at.value + 1 >= moments_.size() && moments_.back().step) {
            return {StopReason::interrupted, at, first_own};
        }
        if (end && at >= *end) return {StopReason::history_end, *end, first_own};
        const auto& moment = moments_.at(at.value);
        if (!moment.step) {
            if (!moment.off) return {StopReason::asleep, at, first_own};
            return {at == from ? StopReason::history_end : StopReason::powered_off, at, first_own};
        }
        const bool hidden = moment.step->kind == StepKind::interrupt && !policy.show_interrupts;
        if (moment.step->hart == hart && hidden) {
            const auto back = back_from(at, hart);
            // Where the moments end, the machine is off or asleep; or they were not followed far enough.
            const auto last = end ? *end : StepCount{moments_.size() - 1};
            if (back && *back <= last) {
                at = *back;
            } else if (moments_.at(last.value).time - moments_.at(at.value + 1).time > longest_) {
                return {StopReason::done, at + StepCount{1}, first_own};
            } else {
                at = last;
            }
            continue;
        }
        const bool own = moment.step->kind == StepKind::attempt || moment.step->kind == StepKind::interrupt;
        at += StepCount{1};
        if (moment.step->hart != hart || !own) continue;
        if (!first_own) first_own = at - StepCount{1};
        const auto pc = moments_.at(at.value).contexts.at(hart.value).pc;
        if (policy.range && pc >= policy.range->begin && pc < policy.range->end) continue;
        return {StopReason::done, at, first_own};
    }
}

Expected Judge::step(StepCount from, std::optional<StepCount> end, HartId hart, const StepPolicy& policy,
                     const Stops& stops, std::span<const Hit> told, StepCount limit) const {
    const auto target = step_target(from, end, hart, policy, limit);
    for (auto at = from; at < target.at; at += StepCount{1}) {
        if (auto stop = stop_forward(at, stops, told, target.first_own)) return *stop;
    }
    if (target.why == StopReason::history_end && end) {
        return history_end(from, target.at, stops, told, target.first_own);
    }
    return {target.why, target.at, {}};
}

// ---- moves back ---------------------------------------------------------------------------------

Expected Judge::go_back(StepCount from, const Stops& stops, std::span<const Hit> told) const {
    for (auto at = from; at > begin_;) {
        at = at - StepCount{1};
        std::vector<Hit> execute;
        std::vector<Hit> data;
        for (const auto& hit : hits_at(at, stops)) {
            if (!was_told(hit, told)) (is_data_stop(hit) ? data : execute).push_back(hit);
        }
        if (!data.empty()) return {StopReason::stop_point, at + StepCount{1}, data};
        if (!execute.empty()) return {StopReason::stop_point, at, execute};
    }
    return {StopReason::history_begin, begin_, {}};
}

std::optional<StepCount> Judge::entry_of(StepCount back, HartId hart) const {
    for (auto at = begin_.value; at + 1 < back.value; ++at) {
        const auto& step = *moments_[at].step;
        if (step.kind == StepKind::interrupt && step.hart == hart && back_from({at}, hart) == back) {
            return StepCount{at};
        }
    }
    return std::nullopt;
}

StepCount Judge::own_step_end(StepCount end, HartId hart, bool show_interrupts) const {
    while (end > begin_) {
        const auto& step = *moments_.at(end.value - 1).step;
        const bool own = step.kind == StepKind::attempt || step.kind == StepKind::interrupt;
        if (own && step.hart == hart) {
            if (!step.returned_from_trap || show_interrupts) return end;
            const auto entry = entry_of(end, hart);
            if (!entry) return end;
            end = *entry;
        } else {
            end = end - StepCount{1};
        }
    }
    return end;
}

Expected Judge::step_back(StepCount from, HartId hart, bool show_interrupts, const Stops& stops,
                          std::span<const Hit> told) const {
    const auto own = own_step_end(from, hart, show_interrupts);
    std::optional<StepCount> undone;
    StepCount landing = begin_;
    if (own > begin_) {
        undone = own - StepCount{1};
        landing = own_step_end(*undone, hart, show_interrupts);
    }
    Expected expected{undone ? StopReason::done : StopReason::history_begin, landing, {}};
    for (auto at = from; at > landing;) {
        at = at - StepCount{1};
        std::vector<Hit> execute;
        std::vector<Hit> data;
        for (const auto& hit : hits_at(at, stops)) {
            if (is_data_stop(hit)) {
                if (!was_told(hit, told)) data.push_back(hit);
            } else if (at != undone) {
                execute.push_back(hit);
            }
        }
        if (!data.empty()) return {StopReason::stop_point, at + StepCount{1}, data};
        if (execute.empty()) continue;
        if (at > landing) return {StopReason::stop_point, at, execute};
        expected = {StopReason::stop_point, at, execute};
    }
    if (!undone) return expected;
    for (const auto& hit : hits_at(*undone, stops)) {
        if (is_data_stop(hit)) continue;
        expected.why = StopReason::stop_point;
        expected.hits.push_back(hit);
    }
    return expected;
}

}  // namespace backspin::replay
