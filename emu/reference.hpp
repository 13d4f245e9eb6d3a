// The specification and the judge: one step of the machine as one plain function. No TLB, no decoded blocks,
// no budget. Every faster way must agree with it at every position; the tests compare them.
#pragma once

#include <optional>

#include "base/machine.hpp"
#include "emu/board.hpp"
#include "emu/memory.hpp"

namespace backspin::emu::reference {

/// step(state, log) -> state. The state is board and memory; the log's part in one step is the input that it
/// holds for this position, or none. Without an input nothing moves, and nothing is returned, when the
/// machine is powered off or asleep.
std::optional<StepInfo> step(Board& board, Memory& memory, const Input* input = nullptr);

}  // namespace backspin::emu::reference
