// A recording as something to replay: the machine it was made on, and its history as a timeline wants it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/machine_setup.hpp"
#include "cli/place.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// Of the main line: bookmarks, and snapshots that have a name.
Bookmarks bookmarks_of(const snapshots::RecordingReader& reader);

/// The main line of a recording; branches are kept in the file for later.
class RecordedRun {
  public:
    /// `drive_files`: as for from_recording. `build` is called by several threads. Throws RecordingError and
    /// StartError.
    explicit RecordedRun(const std::string& file, std::span<const std::string> drive_files = {},
                         MachineBuilder build = build_machine);

    const snapshots::RecordingReader& reader() const { return reader_; }
    const MachineSetup& setup() const { return setup_; }
    const replay::EventLog& log() const { return log_; }
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
    void add_accesses(replay::Timeline& timeline) const;
    /// The history between two positions of it.
    replay::PastRun past(StepCount from, StepCount to) const;

    /// Positions of the snapshots that the file holds, ascending and without doubles.
    std::span<const StepCount> snapshots() const { return snapshots_; }
    /// Precondition: one is at that position. Thread-safe. Throws RecordingError.
    SavedState load_snapshot(StepCount at, const std::shared_ptr<PageStore>& store) const;

    /// A state that the file holds as a patch to another, of which each can be come to.
    struct PatchedState {
        StepCount at, base;
        std::size_t number = 0;  ///< in the file
    };
    /// Ascending, without doubles.
    std::span<const PatchedState> patches() const { return patches_; }
    /// Precondition: there is one.
    const PatchedState& patch_at(StepCount at) const;
    /// Thread-safe. Throws RecordingError.
    std::vector<std::byte> load_patch(const PatchedState& state) const;

  private:
    void read_log();
    void read_snapshots();
    void read_patches();

    snapshots::RecordingReader reader_;
    MachineSetup setup_;
    MachineBuilder build_;
    replay::EventLog log_;
    StepCount begin_;
    StepCount frontier_;
    Bookmarks bookmarks_;
    std::vector<StepCount> snapshots_;
    std::vector<std::size_t> numbers_;  ///< in the file, of each of snapshots_
    std::vector<PatchedState> patches_;
    mutable std::mutex mutex_;  ///< the reader is for one thread at a time
};

}  // namespace backspin::cli
