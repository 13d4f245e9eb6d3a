// Which states of a run go into its recording as patches, and the patches.
#pragma once

#include <cstdint>
#include <optional>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "snapshots/state_patch.hpp"

namespace backspin::snapshots {

/// Every epoch's, as long as that takes little room: a guest that fills its memory with noise would make
/// gigabytes of them every second. Then the distance grows.
class PatchMaker {
  public:
    /// So much compressed is spent on an epoch in the long run: 160 MB for 10^10 steps at the most. A boot of
    /// Linux takes a third of it.
    static constexpr std::int64_t kBytesPerEpoch = std::int64_t{16} << 10;
    /// And so much at once where less was spent before.
    static constexpr std::int64_t kMostSaved = std::int64_t{4} << 20;

    struct Made {
        Position at;
        StepCount base;
        std::size_t size = 0;           ///< of the patch
        std::vector<std::byte> packed;  ///< by zstd
    };

    /// The recording holds this state otherwise: what comes next is a patch to it.
    void begin_at(Position at, const PageRoot& memory);

    /// Nothing if there is none to be: too much was spent, there is nothing to begin at, or nobody has time,
    /// `in_a_hurry`. States come in ascending order.
    std::optional<Made> next(Position at, const SavedState& state, bool in_a_hurry);

  private:
    struct Base {
        Position at;
        PageRoot memory;
    };
    std::optional<Base> base_;
    std::int64_t credit_ = kMostSaved;
};

}  // namespace backspin::snapshots
