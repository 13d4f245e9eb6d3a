// The line of a branch: from the beginning of history through its ancestors to itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/position.hpp"

namespace backspin::replay {

/// Each step of a line has one name: before a fork it belongs to the parent, from the fork on to the branch.
class Line {
  public:
    struct Segment {
        Branch branch;
        StepCount begin;
        StepCount end = kEndOfTime;  ///< where the next one begins: the same state there
    };

    /// Branch 0 alone.
    Line() : segments_{Segment{}} {}

    /// This line up to the step, and the new branch from there on. Precondition: the step lies in the last
    /// segment, or where it begins.
    Line with(Branch branch, StepCount fork) const {
        auto line = *this;
        line.segments_.back().end = fork;
        line.segments_.push_back({branch, fork});
        return line;
    }

    std::span<const Segment> segments() const { return segments_; }
    /// Those from the beginning up to the one that has the step.
    std::span<const Segment> until(StepCount step) const {
        return std::span(segments_).first(number_of(step) + 1);
    }
    /// The one that has the step, and those behind it.
    std::span<const Segment> from(StepCount step) const {
        return std::span(segments_).subspan(number_of(step));
    }
    const Segment& segment(StepCount step) const { return segments_[number_of(step)]; }
    Position position(StepCount step) const { return {segment(step).branch, step}; }
    Branch branch() const { return segments_.back().branch; }

    /// Whether a fork is there: what was noted of one segment ends.
    bool is_fork(StepCount step) const { return segment(step).begin == step; }

    /// Whether the position is a place of this line; of a parent's, its fork is.
    bool has(Position at) const {
        return std::ranges::any_of(segments_, [&](const Segment& segment) {
            return segment.branch == at.branch && segment.begin <= at.step && at.step <= segment.end;
        });
    }

  private:
    std::size_t number_of(StepCount step) const {
        const auto after = std::ranges::upper_bound(segments_, step, {}, &Segment::begin);
        return static_cast<std::size_t>(after - segments_.begin()) - 1;
    }

    std::vector<Segment> segments_;  ///< the first begins at 0
};

}  // namespace backspin::replay
