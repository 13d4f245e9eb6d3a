// Compares a replay with the digests of its recording, as it comes by.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cli/recorded_digests.hpp"
#include "cli/state_digests.hpp"
#include "replay/host.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

class Verifier final : public replay::HistoryListener {
  public:
    /// Names must outlive this. What is replayed is the line of this branch, as branch 0.
    Verifier(const snapshots::RecordingReader& reader, std::span<const std::string_view> component_names,
             StepCount epoch_steps, Branch branch = {});

    void on_epoch(Position at, const SavedState& state) override { compare(at, state); }
    /// Every digest that the recording has of this position must be equal to the state's. Positions ascend.
    void compare(Position at, const SavedState& state);

    const std::optional<Divergence>& divergence() const { return divergence_; }
    std::uint64_t compared() const { return compared_; }
    /// Positions with digests that the replay did not stop at, up to now.
    std::uint64_t missed() const;

  private:
    RecordedDigests recorded_;
    StateDigests digests_;
    StepCount epoch_steps_;
    std::uint64_t compared_ = 0;
    std::uint64_t positions_ = 0;  ///< compared
    std::optional<StepCount> last_compared_;
    StepCount last_equal_;
    std::optional<Divergence> divergence_;
};

}  // namespace backspin::cli
