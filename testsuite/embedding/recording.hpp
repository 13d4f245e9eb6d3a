// A run of the board in a file, and back: snapshots/recording.hpp between a timeline and the disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>

#include "replay/timeline.hpp"
#include "snapshots/recording.hpp"
#include "testsuite/embedding/machine.hpp"

namespace backspin::m0 {

/// A timeline's listener that writes what it hears. Throws RecordingError, as does all below.
class Recorder final : public replay::HistoryListener {
  public:
    /// `flash` and `machine` outlive it.
    Recorder(const std::filesystem::path& path, std::span<const std::byte> flash, const M0Machine& machine);

    void on_input(const replay::Event& event) override { writer_.add({event.at, event.input}); }
    void on_epoch(Position at, const SavedState& state) override { writer_.add_epoch(at, state); }

    void finish(Position at, VirtualTime time) { writer_.finish({at, time, "the debugger left", {}}); }

  private:
    snapshots::RecordingWriter writer_;
};

/// What a recording holds of the board.
struct RecordedRun {
    std::vector<std::byte> flash;
    replay::PastRun past;
};
RecordedRun read_recording(const std::filesystem::path& path);

}  // namespace backspin::m0
