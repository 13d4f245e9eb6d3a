// Decoded code as the interpreter runs it: dense arrays of 16-byte slots, one after the other, so that the
// next operation is always at the next slot. (A stride that depends on the instruction's length is a
// loop-carried dependency of about seven cycles an instruction; the constant stride doubled the speed.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "emu/isa/instruction.hpp"

namespace backspin::emu {

struct Operation {
    std::int32_t handler = 0;  ///< offset of its code in the interpreter
    std::int32_t imm = 0;
    std::uint8_t rd = 0;  ///< x0 as a destination is redirected to Hart::kSink
    std::uint8_t rs1 = 0;
    std::uint8_t rs2 = 0;
    std::uint8_t length : 7 = 0;           ///< bytes
    std::uint8_t has_instruction : 1 = 0;  ///< the next slot holds it
    std::uint16_t remaining = 0;           ///< steps from here to the block's end, this one included
    std::uint16_t page_offset = 0;         ///< of the instruction in its page
};

union Slot;

/// Follows a branch or jump: where it leads inside the page, once known.
struct Links {
    const Slot* taken = nullptr;
    const Slot* fall_through = nullptr;
};

/// Follows the operation at the beginning of a block that may be translated (emu/jit/jit.hpp).
struct Head {
    const std::byte* code = nullptr;  ///< pays for the block and runs it; the first in the slot
    std::uint32_t page = 0;           ///< index of the page that it was decoded from
    std::uint32_t block = 0;          ///< number of its translation
};

/// The operation that counts, and the Head.
inline constexpr std::size_t kHeadSlots = 2;

/// Which member is meant follows from the operation in front: a branch has Links behind it, an operation that
/// is executed generally has its Instruction, the beginning of a block its Head.
union Slot {
    Slot() : operation() {}
    Operation operation;
    Links links;
    Instruction instruction;
    Head head;
};
static_assert(sizeof(Slot) == 16);

/// Most steps in one block: an exact stop copies at most this many operations.
inline constexpr std::size_t kMaxBlockSteps = 128;

}  // namespace backspin::emu
