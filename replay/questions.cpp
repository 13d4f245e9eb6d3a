// Timeline::look_at, visit_hits and latest_hits: questions that leave the cursor where it is.

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "replay/hit_visit.hpp"
#include "replay/timeline_parts.hpp"

namespace backspin::replay {
namespace {

/// Puts the machine back, and what the user was told of there with it.
class Excursion {
  public:
    explicit Excursion(TimelineParts& parts) : parts_(parts), home_(parts.history.save()) {}
    ~Excursion() { parts_.history.load(home_); }
    Excursion(const Excursion&) = delete;
    Excursion& operator=(const Excursion&) = delete;

  private:
    TimelineParts& parts_;
    SavedState home_;
};

StopReason reason_of(Arrival early) {
    return early == Arrival::interrupted ? StopReason::interrupted : StopReason::diverged;
}

}  // namespace

void Timeline::add_accesses(Position begin, StepCount end, PackedNotes notes) {
    parts_->history.add_accesses(begin, end, std::move(notes));
}

void Timeline::for_each_accesses(const AccessVisitor& visit) {
    parts_->history.accesses().for_each(visit);
}

void Timeline::tell_accesses() {
    parts_->history.accesses();
}

Stopped Timeline::look_at(StepCount target, const std::function<void()>& look) {
    auto& history = parts_->history;
    if (target < history.begin()) return parts_->stopped(StopReason::history_begin);
    if (target > history.frontier()) return parts_->stopped(StopReason::history_end);
    const Excursion excursion(*parts_);
    const auto end = history.go_to(target);
    if (end != Arrival::reached) return parts_->stopped(reason_of(end));
    look();
    return parts_->stopped(StopReason::done);
}

Stopped Timeline::visit_hits(const Stops& stops, StepCount from, StepCount to, const HitNote& note,
                             const HitVisitor& visit) {
    auto& history = parts_->history;
    from = std::max(from, history.begin());
    to = std::min(to, history.frontier());
    if (from >= to) return parts_->stopped(StopReason::done);
    const Excursion excursion(*parts_);
    const auto end = HitVisit(history, parts_->crew.get(), stops, note, visit).execute(from, to);
    const bool answered = end == Arrival::reached || end == Arrival::stopped;
    return parts_->stopped(answered ? StopReason::done : reason_of(end));
}

Stopped Timeline::latest_hits(const Stops& stops, StepCount before) {
    auto& history = parts_->history;
    const Excursion excursion(*parts_);
    auto result = parts_->question_search.latest(stops, std::min(before, history.frontier()), {});
    if (auto* found = std::get_if<SearchBack::Found>(&result)) {
        auto stopped = parts_->stopped(StopReason::stop_point, found->hits.front().hart);
        stopped.at = history.position(found->hits.front().at);
        stopped.hits = std::move(found->hits);
        return stopped;
    }
    const auto early = std::get<SearchBack::None>(result).early;
    return parts_->stopped(early ? reason_of(*early) : StopReason::history_begin);
}

namespace {

/// Polled this often; some milliseconds of single steps.
constexpr std::uint64_t kStepsPerLook = std::uint64_t{1} << 16;

struct LatestChange {
    Arrival end = Arrival::reached;
    std::optional<StepCount> at;
};

/// From where the machine is up to `end`.
LatestChange latest_change_before(History& history, StepCount end,
                                  const std::function<std::uint64_t()>& sample) {
    LatestChange change;
    auto value = sample();
    while (history.now() < end) {
        const auto at = history.now();
        if (!history.step_ahead()) return {Arrival::diverged, {}};
        const auto changed = sample();
        if (changed != value) change.at = at;
        value = changed;
        if (at.value % kStepsPerLook == 0 && history.interrupted()) return {Arrival::interrupted, {}};
    }
    return change;
}

}  // namespace

Stopped Timeline::latest_change(const std::function<std::uint64_t()>& sample, StepCount before) {
    auto& history = parts_->history;
    const Excursion excursion(*parts_);
    auto end = std::min(before, history.frontier());
    while (end > history.begin()) {
        const auto from = history.nearest_at_or_before({end.value - 1});
        const auto begin = from.at;
        history.load(from);
        const auto change = latest_change_before(history, end, sample);
        if (change.end != Arrival::reached) return parts_->stopped(reason_of(change.end));
        if (change.at) {
            auto stopped = parts_->stopped(StopReason::done);
            stopped.at = history.position(*change.at);
            return stopped;
        }
        end = begin;
    }
    return parts_->stopped(StopReason::history_begin);
}

}  // namespace backspin::replay
