// The states that a recording holds, for the timeline of one machine.
#pragma once

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
    FileSnapshots(const RecordedRun& run, emu::RiscvMachine& machine, HeldStates used = HeldStates::all)
        : run_(run), used_(used), store_(machine.page_store()), begin_(machine.save()) {}

    std::optional<StepCount> latest_at_or_before(StepCount step) const override;
    /// Throws RecordingError.
    std::vector<SavedState> load(StepCount at) override;

  private:
    const SavedState& whole(StepCount at);

    const RecordedRun& run_;
    HeldStates used_;
    std::shared_ptr<PageStore> store_;
    SavedState begin_;
    std::map<StepCount, SavedState> whole_;  ///< some of those that were loaded
    std::optional<SavedState> last_;         ///< of a patch
};

}  // namespace backspin::cli
