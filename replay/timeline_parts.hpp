// What a timeline is made of, and what its moves share.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "replay/history.hpp"
#include "replay/hits.hpp"
#include "replay/search.hpp"
#include "replay/search_crew.hpp"
#include "replay/step_back.hpp"
#include "replay/timeline.hpp"

namespace backspin::replay {

struct TimelineParts {
    TimelineParts(Machine& machine, PastRun past, History::Frontier kind, const TimelineOptions& options)
        : history(machine, std::move(past), kind, options),
          crew(options.search_machines > 1
                   ? std::make_unique<SearchCrew>(options.make_search_machine, options.search_machines)
                   : nullptr),
          search(history, crew.get()),
          step_search(history, crew.get()),
          question_search(history, crew.get()),
          steps_back(history, options.longest_interrupt),
          longest_interrupt(options.longest_interrupt) {}

    History history;
    std::unique_ptr<SearchCrew> crew;  ///< null: the history's machine searches alone
    SearchBack search;
    /// For what lies in the way of a step back. Its own memo: a client takes the breakpoint that it stands on
    /// out of the set while it steps, which must not cost what the search knows.
    SearchBack step_search;
    /// For questions, which are not about the stops that the user has set.
    SearchBack question_search;
    StepsBack steps_back;
    VirtualTime longest_interrupt;
    std::vector<Hit> told;                  ///< data stops that the user was told of at the cursor
    std::optional<StepCount> switched_off;  ///< where a write did that and no move has told it yet

    /// A move begins: what was told before it.
    std::vector<Hit> begin_move() { return std::exchange(told, {}); }

    /// Another branch is current: what was found in the one before does not hold in it.
    void forget_line();

    Stopped stopped(StopReason why, std::optional<HartId> hart = std::nullopt);
    /// A move ends with stop points that hold at the cursor.
    Stopped stopped_at(std::vector<Hit> hits);
    /// A forward move ended for a reason of the machine or its host, having begun at that position.
    Stopped stopped_by(Arrival end, StepCount begin);
    /// A catcher stopped the machine.
    Stopped caught(const Stops& stops, const Ignored& ignored);
    /// A move that came from the past and may not pass the frontier has reached it.
    Stopped end_of_history(const Stops& stops, const Ignored& ignored);
    /// A move back was cut short: back to where it began.
    Stopped gave_up(Arrival early, const SavedState& home);
};

}  // namespace backspin::replay
