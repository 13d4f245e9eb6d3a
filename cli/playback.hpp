// One machine that goes along a recording.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "cli/file_snapshots.hpp"
#include "cli/place.hpp"
#include "cli/recorded_run.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

/// Thread: one at a time.
class Playback {
  public:
    /// `run` outlives it. Options but for `stored`, which is the file's.
    explicit Playback(const RecordedRun& run, const replay::TimelineOptions& options = few_snapshots(),
                      HeldStates used = HeldStates::all);

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
