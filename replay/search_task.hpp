// A stretch of the past that any machine can be sent along: what to arm where, and what to bring back.
#pragma once

#include <any>
#include <atomic>
#include <optional>
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
    StepCount begin{};      ///< with a note: hits before do not count
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
    /// With a note: one of each hit, of which these are the first. If there are too many, the state from
    /// which on the others are still to be found; known_from is then of no interest.
    std::vector<std::any> notes;
    std::optional<SavedState> rest;
};

/// The stretch [from.at, end) of this history, with what the index and the snapshots lack of it.
/// Precondition: from.at < end <= frontier.
SearchTask task_for(History& history, SavedState from, StepCount end, std::span<const StopPoint> points);

/// Does it: the last hits, or with a note the first. Looks at `called_off` about every millisecond. Thread:
/// the machine's, which asks the history for inputs alone; it must not change meanwhile.
Searched do_task(const SearchTask& task, Machine& machine, const History& history, const Stops& stops,
                 const HitNote* note, const std::atomic<bool>& called_off);

/// What it brought, for later searches and moves.
void keep(History& history, const Searched& searched);

}  // namespace backspin::replay
