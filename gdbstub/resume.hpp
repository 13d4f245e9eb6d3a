// What passes between a session and the host's loop around a run: what the client asked for, and how it
// ended.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

// --- asked for by the client ---------------------------------------------------------------------
//
// Signals that a client would pass on (C, S) are dropped: processors get none.

/// Forward until something stops it.
struct Continue {
    bool operator==(const Continue&) const = default;
};
/// Forward until this thread has made one move; the others move as the target's own schedule has it.
struct Step {
    ThreadId thread;
    bool operator==(const Step&) const = default;
};
/// Steps of this thread while its pc is in [start, end), at least one. Other stops end it too.
struct RangeStep {
    ThreadId thread;
    Address start;
    Address end;
    bool operator==(const RangeStep&) const = default;
};
/// Backward until this thread has taken one move back.
struct ReverseStep {
    ThreadId thread;
    bool operator==(const ReverseStep&) const = default;
};
/// Backward to the latest earlier stop. The thread is the one that the user looks at: the one to report if
/// the beginning is reached.
struct ReverseContinue {
    ThreadId thread;
    bool operator==(const ReverseContinue&) const = default;
};
/// Back to the first position.
struct Restart {
    bool operator==(const Restart&) const = default;
};

using Resume = std::variant<Continue, Step, RangeStep, ReverseStep, ReverseContinue, Restart>;

// --- how it ended --------------------------------------------------------------------------------

/// A step, a range step or a restart came to its end.
struct Stepped {
    bool operator==(const Stepped&) const = default;
};
struct HitSoftwareBreakpoint {
    bool operator==(const HitSoftwareBreakpoint&) const = default;
};
struct HitHardwareBreakpoint {
    bool operator==(const HitHardwareBreakpoint&) const = default;
};
enum class WatchKind : std::uint8_t { write, read, access };
/// `address`: inside the range that the client asked to watch, best the range's own start.
struct HitWatchpoint {
    WatchKind kind{};
    Address address;
    bool operator==(const HitWatchpoint&) const = default;
};
/// The client asked for it (interrupt_requested).
struct Interrupted {
    bool operator==(const Interrupted&) const = default;
};
enum class HistoryEnd : std::uint8_t { begin, end };
/// No more history in the direction of travel.
struct ReachedHistoryEnd {
    HistoryEnd which{};
    bool operator==(const ReachedHistoryEnd&) const = default;
};
/// The guest switched the machine off. Told as the end of history, because a client that is told of an exit
/// drops the program and can no longer go backwards; as an exit only if `exit_code` is given.
struct PoweredOff {
    std::optional<std::uint8_t> exit_code;
    bool operator==(const PoweredOff&) const = default;
};
/// Nothing will ever happen any more without input.
struct Asleep {
    bool operator==(const Asleep&) const = default;
};
/// Anything else, by GDB's signal number (4 illegal instruction, 11 segmentation violation ...).
struct Signalled {
    std::uint8_t signal = 0;
    bool operator==(const Signalled&) const = default;
};

using StopReason = std::variant<Stepped, HitSoftwareBreakpoint, HitHardwareBreakpoint, HitWatchpoint,
                                Interrupted, ReachedHistoryEnd, PoweredOff, Asleep, Signalled>;

struct StopReport {
    ThreadId thread;  ///< becomes the client's current thread
    StopReason reason;
    bool operator==(const StopReport&) const = default;
};

}  // namespace backspin::gdbstub
