// All hits of a stretch of the past, one after the other.
#pragma once

#include "base/position.hpp"
#include "replay/history.hpp"
#include "replay/search_crew.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

class HitVisit {
  public:
    /// All outlive it. Without a crew, the history's own machine goes there.
    HitVisit(History& history, SearchCrew* crew, const Stops& stops, const HitNote& note,
             const HitVisitor& visit)
        : history_(history), crew_(crew), stops_(stops), note_(note), visit_(visit) {}

    /// The hits at a position in [from, to) that count, in ascending order: reached, stopped by the visitor,
    /// interrupted or diverged. Moves the machine anywhere. Precondition: from < to <= frontier.
    Arrival execute(StepCount from, StepCount to);

  private:
    Arrival go_alone(StepCount to);
    Arrival go_together(StepCount from, StepCount to);
    StepCount plan(StepCount from, StepCount to);
    Arrival tell(const Searched& searched);

    History& history_;
    SearchCrew* crew_;
    const Stops& stops_;
    const HitNote& note_;
    const HitVisitor& visit_;
};

}  // namespace backspin::replay
