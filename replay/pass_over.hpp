// Going forward through the past with stops armed only where they may hold.
#pragma once

#include "base/position.hpp"
#include "replay/history.hpp"

namespace backspin::replay {

/// As history.run(way), which it would agree with in all but the time that it takes: what cannot have a hit
/// of the way's points is run through with nothing armed. Precondition: way.until <= history.frontier().
Arrival run_where_hits_may_be(History& history, const Way& way);

/// The same, but stretches of many epochs without hits are gone past by a snapshot. Nothing that was printed
/// in them is shown again.
Arrival go_where_hits_may_be(History& history, const Way& way);

}  // namespace backspin::replay
