// The digests of a recording, and what is known of a replay that does not have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/position.hpp"
#include "cli/state_digests.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// The first difference between a replay and what was recorded.
struct Divergence {
    enum class Kind : std::uint8_t {
        digests,   ///< components' digests differ from the recorded ones
        snapshot,  ///< the digests agree, and the file's snapshot is another state
        stopped,   ///< the replay went no further
    };
    Kind kind = Kind::digests;
    StepCount at;                         ///< where the states were compared, or the replay stopped
    StepCount last_equal;                 ///< the newest position before it where all was equal
    std::uint64_t epoch = 0;              ///< in which `at` lies, or which ends there
    std::vector<std::string> components;  ///< whose state differs
    std::string why;                      ///< where the components do not say it
};

/// "epoch 3 (steps 3145728 to 4194304): hart0 differs, and 2 more".
std::string describe(const Divergence& divergence);

/// The number of the epoch in which the step before `at` lies.
std::uint64_t epoch_that_ends(StepCount at, StepCount epoch_steps);

/// Digests of a branch's line by position.
class RecordedDigests {
  public:
    explicit RecordedDigests(const snapshots::RecordingReader& reader, Branch branch = {});

    struct Digest {
        std::uint16_t component = 0;  ///< see name_of
        std::uint64_t value = 0;
    };
    using AtPosition = std::vector<Digest>;

    const std::map<StepCount, AtPosition>& all() const { return all_; }
    const std::string& name_of(const Digest& digest) const { return names_.at(digest.component); }
    /// The components whose digests differ from those of the position; all of them if they do not know it.
    std::vector<std::string> different(const AtPosition& recorded,
                                       std::span<const ComponentDigest> replayed) const;

  private:
    std::uint16_t index_of(const std::string& component);

    std::map<StepCount, AtPosition> all_;
    std::vector<std::string> names_;
};

}  // namespace backspin::cli
