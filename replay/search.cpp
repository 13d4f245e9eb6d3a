#include "replay/search.hpp"

#include <algorithm>
#include <deque>
#include <functional>

#include "replay/pass_over.hpp"

namespace backspin::replay {
namespace {

/// Of a stretch, so many of its last hits are kept. A breakpoint in a hot loop hits millions of times in one
/// stretch, and the user wants the last few.
constexpr std::size_t kHitsPerStretch = 4096;

/// Keeps the last hits of a pass.
class LastHits : public Observer {
  public:
    LastHits(const Stops& stops, StepCount begin) : stops_(stops), known_from_(begin) {}

    Verdict on_hit(const Hit& hit) override {
        if (counts(hit, stops_)) {
            hits_.push_back(hit);
            // All hits of one step are kept or forgotten together.
            if (hits_.size() > kHitsPerStretch && hits_.front().at < hits_.back().at) forget_first_step();
        }
        return Verdict::go_on;
    }

    /// From here on, the hits are all there are.
    StepCount known_from() const { return known_from_; }
    std::vector<Hit> hits() const { return {hits_.begin(), hits_.end()}; }

  private:
    void forget_first_step() {
        known_from_ = hits_.front().at + StepCount{1};
        while (!hits_.empty() && hits_.front().at < known_from_) hits_.pop_front();
    }

    const Stops& stops_;
    StepCount known_from_;
    std::deque<Hit> hits_;
};

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

std::variant<SearchBack::Found, SearchBack::None> SearchBack::latest(const Stops& stops, StepCount here,
                                                                     const Ignored& ignored,
                                                                     StepCount floor) {
    keep_memo_for(stops);
    Reporter reporter(history_, here);
    const std::function<void()> each_slice = [&] { reporter.report_if_due(); };
    auto end = here;
    floor = std::max(floor, history_.begin());
    while (end > floor) {
        if (pass_over_before(end, floor, stops)) continue;
        const auto known = known_before(end, stops, each_slice);
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
    const auto begin = from.at;
    history_.load(from);
    LastHits observer(stops, begin);
    Way way{.until = end,
            .observer = &observer,
            .points = stops.points,
            .each_slice = each_slice ? &each_slice : nullptr};
    const auto arrival = run_where_hits_may_be(history_, way);
    if (arrival != Arrival::reached) return arrival;
    memo_.add(observer.known_from(), end, observer.hits());
    return memo_.containing(last);
}

}  // namespace backspin::replay
