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

#include "cli/console_history.hpp"
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

/// Tells it what the consoles showed, in all branches. Throws RecordingError.
void tell_shown(const snapshots::RecordingReader& reader, ConsoleHistory& history);

/// Of all branches: bookmarks, and snapshots that have a name.
Marks marks_of(const snapshots::RecordingReader& reader);
/// Those of a branch's line.
Bookmarks bookmarks_of(const snapshots::RecordingReader& reader, Branch branch = {});

/// How a recording is taken.
enum class HistoryShape : std::uint8_t {
    line,     ///< that of one branch, as a history without branches
    branches  ///< with all of them, each under its own number
};

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
    /// The same kind of machine, in any state. Thread-safe.
    std::unique_ptr<emu::RiscvMachine> spare_machine() const { return build_(setup_); }
    /// What the file knows of the pages that each stretch touched. Throws RecordingError.
    void add_accesses(replay::Timeline& timeline, HistoryShape shape) const;
    /// The history between two positions of it.
    replay::PastRun past(StepCount from, StepCount to) const;
    /// The history with all its branches, each under its own number.
    replay::PastRun with_branches() const;

    /// Positions of the snapshots that the file holds, ascending and without doubles.
    std::span<const StepCount> snapshots() const { return snapshots_; }
    /// Precondition: one is at that position. Thread-safe. Throws RecordingError.
    SavedState load_snapshot(StepCount at, const std::shared_ptr<PageStore>& store) const;

    /// By its number in the file. Thread-safe. Throws RecordingError, as does load_patch.
    SavedState load_state(std::size_t number, const std::shared_ptr<PageStore>& store) const;
    std::vector<std::byte> load_patch(std::size_t number) const;

    /// Where a console of this history began to show the first line with the text. Thread-safe.
    std::optional<StepCount> find_line(std::string_view text) const;

    /// What a position of the file is called in a history of this shape; nothing if it is not in it.
    std::optional<Position> place_of(Position in_file, HistoryShape shape) const;

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

}  // namespace backspin::cli
