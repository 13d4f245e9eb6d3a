// What an input does to the board: the one place where facts from outside, debugger's writes included, enter.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/input.hpp"
#include "emu/board.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// Applies the input without counting the step. A write to what does not exist changes nothing. Says which
/// bytes of memory may have changed.
std::vector<MemoryPiece> apply_input(Board& board, Memory& memory, const Input& input);

/// Registers by the numbers that GDB gives them for RISC-V.
/// Source: GDB, gdb/riscv-tdep.h, the RISCV_*_REGNUM enumeration.
inline constexpr RegisterId kPcRegister{32};
inline constexpr std::uint32_t kFirstFloatRegister = 33;
inline constexpr std::uint32_t kFirstCsrRegister = 65;  ///< + CSR number
inline constexpr RegisterId kPrivilegeRegister{kFirstCsrRegister + 4096};

/// Nothing if there is no such register.
std::optional<std::uint64_t> read_register(const Board& board, const Hart& hart, RegisterId which);
/// Unknown registers and values that a field cannot hold change nothing.
void write_register(const Board& board, Hart& hart, RegisterId which, std::uint64_t value);

/// Where a range is that a debugger sees through this hart. Nothing if any byte of it is not mapped to RAM or
/// ROM.
std::optional<std::vector<MemoryPiece>> locate_for_debugger(const Board& board, const Memory& memory,
                                                            HartId hart, VirtualAddress at,
                                                            std::size_t length);

/// Writes bytes that do not come from a hart into pieces of RAM or ROM that are as long together.
void write_from_outside(Board& board, Memory& memory, std::span<const MemoryPiece> pieces,
                        std::span<const std::byte> bytes);

}  // namespace backspin::emu
