// The first hits of a pass over a stretch, each with what is to be known of it.
#pragma once

#include <any>
#include <cstddef>
#include <utility>
#include <vector>

#include "replay/hits.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

/// Says stop at the first step with a hit after so many, which is not kept: whoever goes on from there meets
/// it again.
class FirstHits : public Observer {
  public:
    /// For a pass of `machine` along a stretch that begins at `begin`, or before: hits there do not count.
    /// All outlive it.
    FirstHits(const Machine& machine, const Stops& stops, StepCount begin, const HitNote& note,
              std::size_t most)
        : machine_(machine), stops_(stops), begin_(begin), note_(note), most_(most) {}

    Verdict on_hit(const Hit& hit) override {
        if (hit.at < begin_ || !counts(machine_, hit, stops_)) return Verdict::go_on;
        if (hits_.size() >= most_ && hits_.back().at < hit.at) return Verdict::stop;
        hits_.push_back(hit);
        notes_.push_back(note_(machine_, hit));
        return Verdict::go_on;
    }

    std::vector<Hit> take_hits() { return std::move(hits_); }
    std::vector<std::any> take_notes() { return std::move(notes_); }

  private:
    const Machine& machine_;
    const Stops& stops_;
    StepCount begin_;
    const HitNote& note_;
    std::size_t most_;
    std::vector<Hit> hits_;
    std::vector<std::any> notes_;  ///< one of each hit
};

}  // namespace backspin::replay
