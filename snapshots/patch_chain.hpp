// Patches that lie one after the other.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"
#include "base/position.hpp"
#include "snapshots/state_patch.hpp"

namespace backspin::snapshots {

struct ChainLink {
    Position at;  ///< of the state after it
    Patch patch;
};

struct ChainedState {
    Position at;
    SavedState state;
};

/// Goes along `length` patches from a state's memory. The last state, and before it in the row those 1, 2, 4,
/// 8 ... before it: who goes back from there need not go along the chain again. Pages that are as in
/// `neighbour` are shared with it. Throws BadPatch, and what `link` throws.
std::vector<ChainedState> follow_chain(const PageRoot& memory, std::size_t length,
                                       const std::function<ChainLink(std::size_t)>& link,
                                       const PageRoot* neighbour = nullptr);

}  // namespace backspin::snapshots
