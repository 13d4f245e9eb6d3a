// What a user asks a timeline to stop at, and the answer.
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/machine.hpp"

namespace backspin::replay {

/// When a data stop that the step N to N+1 causes is reported.
enum class DataTiming : std::uint8_t {
    /// Forward at N (not yet accessed), backward at N+1 (not yet undone): the client makes the last step
    /// itself, in the direction of travel. RISC-V's gdb does.
    before_in_direction,
    /// At N+1 in both directions. LLDB, when told watchpoint_exceptions_received:after.
    after_access,
};

/// A further condition on a hit, asked while the machine is at hit.at. Must depend on the machine's state
/// alone and have no effect: it may be asked again, or not at all when the answer is remembered. Where
/// several machines search, it is called by several threads, for each with its own machine.
using HitFilter = std::function<bool(const Machine&, const Hit&)>;

/// What a user wants to know of a hit, asked while the machine is right before its step. As with a filter,
/// several threads may ask.
using HitNote = std::function<std::any(const Machine&, const Hit&)>;
/// Told of one hit, and what the note said; `stop` ends the question.
using HitVisitor = std::function<Verdict(const Hit&, const std::any& noted)>;

struct Stops {
    std::vector<StopPoint> points;
    DataTiming timing = DataTiming::before_in_direction;
    HitFilter filter{};  ///< null: every hit counts
    /// A store that leaves the value as it was is no write otherwise.
    bool unchanged_too = false;
    /// Names the filter: answers are remembered between searches whose points and key are equal.
    std::uint64_t filter_key = 0;
};

enum class StopReason : std::uint8_t {
    done,           ///< the step is made, or the position reached
    stop_point,     ///< `hits` says which
    interrupted,    ///< the host's interrupt check said so
    history_begin,  ///< position 0: nothing lies before it
    history_end,    ///< the frontier, and this move may not go past it
    asleep,         ///< every hart waits for an input, and nobody waits with it
    powered_off,    ///< the guest has just switched the machine off
    limit,          ///< the position given as the limit
    diverged,       ///< the machine did not follow the log: not the machine that was recorded
};

/// Why a move ended, and where.
struct Stopped {
    StopReason why{};
    Position at;
    std::vector<Hit>
        hits;     ///< the stop points that hold here, in the machine's order; never empty for stop_point
    HartId hart;  ///< whom the stop is about
};

/// How one step counts.
struct StepPolicy {
    /// Stop in interrupt handlers too. Otherwise an interrupt that is taken on the way is crossed as one
    /// move.
    bool show_interrupts = false;
    /// Step on while the hart's pc is in [begin, end).
    struct Range {
        VirtualAddress begin;
        VirtualAddress end;
    };
    std::optional<Range> range{};
};

}  // namespace backspin::replay
