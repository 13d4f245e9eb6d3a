// Instructions that reach beyond the registers and memory: environment calls, CSRs, returns from traps,
// waiting.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/board.hpp"
#include "emu/isa/instruction.hpp"
#include "emu/isa/semantics.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {

struct SystemResult {
    std::optional<Trap> trap;
    std::uint64_t next_pc = 0;  ///< where the hart goes on if it did not trap
    bool returned_from_trap = false;
    bool ends_turn = false;  ///< the hart waits a little: another hart's turn comes
};

/// Executes one instruction of Kind::system at hart.pc. The board's clock stands at the position before this
/// step.
SystemResult execute_system(const Instruction& instruction, const Board& board, Hart& hart);

/// Whether the environment lets the hart do this; else the instruction is illegal.
bool allows_cache_operation(const Hart& hart, CacheOperation operation);

}  // namespace backspin::emu
