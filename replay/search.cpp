#include "replay/search.hpp"

#include <algorithm>
#include <deque>
#include <functional>

#include "replay/search_task.hpp"
#include "replay/stretch_search.hpp"

namespace backspin::replay {
namespace {

/// Tells of a search that takes longer than a second.
class Reporter {
  public:
    Reporter(const History& history, StepCount from)
        : history_(history), from_(from), reached_(from), due_(history.host_time() + kEvery) {}

    void searched_from(StepCount step) { reached_ = step; }

    void report_if_due() {
        if (!history_.hooks.progress) return;
        const auto time = history_.host_time();
        if (time < due_) return;
        due_ = time + kEvery;
        history_.hooks.progress({history_.position(from_), history_.position(reached_)});
    }

  private:
    static constexpr std::chrono::seconds kEvery{1};

    const History& history_;
    StepCount from_;
    StepCount reached_;
    std::chrono::nanoseconds due_;
};

/// Some tens of milliseconds.
constexpr StepCount kWorthOthers{std::uint64_t{1} << 22};

/// The latest step in [floor, here) with a hit that is not ignored, and all those hits of it.
std::vector<Hit> latest_in(const std::deque<Hit>& hits, StepCount floor, StepCount here,
                           const Ignored& ignored) {
    std::vector<Hit> found;
    auto hit = std::ranges::lower_bound(hits, here, {}, &Hit::at);
    while (hit != hits.begin()) {
        --hit;
        if (hit->at < floor || (!found.empty() && found.front().at != hit->at)) break;
        if (!is_ignored(*hit, ignored)) found.insert(found.begin(), *hit);
    }
    return found;
}

/// One step's hits, as they are told: its data stops lie later in time than its breakpoints, one step after
/// it.
SearchBack::Found told_backward(std::vector<Hit> hits) {
    const auto at = hits.front().at;
    if (std::ranges::any_of(hits, is_data)) {
        std::erase_if(hits, [](const Hit& hit) { return !is_data(hit); });
        return {at + StepCount{1}, std::move(hits)};
    }
    return {at, std::move(hits)};
}

}  // namespace

// ---- with other machines ------------------------------------------------------------------------

/// The stretches before a place, of which several are searched at the same time, the latest first.
class SearchBack::Others {
  public:
    Others(SearchBack& search, SearchCrew& crew, const Stops& stops, StepCount floor, StepCount end)
        : search_(search),
          crew_(crew),
          stops_(stops),
          floor_(floor),
          planned_until_(end),
          at_work_(crew, {search.history_, stops}) {}

    std::variant<const Memo::Stretch*, Arrival> known_before(StepCount end,
                                                             const std::function<void()>& each_slice) {
        const StepCount last{end.value - 1};
        for (;;) {
            plan();
            if (const auto* known = search_.memo_.containing(last)) return known;
            // What was known when this was planned may be forgotten, and of a stretch with very many hits
            // only the end is known.
            if (ends_.empty() || ends_.front() < end) return search_.known_before(end, stops_, each_slice);
            const auto searched = wait(each_slice);
            if (!searched) return Arrival::interrupted;
            ends_.pop_front();
            if (searched->arrival != Arrival::reached) return searched->arrival;
            keep(search_.history_, *searched);
            search_.memo_.add(searched->known_from, searched->end, searched->hits);
        }
    }

  private:
    /// One more than there are machines, so that none waits.
    void plan() {
        auto& history = search_.history_;
        while (planned_until_ > floor_ && crew_.waiting() <= crew_.size()) {
            if (const auto* known = search_.memo_.containing({planned_until_.value - 1})) {
                planned_until_ = known->begin;
                continue;
            }
            if (search_.pass_over_before(planned_until_, floor_, stops_)) continue;
            auto from = history.nearest_at_or_before({planned_until_.value - 1});
            const auto begin = from.at;
            crew_.add(task_for(history, std::move(from), planned_until_, stops_.points));
            ends_.push_back(planned_until_);
            planned_until_ = begin;
        }
    }

    /// Nothing: the user does not want to wait any longer.
    std::optional<Searched> wait(const std::function<void()>& each_slice) {
        for (;;) {
            if (auto searched = at_work_.take()) return searched;
            if (each_slice) each_slice();
            if (search_.history_.interrupted()) return std::nullopt;
        }
    }

    SearchBack& search_;
    SearchCrew& crew_;
    const Stops& stops_;
    StepCount floor_;
    std::deque<StepCount> ends_;  ///< of the stretches that the crew has
    StepCount planned_until_;     ///< from here to where the search is, all is known or being searched
    CrewAtWork at_work_;
};

/// What the user looks for is mostly near: a first stretch that is soon gone through is not worth a thread's
/// while.
bool SearchBack::wants_others(StepCount here, StepCount end) {
    // What is known costs nothing, and no snapshot is to be fetched for it.
    if (crew_ == nullptr || memo_.containing({end.value - 1}) != nullptr) return false;
    return end < here || end - history_.nearest_at_or_before({end.value - 1}).at >= kWorthOthers;
}

// ---- the search ---------------------------------------------------------------------------------

std::variant<SearchBack::Found, SearchBack::None> SearchBack::latest(const Stops& stops, StepCount here,
                                                                     const Ignored& ignored,
                                                                     StepCount floor) {
    keep_memo_for(stops);
    Reporter reporter(history_, here);
    const std::function<void()> each_slice = [&] { reporter.report_if_due(); };
    auto end = here;
    floor = std::max(floor, history_.begin());
    std::optional<Others> others;
    while (end > floor) {
        if (pass_over_before(end, floor, stops)) continue;
        if (!others && wants_others(here, end)) others.emplace(*this, *crew_, stops, floor, end);
        const auto known =
            others ? others->known_before(end, each_slice) : known_before(end, stops, each_slice);
        if (const auto* early = std::get_if<Arrival>(&known)) return None{*early};
        const auto* stretch = std::get<const Memo::Stretch*>(known);
        // A breakpoint at N and a data stop of N-1 are told at the same place, the breakpoint first: so the
        // latest step with a hit is always the one to tell.
        if (auto hits = latest_in(stretch->items, floor, end, ignored); !hits.empty())
            return told_backward(std::move(hits));
        end = stretch->begin;
        reporter.searched_from(end);
        reporter.report_if_due();
    }
    return None{};
}

void SearchBack::keep_memo_for(const Stops& stops) {
    const bool filtered = stops.filter != nullptr;
    const bool same = memo_points_ == stops.points && memo_unchanged_too_ == stops.unchanged_too &&
                      memo_filtered_ == filtered && (!filtered || memo_key_ == stops.filter_key);
    if (same) return;
    memo_.clear();
    memo_points_ = stops.points;
    memo_filtered_ = filtered;
    memo_unchanged_too_ = stops.unchanged_too;
    memo_key_ = stops.filter_key;
}

std::variant<std::vector<Hit>, Arrival> SearchBack::breakpoints_at(StepCount at, const Stops& stops) {
    keep_memo_for(stops);
    auto end = at + StepCount{1};
    if (pass_over_before(end, at, stops)) return std::vector<Hit>{};
    const auto known = known_before(end, stops, {});
    if (const auto* early = std::get_if<Arrival>(&known)) return *early;
    auto hits = latest_in(std::get<const Memo::Stretch*>(known)->items, at, at + StepCount{1}, {});
    std::erase_if(hits, is_data);
    return hits;
}

/// Takes `end` back over what cannot have a hit. False if there is nothing of that.
bool SearchBack::pass_over_before(StepCount& end, StepCount floor, const Stops& stops) {
    if (memo_.containing({end.value - 1}) != nullptr) return false;
    const auto candidate = history_.accesses().latest_candidate(floor, end, stops.points);
    if (candidate == end) return false;
    memo_.add(candidate, end, {});
    end = candidate;
    return true;
}

std::variant<const SearchBack::Memo::Stretch*, Arrival> SearchBack::known_before(
    StepCount end, const Stops& stops, const std::function<void()>& each_slice) {
    const StepCount last{end.value - 1};
    if (const auto* known = memo_.containing(last)) return known;
    if (history_.interrupted()) return Arrival::interrupted;

    const auto& from = history_.nearest_at_or_before(last);
    history_.load(from);
    auto searched = search_stretch(history_, end, stops, each_slice);
    if (const auto* early = std::get_if<Arrival>(&searched)) return *early;
    auto& [known_from, hits] = std::get<StretchHits>(searched);
    memo_.add(known_from, end, std::move(hits));
    return memo_.containing(last);
}

}  // namespace backspin::replay
