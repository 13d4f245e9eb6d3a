// Timeline::go_back and Timeline::step_back.

#include <algorithm>
#include <utility>
#include <variant>

#include "replay/timeline_parts.hpp"

namespace backspin::replay {

Stopped Timeline::go_back(const Stops& stops) {
    auto& history = parts_->history;
    const auto told = parts_->begin_move();
    const auto home = history.save();
    const auto result = parts_->search.latest(stops, home.at, {.told = told});
    const auto* found = std::get_if<SearchBack::Found>(&result);
    if (found == nullptr) {
        if (const auto early = std::get<SearchBack::None>(result).early) return parts_->gave_up(*early, home);
    }
    // With a ladder: the user goes on back from here, by steps or to the next hit.
    const auto end = history.go_to_with_ladder(found != nullptr ? found->report : history.begin());
    if (end != Arrival::reached) return parts_->gave_up(end, home);
    return found != nullptr ? parts_->stopped_at(found->hits) : parts_->stopped(StopReason::history_begin);
}

namespace {

/// Where a step back ends, and why.
struct BackEnd {
    StepCount at;
    StopReason why{};
    std::vector<Hit> hits;
};

/// The stops that hold between the landing and here, latest first. The breakpoint of the attempt that is
/// undone does not count as one on the way: the user is told of it on arrival.
std::variant<BackEnd, Arrival> end_of_step_back(TimelineParts& parts, StepCount here, HartId hart,
                                                const std::optional<StepsBack::Landing>& landing,
                                                const Stops& stops, std::span<const Hit> told) {
    BackEnd end{.at = landing ? landing->at : parts.history.begin(),
                .why = landing ? StopReason::done : StopReason::history_begin,
                .hits = {}};
    if (stops.points.empty()) return end;

    Ignored ignored{.told = told};
    if (landing) ignored.attempt = Ignored::Attempt{landing->undone, hart};
    auto on_the_way = parts.step_search.latest(stops, here, ignored, end.at);
    if (auto* found = std::get_if<SearchBack::Found>(&on_the_way)) {
        const bool before_landing = found->report > end.at;
        end = {found->report, StopReason::stop_point, std::move(found->hits)};
        if (before_landing) return end;
    } else if (const auto early = std::get<SearchBack::None>(on_the_way).early) {
        return *early;
    }
    if (!landing) return end;

    const auto undone = parts.step_search.breakpoints_at(landing->undone, stops);
    if (const auto* early = std::get_if<Arrival>(&undone)) return *early;
    for (const auto& hit : std::get<std::vector<Hit>>(undone)) {
        end.why = StopReason::stop_point;
        end.hits.push_back(hit);
    }
    return end;
}

}  // namespace

Stopped Timeline::step_back(HartId hart, const StepPolicy& policy, const Stops& stops) {
    auto& history = parts_->history;
    const auto told = parts_->begin_move();
    const auto home = history.save();

    const auto way = parts_->steps_back.landing(home.at, hart, policy.show_interrupts);
    std::optional<StepsBack::Landing> landing;
    if (const auto* found = std::get_if<StepsBack::Landing>(&way)) {
        landing = *found;
    } else if (const auto early = std::get<StepsBack::None>(way).early) {
        return parts_->gave_up(*early, home);
    }

    auto target = end_of_step_back(*parts_, home.at, hart, landing, stops, told);
    if (const auto* early = std::get_if<Arrival>(&target)) return parts_->gave_up(*early, home);
    auto& end = std::get<BackEnd>(target);
    if (const auto arrival = history.go_to(end.at); arrival != Arrival::reached) {
        return parts_->gave_up(arrival, home);
    }
    return end.hits.empty() ? parts_->stopped(end.why, hart) : parts_->stopped_at(std::move(end.hits));
}

}  // namespace backspin::replay
