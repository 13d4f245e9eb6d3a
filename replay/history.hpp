// The machine along its history: repeats what the log says behind the frontier, and makes new history in
// front of it. Everything that a timeline does comes down to this class's run() and go_to().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "replay/branches.hpp"
#include "replay/event_log.hpp"
#include "replay/host.hpp"
#include "replay/ladder.hpp"
#include "replay/line_accesses.hpp"
#include "replay/slice_pacer.hpp"
#include "replay/snapshot_pace.hpp"
#include "replay/timeline.hpp"
#include "snapshots/snapshot_set.hpp"

namespace backspin::replay {

/// How a run along the history ended.
enum class Arrival : std::uint8_t {
    reached,      ///< at the position asked for
    stopped,      ///< the observer said stop
    interrupted,  ///< the host said stop
    idle,         ///< as RunEnd::idle; only when asked for
    asleep,       ///< only in front of the frontier
    powered_off,  ///< only in front of the frontier
    diverged,     ///< behind the frontier, and yet the machine would not go on
};

struct Way {
    StepCount until{};
    Observer* observer = nullptr;
    std::span<const StopPoint> points{};  ///< what is armed for the observer
    bool show_output = false;
    bool pause_when_idle = false;
    /// A look ahead leaves no trace: no snapshots, no listener, and the frontier stays. Who looks ahead
    /// beyond the frontier puts a saved state back afterwards.
    bool look_ahead = false;
    /// Called between slices, about every millisecond; may take inputs at the frontier. Null: not.
    const std::function<void()>* each_slice = nullptr;
};

class History {
  public:
    enum class Frontier : bool { fixed, live };
    /// Begins where the machine is, and takes the first snapshot. Throws BadLog for a past run whose log goes
    /// on behind its frontier.
    History(Machine& machine, PastRun past, Frontier kind, const TimelineOptions& options);

    HostHooks hooks;

    const Machine& machine() const { return machine_; }
    StepCount now() const { return machine_.now(); }
    /// Where the history begins: 0, or the position of the state that it started from.
    StepCount begin() const { return begin_; }
    /// Of the current branch, as all that follows.
    StepCount frontier() const { return here().info.frontier; }
    bool live() const { return here().info.live; }
    /// Whether going on from here makes new history: at a live frontier, or before an input that was taken
    /// there and that an observer stopped at.
    bool goes_live() const {
        return live() && (now() == frontier() || (here().is_unapplied && now() + StepCount{1} == frontier()));
    }
    /// A step of the current line; its branch is the current one or an ancestor.
    Position position(StepCount step) const { return futures_.line().position(step); }
    const Line& line() const { return futures_.line(); }
    /// The first event of the line at this step or later; null if there is none. Valid until the next input.
    const Event* next_event(StepCount at_or_after) const;

    // ---- branches -------------------------------------------------------------------------------
    const Futures& futures() const { return futures_; }
    BranchInfo info_of(Branch branch) const;
    /// Another future from where the machine is, live and current from now on. Preconditions: those of
    /// Futures::add; nobody else has the name.
    void branch(std::string name);
    /// Goes to where the other branch was left. Unless that is reached, all is as it was.
    Arrival switch_to(Branch branch);

    const EventLog& log() const { return log_; }
    const snapshots::SnapshotSet& snapshots() const { return snapshots_; }
    /// The first epoch boundary after the step, and whether the line has come by a boundary.
    StepCount epoch_end(StepCount after) const { return here().passed.boundary_after(after); }
    bool has_passed(StepCount boundary) const { return here().passed.contains(boundary); }
    StepCount epoch_steps() const { return here().passed.epoch_steps(); }
    /// A snapshot of where the machine is, for a while: somebody at the cursor will soon want to come back.
    void add_rung(StepCount cursor) { ladder_.insert(save(), cursor); }
    void add_snapshot(const SavedState& state) { snapshots_.insert({position(state.at), state}); }
    void pin_here() { snapshots_.insert({position(now()), save()}, snapshots::Pin::yes); }
    std::vector<StepCount> starting_points() const;
    StepCount steps_per_millisecond() const { return plain_pacer_.next(); }
    double snapshot_share() const { return pace_.measured(); }

    bool interrupted() const { return hooks.interrupted && hooks.interrupted(); }
    std::chrono::nanoseconds host_time() const;

    /// Runs from where the machine is. Behind the frontier it applies the log's inputs at their positions;
    /// going on in front of it is up to the caller. Polls the interrupt check between slices.
    Arrival run(const Way& way);

    /// Makes one step of any kind, the log's input if one is due. A look ahead, as in Way. Nothing when
    /// asleep or off.
    std::optional<StepInfo> step_ahead();

    /// Restores the nearest snapshot, unless the machine itself is nearer, and runs to the position with
    /// nothing armed. Precondition: target <= frontier().
    Arrival go_to(StepCount target);

    /// As go_to, and sees to it that a snapshot lies within Ladder::kReach behind the target: what a train of
    /// steps back from there wants.
    Arrival go_to_with_ladder(StepCount target);

    /// The latest snapshot or rung that is not after the step; a spilled or stored one is fetched if it is
    /// nearer than those, and after `good_enough`. Precondition: step >= begin(). Valid until the machine
    /// runs.
    const SavedState& nearest_at_or_before(StepCount step, StepCount good_enough = {});

    SavedState save() { return machine_.save(); }
    void load(const SavedState& state);

    /// What is known of the pages that the history touched, up to where the machine is.
    const LineAccesses& accesses();
    bool notes_accesses() const { return uses_accesses_; }
    void add_accesses(Position begin, StepCount end, PackedNotes notes) {
        if (uses_accesses_) accesses_.add(begin, end, std::move(notes));
    }
    std::size_t access_bytes() const { return accesses_.bytes(); }

    /// Whether the machine is switched off here. Leaves it as it is.
    bool off();

    /// Logs the input and applies it; or only logs it, if it causes a hit of these stop points at which the
    /// observer says stop: then the machine stands right behind the frontier. Precondition: live and at the
    /// frontier, and the machine is not off.
    void take(Input input, Observer* observer = nullptr, std::span<const StopPoint> points = {});

  private:
    Future& here() { return futures_.current(); }
    const Future& here() const { return futures_.current(); }
    void enter(Branch branch);
    const SavedState& kept_at_or_before(StepCount step) const;
    void bring_near(StepCount step, StepCount good_enough);
    bool begins_notes(StepCount at) const;

    Arrival ended(RunEnd end) const;
    StepCount bound(const Way& way) const;
    bool is_new_epoch(StepCount at) const;
    void arrived(const Way& way);
    void note_accesses();
    std::optional<StepCount> accesses_known_until(StepCount step) const;
    void keep_accesses();
    void index_pending();
    void pass_epoch();
    void take_epoch();

    Machine& machine_;
    EventLog log_;
    snapshots::SnapshotSet snapshots_;
    Ladder ladder_;
    StepCount begin_;
    Futures futures_;
    bool forgets_inputs_;
    StoredSnapshots* stored_;
    HistoryListener* listener_;
    LineAccesses accesses_;
    bool uses_accesses_;
    /// The machine has notes of all its steps from there on, and has gone straight on since.
    std::optional<StepCount> noted_from_;
    /// What was noted last: who steps at the frontier adds to it again and again.
    struct Noted {
        StepCount begin, end;
        AccessNotes notes;
    };
    Noted pending_;
    /// While it notes nothing: between these nothing new is to be noted.
    StepCount known_from_;
    std::optional<StepCount> known_until_;
    SnapshotPace pace_;
    std::chrono::nanoseconds copying_time_{};  ///< that the pace has been told of
    SlicePacer plain_pacer_;
    SlicePacer observed_pacer_;  ///< armed runs are slower, and a filter makes them slower still
};

}  // namespace backspin::replay
