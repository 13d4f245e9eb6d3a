// A machine with its history: the thing that can go to any position, forward and back, and stop where a user
// asks.
//
// The cursor is where the machine is: after every call machine.now() == position().step. The frontier is the
// newest position there is. A live timeline grows at its frontier; everywhere else, inputs come from the log,
// and the machine repeats what it did. See docs/replay.md.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "replay/event_log.hpp"
#include "replay/host.hpp"
#include "replay/stops.hpp"
#include "snapshots/snapshot_set.hpp"

namespace backspin::replay {

struct TimelineOptions {
    /// Distance of epoch boundaries, where snapshots are taken and listeners told. 2^20 steps run again in 2
    /// to 10 ms, and cost a snapshot of some microseconds: below 1 percent of the run. At least 1.
    StepCount epoch_steps{std::uint64_t{1} << 20};
    snapshots::Budget snapshot_budget{};
    /// Of the time that the machine runs, snapshots may take so much, from 0 to 1: where they are dearer,
    /// some epochs' ends go without, and without their listener being told. 0: whatever they cost.
    double snapshot_share = 0;
    /// An interrupt is crossed as one move when the hart is back within this time of the guest's clock.
    VirtualTime longest_interrupt{10'000'000};
    /// Notes what each epoch touches, and searches only where something may be found. Finds the same without.
    bool use_access_index = true;
    /// So many machines besides the timeline's own search the past at the same time; made when they are first
    /// needed. From 2 on; with fewer the timeline's searches alone.
    std::size_t search_machines = 0;
    MachineFactory make_search_machine{};
    HistoryListener* listener = nullptr;  ///< not owned; outlives the timeline
    /// Used where none in memory is nearer. Not owned; outlives the timeline.
    StoredSnapshots* stored = nullptr;
    /// Nobody will go back: inputs are forgotten once they are applied, so that a live run of days takes no
    /// more memory than one of minutes. Moves back, and seeks to anywhere but the cursor, are then out of
    /// place.
    bool forgets_inputs = false;
    /// Where snapshots go before they are thinned from memory. Serves this timeline alone. Not owned;
    /// outlives the timeline.
    snapshots::Spill* spill = nullptr;
};

/// A finished history to be replayed. Its frontiers are fixed.
struct PastRun {
    EventLog log;
    StepCount frontier;  ///< of branch 0
    struct Branch {
        std::string name;
        Position fork;  ///< in one before it
        StepCount frontier;
    };
    std::vector<Branch> branches{};  ///< 1, 2 ...
};

/// Why a write or a branch was not made, in words for the user.
struct Refused {
    std::string why;
    bool a_branch_could = false;  ///< what the past does not let happen
};

struct GoOnOptions {
    /// Stop there at the latest.
    StepCount limit = kEndOfTime;
    /// When every hart waits for an input: wait for it on the host, interruptibly, rather than end as
    /// `asleep`. An interactive input port always waits.
    bool wait_when_asleep = false;
};

struct TimelineParts;

/// Thread: that of its machine. No call may be made from within a hook, a filter or a listener.
class Timeline {
  public:
    /// Live from here on: where the machine is, history begins. The machine outlives the
    /// timeline, and nobody else runs it, changes it or sets its stop points meanwhile; it may be read
    /// between calls.
    Timeline(Machine& machine, const TimelineOptions& options);
    /// Replays. The same machine, configured as the one that was recorded, and where that history begins.
    /// Never goes live. Throws BadLog for a past that does not begin there, or goes on behind its frontier.
    Timeline(Machine& machine, PastRun past, const TimelineOptions& options);
    ~Timeline();
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    void set_host(HostHooks hooks);

    // All that follows is about the current branch, and the history that leads to it: its line. Places of it
    // are given as steps, and told as positions, whose branch may be an ancestor.
    Position position() const;
    /// 0, unless the machine started from a state of another history.
    Position begin() const;
    Position frontier() const;
    bool at_frontier() const;
    /// Whether a move forward from here makes new history: at a live frontier, or right before it where the
    /// last input caused a data stop that was told before it.
    bool goes_live() const;
    Position position_of(StepCount step) const;
    /// Whether the position is a place of this line, at most at its end.
    bool has(Position at) const;
    /// The frontier can grow. A live timeline stays live while its cursor is in the past.
    bool is_live() const;

    // ---- branches -------------------------------------------------------------------------------
    /// By number. Branch 0 is current to begin with.
    std::vector<BranchInfo> branches() const;
    BranchInfo current_branch() const;
    /// Another future begins at the cursor. It is current and live, also in a recording; all other branches
    /// stay as they are. Without a name it gets one.
    std::optional<Refused> branch(std::string name = {});
    /// Goes on with another branch where it was left: done, or interrupted or diverged, and then nothing has
    /// changed. Throws std::invalid_argument if there is none of this number.
    Stopped switch_to(Branch branch);

    /// Of all branches.
    const EventLog& log() const;
    const snapshots::SnapshotSet& snapshots() const;
    /// Adds a snapshot that a recording kept. Precondition: it lies within the history.
    void add_snapshot(const SavedState& state);
    /// Keeps a snapshot of where the cursor is for good: a bookmark is near at any time.
    void pin_here();
    /// From where the machine can run on without what came before: snapshots in memory, spilled and stored
    /// ones. Ascending, without doubles; the first is the beginning.
    std::vector<StepCount> starting_points() const;
    /// What snapshots have taken of the time that the machine ran.
    double snapshot_share() const;
    /// As measured last, with nothing armed.
    StepCount steps_per_millisecond() const;

    /// Adds what a recording knows of accesses: between two positions of one branch. Without the index,
    /// nothing.
    void add_accesses(Position begin, StepCount end, PackedNotes notes);
    using AccessVisitor = std::function<void(Position begin, StepCount end, const PackedNotes& notes)>;
    /// All that is known, in ascending order within each branch.
    void for_each_accesses(const AccessVisitor& visit);
    /// What is known of accesses takes so much memory.
    std::size_t access_bytes() const;
    /// Tells the listener of those that it has not been told of yet.
    void tell_accesses();

    /// Goes to the position: done, interrupted (then the cursor is where it was), or history_end at the
    /// frontier if it lies beyond, history_begin at the beginning if it lies before.
    Stopped seek(StepCount target);
    /// The same. Throws std::invalid_argument for a place of no branch, or of another line.
    Stopped seek(Position target);

    /// Forward until something stops it. An execute stop holds at the start too. In the past it ends at the
    /// frontier: with the stop points that hold there, or else as history_end. From the frontier it goes live
    /// if it can.
    Stopped go_on(const Stops& stops, const GoOnOptions& options = {});

    /// Back to the latest hit: an execute stop strictly before the cursor, or an access that was made before
    /// it. If there is none, to the beginning as history_begin. Interrupted: the cursor is where it was.
    Stopped go_back(const Stops& stops);

    /// Forward until the hart has made one step of its own, or its pc has left the range. Stops on the way
    /// end it; an execute stop of the first own step does not. History ends as for go_on.
    Stopped step(HartId hart, const StepPolicy& policy, const Stops& stops = {},
                 const GoOnOptions& options = {});

    /// Back over the hart's latest own step, to right after the one before it: to where step() stops. The
    /// policy's range does not matter. Stops on the way end it; execute stops that hold where it ends are
    /// told in the hits.
    Stopped step_back(HartId hart, const StepPolicy& policy, const Stops& stops = {});

    // ---- questions: they leave the cursor where it is -----------------------------------------
    /// Calls `look` with the machine at the position, which may be read but not moved: done, or as for seek.
    Stopped look_at(StepCount target, const std::function<void()>& look);

    /// Each hit at a position in [from, to) that counts, in ascending order: done, interrupted or diverged.
    Stopped visit_hits(const Stops& stops, StepCount from, StepCount to, const HitNote& note,
                       const HitVisitor& visit);

    /// The latest step before `before` with hits, and these as Stopped::hits: stop_point at that step,
    /// history_begin if there is none, interrupted or diverged.
    Stopped latest_hits(const Stops& stops, StepCount before);

    /// The latest step before `before` that changes what `sample` gives, which is asked after every step back
    /// to there: done at that step, or else as latest_hits. Takes long: no index knows of registers.
    Stopped latest_change(const std::function<std::uint64_t()>& sample, StepCount before);

    /// A debugger's write, or the push of a button, as one step. Only at the frontier of a live timeline;
    /// nothing if it was made.
    std::optional<Refused> write(const Input& input);

  private:
    bool has_branch(std::string_view name) const;

    std::unique_ptr<TimelineParts> parts_;
};

}  // namespace backspin::replay
