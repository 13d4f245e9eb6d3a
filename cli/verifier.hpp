// Compares a replay with the digests of its recording, epoch by epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/state_digests.hpp"
#include "replay/host.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// The first difference between a replay and what was recorded.
struct Divergence {
    Position at;              ///< where the digests were taken
    Position last_equal;      ///< the newest position before it where all was equal
    std::uint64_t epoch = 0;  ///< from 0
    std::string component;    ///< one whose state differs
    std::size_t others = 0;   ///< how many more differ there
};

/// "epoch 3 (steps 3145728 to 4194304): hart0 differs, and 2 more".
std::string describe(const Divergence& divergence);

class Verifier final : public replay::HistoryListener {
  public:
    /// Names must outlive this. Digests of branches other than 0 are left out: what is replayed is the main
    /// line.
    Verifier(const snapshots::RecordingReader& reader, std::span<const std::string_view> component_names,
             StepCount epoch_steps);

    void on_epoch(Position at, const SavedState& state) override { compare(at, state); }
    /// Every digest that the recording has of this position must be equal to the state's. Positions ascend.
    void compare(Position at, const SavedState& state);

    const std::optional<Divergence>& divergence() const { return divergence_; }
    std::uint64_t compared() const { return compared_; }
    /// Digests of the recording whose position the replay did not come to.
    std::uint64_t missed() const { return missed_ + (expected_.size() - next_); }

  private:
    struct Expected {
        StepCount at;
        std::uint64_t value = 0;
        std::uint16_t component = 0;  ///< index into names_
    };
    std::uint16_t index_of(const std::string& component);
    void compare_at(Position at, std::span<const ComponentDigest> digests);

    StateDigests digests_;
    StepCount epoch_steps_;
    std::vector<std::string> names_;
    std::vector<Expected> expected_;  ///< ascending
    std::size_t next_ = 0;
    std::uint64_t compared_ = 0;
    std::uint64_t missed_ = 0;
    Position last_equal_;
    std::optional<Divergence> divergence_;
};

}  // namespace backspin::cli
