#include "replay/pass_over.hpp"

#include <algorithm>

namespace backspin::replay {
namespace {

/// So much is run through in the time that a person does not notice; a few restores do not pay for less.
constexpr StepCount kWorthJumping{std::uint64_t{1} << 24};

/// The end of what has to be run with the stops armed, from a candidate on.
StepCount end_of_candidate(const LineAccesses& accesses, StepCount candidate, StepCount until) {
    const auto known = accesses.containing(candidate);
    return known ? std::min(known->end, until) : until;
}

Arrival pass(History& history, const Way& way, bool may_jump) {
    while (history.now() < way.until) {
        const auto here = history.now();
        const auto candidate = history.accesses().first_candidate(here, way.until, way.points);
        auto part = way;
        auto arrival = Arrival::reached;
        if (candidate > here) {
            part.until = candidate;
            part.observer = nullptr;
            part.points = {};
            const bool jumps = may_jump && candidate - here >= kWorthJumping;
            arrival = jumps ? history.go_to(candidate) : history.run(part);
        } else {
            part.until = end_of_candidate(history.accesses(), candidate, way.until);
            arrival = history.run(part);
        }
        if (arrival != Arrival::reached) return arrival;
        // A part may be too short for a run to look at the clock.
        if (history.now() < way.until && history.interrupted()) return Arrival::interrupted;
    }
    return Arrival::reached;
}

}  // namespace

Arrival run_where_hits_may_be(History& history, const Way& way) {
    return pass(history, way, false);
}

Arrival go_where_hits_may_be(History& history, const Way& way) {
    return pass(history, way, true);
}

}  // namespace backspin::replay
