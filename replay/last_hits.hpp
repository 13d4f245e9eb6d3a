// The last hits of a pass over a stretch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "replay/hits.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

/// So many hits of a stretch are many: a breakpoint in a loop hits a hundred thousand times in an epoch, each
/// time for more than the loop costs.
inline std::size_t crowd(StepCount epoch_steps) {
    return static_cast<std::size_t>(std::max<std::uint64_t>(4, epoch_steps.value >> 10));
}

/// Keeps the last hits that count. A breakpoint in a hot loop hits millions of times in one stretch, and the
/// user wants the last few.
class LastHits : public Observer {
  public:
    static constexpr std::size_t kMost = 4096;

    /// For a pass of `machine`, from `begin` on. All outlive it.
    LastHits(const Machine& machine, const Stops& stops, StepCount begin)
        : machine_(machine), stops_(stops), known_from_(begin) {}

    /// Says stop at the first step with a hit after so many hits, which is not kept yet: whoever goes on from
    /// there meets it again.
    void stop_beyond(std::size_t hits) { stop_beyond_ = hits; }
    void never_stop() { stop_beyond_.reset(); }

    Verdict on_hit(const Hit& hit) override {
        if (!counts(machine_, hit, stops_)) return Verdict::go_on;
        if (stop_beyond_ && hits_.size() >= *stop_beyond_ && hits_.back().at < hit.at) return Verdict::stop;
        hits_.push_back(hit);
        // All hits of one step are kept or forgotten together.
        if (hits_.size() > kMost && hits_.front().at < hits_.back().at) forget_first_step();
        return Verdict::go_on;
    }

    /// From here on, the hits are all there are.
    StepCount known_from() const { return known_from_; }
    std::vector<Hit> hits() const { return {hits_.begin(), hits_.end()}; }

  private:
    void forget_first_step() {
        known_from_ = hits_.front().at + StepCount{1};
        while (!hits_.empty() && hits_.front().at < known_from_) hits_.pop_front();
    }

    const Machine& machine_;
    const Stops& stops_;
    StepCount known_from_;
    std::optional<std::size_t> stop_beyond_;
    std::deque<Hit> hits_;
};

}  // namespace backspin::replay
