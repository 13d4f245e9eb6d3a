// Writes the history that a timeline makes into a recording, as it is made.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_setup.hpp"
#include "replay/host.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// A disk that fills up ends the recording with a line on stderr, and neither the guest nor the file: what
/// was written before is kept.
class Recorder final : public replay::HistoryListener {
  public:
    /// Creates the file. Throws RecordingError.
    Recorder(const std::string& path, snapshots::Overwrite overwrite, const MachineSetup& setup,
             const emu::RiscvMachine& machine, EmbedDisks embed = EmbedDisks::blocks_read);
    ~Recorder() override;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void on_input(const replay::Event& event) override;
    void on_epoch(Position at, const SavedState& state) override;

    void add_bookmark(const std::string& name, Position at);

    /// To be called every few milliseconds of host time.
    void poll();

    /// `state` is that of the end, the last to be digested. False, with a line on stderr, if the file could
    /// not be finished.
    bool finish(const snapshots::RecordedEnd& end, const SavedState& state);

  private:
    void guarded(const std::function<void()>& write);
    void listen_to_disks(EmbedDisks embed);

    std::optional<snapshots::RecordingWriter> writer_;  ///< empty once writing has failed
    std::optional<Position> last_digested_;
    std::vector<std::shared_ptr<ObservedImage>> disks_;
};

}  // namespace backspin::cli
