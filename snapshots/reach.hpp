// What it takes to go back: how many steps have to be run again from the snapshot before a place to it.
#pragma once

#include <span>

#include "base/position.hpp"

namespace backspin::snapshots {

struct Reach {
    StepCount median;  ///< half of all places take at most this
    StepCount worst;
    bool operator==(const Reach&) const = default;
};

/// Of all places from the first snapshot to the end. Snapshots ascend, without doubles and none after the
/// end; there is at least one.
Reach reach(std::span<const StepCount> snapshots, StepCount end);

}  // namespace backspin::snapshots
