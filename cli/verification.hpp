// Replays a whole recording and compares it with all that the file holds of it: digests and snapshots. Where
// it holds snapshots, several stretches go at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "cli/recorded_digests.hpp"
#include "cli/recorded_run.hpp"

namespace backspin::cli {

struct VerifyCounts {
    std::uint64_t steps = 0;
    std::uint64_t digests = 0;
    std::uint64_t snapshots = 0;  ///< whole ones
    std::uint64_t patches = 0;    ///< states that the file holds as such
    unsigned jobs = 1;            ///< that there was work for
};

class Verification {
  public:
    /// `run` outlives it. At most `jobs` machines at a time.
    Verification(const RecordedRun& run, unsigned jobs);

    /// Calls `tick` with the share done, 0 to 1, about ten times a second, on the caller's thread. Throws
    /// RecordingError.
    std::optional<Divergence> verify(const std::function<void(double)>& tick);

    const VerifyCounts& counts() const { return counts_; }
    const RecordedDigests& digests() const { return digests_; }

  private:
    struct Stretch {
        StepCount begin;
        StepCount end;
    };
    std::vector<Stretch> stretches(unsigned jobs) const;
    void work();
    std::optional<Stretch> next_stretch();

    friend class StretchCheck;

    const RecordedRun& run_;
    RecordedDigests digests_;
    std::vector<Stretch> stretches_;
    VerifyCounts counts_;

    std::atomic<std::uint64_t> steps_done_{0};
    std::atomic<std::uint64_t> first_divergence_{~std::uint64_t{0}};
    std::mutex mutex_;
    std::size_t next_ = 0;
    std::optional<Divergence> divergence_;
    std::exception_ptr error_;
};

}  // namespace backspin::cli
