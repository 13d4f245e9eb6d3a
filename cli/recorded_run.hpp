// A recording as something to replay: the machine it was made on, and its history as a timeline wants it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/machine_setup.hpp"
#include "cli/place.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/line.hpp"
#include "replay/timeline.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// From the beginning to the end of a branch.
replay::Line line_of(const snapshots::RecordingReader& reader, Branch branch);
/// The branch with this name or number; "main" is branch 0. Throws StartError.
Branch branch_of(const snapshots::RecordingReader& reader, std::string_view name);

/// Of all branches: bookmarks, and snapshots that have a name.
Marks marks_of(const snapshots::RecordingReader& reader);
/// Those of a branch's line.
Bookmarks bookmarks_of(const snapshots::RecordingReader& reader, Branch branch = {});

/// The line of one branch of a recording, as a history without branches.
class RecordedRun {
  public:
    /// `drive_files`: as for from_recording. `build` is called by several threads. Throws RecordingError and
    /// StartError.
    explicit RecordedRun(const std::string& file, std::span<const std::string> drive_files = {},
                         MachineBuilder build = build_machine,
                         const std::string& branch = replay::kMainBranch);

    const snapshots::RecordingReader& reader() const { return reader_; }
    const MachineSetup& setup() const { return setup_; }
    const replay::EventLog& log() const { return log_; }
    Branch branch() const { return branch_; }
    /// The place in the file of a step of this history.
    Position position(StepCount step) const { return line_.position(step); }
    StepCount begin() const { return begin_; }
    StepCount frontier() const { return frontier_; }
    const Bookmarks& bookmarks() const { return bookmarks_; }

    /// A machine where the recording begins. Thread-safe.
    std::unique_ptr<emu::RiscvMachine> machine() const { return machine(setup_); }
    /// The same, with drives of one's own.
    std::unique_ptr<emu::RiscvMachine> machine(const MachineSetup& setup) const;
    /// The history between two positions of it.
    replay::PastRun past(StepCount from, StepCount to) const;
    /// The history with all its branches, each under its own number.
    replay::PastRun with_branches() const;

    /// Positions of the snapshots that the file holds, ascending and without doubles.
    std::span<const StepCount> snapshots() const { return snapshots_; }
    /// Precondition: one is at that position. Thread-safe. Throws RecordingError.
    SavedState load_snapshot(StepCount at, const std::shared_ptr<PageStore>& store) const;

  private:
    /// The newest step that inputs, digests and ends speak of, by branch.
    std::map<Branch, StepCount> frontiers() const;
    void read_log();
    void read_snapshots();

    snapshots::RecordingReader reader_;
    MachineSetup setup_;
    MachineBuilder build_;
    Branch branch_;
    replay::Line line_;
    replay::EventLog log_;
    StepCount begin_;
    StepCount frontier_;
    Bookmarks bookmarks_;
    std::vector<StepCount> snapshots_;
    std::vector<std::size_t> numbers_;  ///< in the file, of each of snapshots_
    mutable std::mutex mutex_;          ///< the reader is for one thread at a time
};

/// All of the file's snapshots, for the timeline of one machine with all branches.
class BranchSnapshots final : public replay::StoredSnapshots {
  public:
    /// Both outlive it.
    BranchSnapshots(const snapshots::RecordingReader& reader, emu::RiscvMachine& machine);

    std::optional<StepCount> latest_at_or_before(Position at) const override;
    SavedState load(Position at) override { return reader_.load_snapshot(numbers_.at(at), store_); }

  private:
    const snapshots::RecordingReader& reader_;
    std::shared_ptr<PageStore> store_;
    std::map<Position, std::size_t> numbers_;
};

/// The file's snapshots for the timeline of one machine that goes along the run.
class FileSnapshots final : public replay::StoredSnapshots {
  public:
    /// Both outlive it.
    FileSnapshots(const RecordedRun& run, emu::RiscvMachine& machine)
        : run_(run), store_(machine.page_store()) {}

    std::optional<StepCount> latest_at_or_before(Position at) const override;
    SavedState load(Position at) override { return run_.load_snapshot(at.step, store_); }

  private:
    const RecordedRun& run_;
    std::shared_ptr<PageStore> store_;
};

/// One machine that goes along a recording. Thread: one at a time.
class Playback {
  public:
    /// `run` outlives it. Options but for `stored`, which is the file's.
    explicit Playback(const RecordedRun& run, replay::TimelineOptions options = few_snapshots());

    /// For who goes forward only.
    static replay::TimelineOptions few_snapshots();

    const RecordedRun& run() const { return run_; }
    emu::RiscvMachine& machine() { return *machine_; }
    replay::Timeline& timeline() { return timeline_; }

    /// Throws StartError.
    StepCount position_of(const Place& place);
    /// By the nearest snapshot, showing nothing. Throws StartError if the replay does not come there.
    void seek(StepCount at);

    struct Listener {
        /// Before the input is applied.
        std::function<void(const replay::Event&, VirtualTime)> input{};
        std::function<void(Channel, std::span<const std::byte>, StepCount, VirtualTime)> output{};
    };
    /// From the cursor forward to the position, not by snapshots, and tells what comes by. Throws StartError.
    void play(StepCount until, const Listener& listener);

  private:
    void go_on(StepCount until);

    const RecordedRun& run_;
    std::unique_ptr<emu::RiscvMachine> machine_;
    FileSnapshots stored_;
    replay::Timeline timeline_;
};

}  // namespace backspin::cli
