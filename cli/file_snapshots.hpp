// The states that a recording holds, for the timeline of one machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "cli/recorded_run.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/host.hpp"

namespace backspin::cli {

/// Of a recording's states, those that are used.
enum class HeldStates : std::uint8_t {
    all,
    whole,  ///< no patches
};

/// Whole ones, and patches to them. Thread: one at a time.
class FileSnapshots final : public replay::StoredSnapshots {
  public:
    /// Both outlive it. Precondition: the machine is where the recording begins.
    FileSnapshots(const RecordedRun& run, emu::RiscvMachine& machine, HistoryShape shape = HistoryShape::line,
                  HeldStates used = HeldStates::all);

    std::optional<StepCount> latest_at_or_before(Position at) const override;
    /// Throws RecordingError.
    std::vector<SavedState> load(Position at) override;

    /// Whether the state there is held as a patch, and where the next such is of that branch.
    bool is_patch(Position at) const;
    std::optional<StepCount> patch_after(Position at) const;

  private:
    /// Where it lies in the file.
    struct Held {
        std::size_t number = 0;
        std::optional<StepCount> base{};  ///< of a patch
    };

    void add_patches(HistoryShape shape);
    const SavedState& whole(Position at);
    bool is_whole(Position at) const;

    const RecordedRun& run_;
    std::shared_ptr<PageStore> store_;
    SavedState begin_;
    std::map<Position, Held> held_;
    std::map<Position, SavedState> whole_;  ///< some of those that were loaded
    Position last_at_;
    std::optional<SavedState> last_;  ///< of a patch
};

}  // namespace backspin::cli
