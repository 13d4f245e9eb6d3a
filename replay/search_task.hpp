// A stretch of the past that any machine can be sent along: what to arm where, and what to bring back.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "replay/access_index.hpp"
#include "replay/history.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

/// A part of a stretch.
struct Leg {
    StepCount until;
    bool armed = true;   ///< a hit may be here
    bool noted = false;  ///< nobody knows yet what it touches
    bool kept = false;   ///< a snapshot of its end is wanted
};

struct SearchTask {
    SavedState from;
    std::vector<Leg> legs;  ///< in ascending order; the last one's end is the stretch's
};

/// What a search over a stretch has brought.
struct Searched {
    StepCount begin, end;
    Arrival arrival = Arrival::reached;  ///< or diverged, or interrupted: then it was called off
    StepCount known_from;                ///< from there on, the hits are all there are
    std::vector<Hit> hits;
    struct Noted {
        StepCount begin, end;
        PackedNotes notes;
    };
    std::vector<Noted> accesses;
    std::vector<SavedState> states;
};

/// The stretch [from.at, end) of this history, with what the index and the snapshots lack of it.
/// Precondition: from.at < end <= frontier.
SearchTask task_for(History& history, SavedState from, StepCount end, std::span<const StopPoint> points);

/// Does it. Looks at `called_off` about every millisecond. Thread: the machine's, which asks the history for
/// inputs alone; it must not change meanwhile.
Searched do_task(const SearchTask& task, Machine& machine, const History& history, const Stops& stops,
                 const std::atomic<bool>& called_off);

/// What it brought, for later searches and moves.
void keep(History& history, const Searched& searched);

}  // namespace backspin::replay
