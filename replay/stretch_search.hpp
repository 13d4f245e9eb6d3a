// A stretch of the past, searched by the history's own machine.
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "base/position.hpp"
#include "replay/history.hpp"
#include "replay/hits.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

struct StretchHits {
    StepCount known_from;  ///< from there to the stretch's end, the hits are all there are
    std::vector<Hit> hits;
};

/// The latest hits that count in the stretch from where the machine is to `end`. If there are any, at least
/// one of them; known_from < end. Leaves the machine anywhere. Otherwise interrupted or diverged.
std::variant<StretchHits, Arrival> search_stretch(History& history, StepCount end, const Stops& stops,
                                                  const std::function<void()>& each_slice);

}  // namespace backspin::replay
