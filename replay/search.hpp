// The search for the latest hit in the past: stretch by stretch backward, each run forward once with the
// stops armed.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/hits.hpp"
#include "replay/search_crew.hpp"
#include "replay/stops.hpp"
#include "replay/stretch_memo.hpp"

namespace backspin::replay {

class SearchBack {
  public:
    /// Both outlive it. Without a crew, the history's own machine searches.
    explicit SearchBack(History& history, SearchCrew* crew = nullptr) : history_(history), crew_(crew) {}

    struct Found {
        StepCount report;  ///< where the user is taken: hits.front().at for breakpoints, one later for data
        std::vector<Hit> hits;  ///< all breakpoints, or all data stops, of one step
    };
    /// Nothing found, or why the search ended early: interrupted or diverged.
    struct None {
        std::optional<Arrival> early;
    };

    /// The hit with the latest place to report it, of those whose step lies in [floor, here). Of a breakpoint
    /// and a data stop with one place the breakpoint, which is undone first. Moves the machine anywhere.
    std::variant<Found, None> latest(const Stops& stops, StepCount here, const Ignored& ignored,
                                     StepCount floor = {});

    /// The breakpoints that hold at a position before the end of history. Early: interrupted or diverged.
    std::variant<std::vector<Hit>, Arrival> breakpoints_at(StepCount at, const Stops& stops);

    /// What was found holds no more: the history is another one.
    void forget() { memo_.clear(); }

  private:
    using Memo = StretchMemo<Hit>;
    class Others;

    void keep_memo_for(const Stops& stops);
    bool wants_others(StepCount here, StepCount end);
    bool pass_over_before(StepCount& end, StepCount floor, const Stops& stops);
    /// The memo's stretch that has the step before `end`; searched first if need be.
    std::variant<const Memo::Stretch*, Arrival> known_before(StepCount end, const Stops& stops,
                                                             const std::function<void()>& each_slice);

    History& history_;
    SearchCrew* crew_;
    /// 2^16 hits take 4 MB.
    Memo memo_{std::size_t{1} << 16};
    std::vector<StopPoint> memo_points_;
    std::uint64_t memo_key_ = 0;
    bool memo_filtered_ = false;
    bool memo_unchanged_too_ = false;
};

}  // namespace backspin::replay
