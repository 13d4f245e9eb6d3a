// The outside of a timeline: where inputs come from, who may interrupt it, who hears of the history it makes.
// All of it is called on the machine's thread, between runs of the machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/input.hpp"
#include "base/machine.hpp"
#include "base/position.hpp"
#include "replay/access_index.hpp"
#include "replay/branches.hpp"
#include "replay/event_log.hpp"

namespace backspin::replay {

/// When a port that answers the machine's own output or clock, as a script does, wants to be asked again.
struct AskAgain {
    StepCount step;                   ///< at this step at the latest, after now
    std::optional<VirtualTime> time;  ///< and when the clock comes to this time, after now
};

/// Queues what arrives from outside until a live machine takes it. Asked at the frontier only.
class InputPort {
  public:
    virtual ~InputPort() = default;
    /// Takes the next input off its queue, of a size that machine.room_for_input allows. Nothing when none
    /// waits.
    virtual std::optional<DeviceInput> next(const Machine& machine) = 0;
    /// Sleeps; returns early when input, or something for the interrupt check, has arrived.
    virtual void wait(std::chrono::nanoseconds at_most) = 0;
    /// Somebody may type or send at any time: while the machine is idle, the host waits in real time.
    virtual bool interactive() const = 0;
    /// A live machine's runs end at the given step and its idle jumps at the given time (a warp moves the
    /// clock there), so that such a port's inputs come where they came the last time. It is also asked
    /// whenever the machine is idle, before the clock jumps; and a machine that waits for input is not asleep
    /// while a time is given. Nothing: no such input is to come.
    virtual std::optional<AskAgain> ask_again(const Machine&) const { return std::nullopt; }
};

/// Polled about every millisecond of host time, and while waiting. True ends the move.
using InterruptCheck = std::function<bool()>;

/// How far a search back has come. Told after the first second and then every second.
struct SearchProgress {
    Position from;     ///< where the user is
    Position reached;  ///< everything from here to `from` has been searched
};
using ProgressReport = std::function<void(const SearchProgress&)>;

/// A host clock that never goes back; only differences count.
using HostClock = std::function<std::chrono::nanoseconds()>;

struct HostHooks {
    InputPort* input = nullptr;    ///< not owned; null: no input ever comes
    InterruptCheck interrupted{};  ///< null: never
    ProgressReport progress{};     ///< null: nobody wants to know
    HostClock clock{};             ///< null: std::chrono::steady_clock
};

/// Told of the history as it is made or first passed through: a recorder, or a verifier.
class HistoryListener {
  public:
    virtual ~HistoryListener() = default;
    /// A live machine is about to take this input, which is in the log by now.
    virtual void on_input(const Event&) {}
    /// From here on there is this branch, and it is current.
    virtual void on_branch(const BranchInfo&) {}
    /// The first time that the timeline comes to this multiple of the epoch length, in ascending order, from
    /// the beginning of history on, which need not be a multiple. A live one may leave some out: see
    /// TimelineOptions::snapshot_share. A replay that jumps ahead over a stored
    /// snapshot does not come to those between.
    virtual void on_epoch(Position, const SavedState&) {}
    /// What the steps from the position up to `end`, which lie in one epoch, touched. Told at most once of
    /// each step, in ascending order, an epoch or more after it; of the last ones when
    /// Timeline::tell_accesses is called. Of steps that are first made while an earlier place is looked at
    /// again it may not be told.
    virtual void on_accesses(Position, StepCount /*end*/, const PackedNotes&) {}
};

/// Makes a machine like the timeline's, in any state. Called by several threads.
using MachineFactory = std::function<std::unique_ptr<Machine>()>;

/// Snapshots that are not in memory: those of a recording.
class StoredSnapshots {
  public:
    virtual ~StoredSnapshots() = default;
    /// The step of the latest of the position's branch that is not after it; nothing if there is none.
    virtual std::optional<StepCount> latest_at_or_before(Position at) const = 0;
    /// That one as the last, and before it, ascending, others of that branch that were found on the way: who
    /// goes back from there wants them next. Precondition: there is one at that position. May throw what its
    /// file's errors are.
    virtual std::vector<SavedState> load(Position at) = 0;
};

}  // namespace backspin::replay
