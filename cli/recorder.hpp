// Writes the history that a timeline makes into a recording, as it is made.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/flight_recorder.hpp"
#include "cli/machine_setup.hpp"
#include "cli/snapshot_policy.hpp"
#include "replay/host.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

struct RecorderOptions {
    using Clock = std::function<SnapshotPolicy::Time()>;

    EmbedDisks embed = EmbedDisks::blocks_read;
    FlightOptions flight{};
    /// Nothing: power-on.
    std::optional<snapshots::StartState> start{};
    Clock clock = std::chrono::steady_clock::now;
};

/// A disk that fills up ends the recording with a line on stderr, and neither the guest nor the file: what
/// was written before is kept.
class Recorder final : public replay::HistoryListener, public OutputSink {
  public:
    /// Creates the file, or with `options.flight.save_on` one beside it that gets its name when there is
    /// something to keep it for. `setup` and `machine` outlive it. Throws RecordingError.
    Recorder(const std::string& path, snapshots::Overwrite overwrite, const MachineSetup& setup,
             const emu::RiscvMachine& machine, RecorderOptions options = {});
    ~Recorder() override;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void on_input(const replay::Event& event) override;
    void on_epoch(Position at, const SavedState& state) override;
    void on_accesses(Position begin, StepCount end, const replay::PackedNotes& notes) override;

    void on_branch(const replay::BranchInfo& branch) override;

    void add_bookmark(const std::string& name, Position at);
    /// How a branch other than 0 ended, with the state there.
    void add_end(const snapshots::RecordedEnd& end, const SavedState& state);

    /// The machine's output comes here instead, and goes on to `shown`. Behind `frontier` it is nothing new.
    void tap_output(OutputSink& shown, std::function<Position()> frontier);
    void output(Channel channel, std::span<const std::byte> bytes) override;

    /// To be called every few milliseconds of host time.
    void poll();
    /// Waits until all that was recorded is in the file.
    void commit();

    /// `state` is that of the end, the last to be digested. False, with a line on stderr, if the file could
    /// not be finished.
    bool finish(const snapshots::RecordedEnd& end, const SavedState& state);

  private:
    /// One file that is being written. A flight recorder has two.
    struct Track {
        std::string path;
        snapshots::RecordingWriter writer;
        StepCount begin;
        SnapshotPolicy policy;
        SnapshotPolicy::Time began;
    };

    void guarded(const std::function<void()>& write);
    std::unique_ptr<Track> begin(const std::string& path, snapshots::Overwrite overwrite,
                                 std::optional<snapshots::StartState> start);
    void begin_later(Position at, const SavedState& state);
    void for_each_track(const std::function<void(Track&)>& work);
    void add_epoch(Track& track, Position at, const SavedState& state);
    Coverage coverage(const Track& track) const;
    void move_window(Position at, const SavedState& state);
    void end_early(Position at);
    void keep_if_triggered();
    void keep();
    static void discard(std::unique_ptr<Track>& track);
    void tell_disks_to(Track* track);

    std::string path_;
    const MachineSetup& setup_;
    const emu::RiscvMachine& machine_;
    EmbedDisks embed_;
    RecorderOptions::Clock clock_;
    std::optional<FlightWindow> window_;
    std::optional<Trigger> trigger_;
    bool kept_ = true;              ///< the file has its name
    Coverage kept_at_;              ///< when it got it
    bool ended_ = false;            ///< whole, before the run's end
    std::unique_ptr<Track> track_;  ///< null once writing has failed
    std::unique_ptr<Track> later_;
    Track* only_track_ = nullptr;  ///< what disks tell of now is for this one
    std::optional<Position> last_digested_;
    std::vector<std::shared_ptr<ObservedImage>> disks_;

    OutputSink* shown_ = nullptr;
    std::function<Position()> frontier_;
    std::vector<Channel> consoles_;
};

}  // namespace backspin::cli
