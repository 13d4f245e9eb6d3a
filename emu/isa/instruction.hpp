// The instructions by name, and the decoder from words to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "emu/isa/pattern.hpp"

namespace backspin::emu {

enum class Opcode : std::uint16_t {
    illegal,
#define REGISTER_ROW(name, ...) name,
#define IMMEDIATE_ROW(name, ...) name,
#define UPPER_ROW(name, ...) name,
#define LOAD_ROW(name, ...) name,
#define STORE_ROW(name, ...) name,
#define BRANCH_ROW(name, ...) name,
#define JUMP_ROW(name, ...) name,
#define ATOMIC_ROW(name, ...) name,
#define RESERVE_ROW(name, ...) name,
#define CONDITIONAL_ROW(name, ...) name,
#define SYSTEM_ROW(name, ...) name,
#include "emu/isa/instructions.inc"
};

enum class Extension : std::uint8_t { I, M, A, Zicsr, Zifencei };

enum class Kind : std::uint8_t {
    alu,
    load,
    store,
    branch,
    jump,
    atomic,
    reserve,
    conditional,
    system,
    illegal
};

/// One row of the table.
struct Definition {
    Opcode opcode{};
    Kind kind{};
    Extension extension{};
    std::string_view name;  ///< as an assembler writes it: "lr.w"
    Pattern pattern;
};

/// All instructions, in the order of Opcode without `illegal`.
std::span<const Definition> definitions();
/// Precondition: not `illegal`.
const Definition& definition(Opcode opcode);

/// A decoded instruction. Compressed ones are decoded to their full form, with length 2.
struct Instruction {
    Opcode opcode = Opcode::illegal;
    std::uint8_t rd = 0;
    std::uint8_t rs1 = 0;  ///< register, or the 5-bit immediate of csrr?i
    std::uint8_t rs2 = 0;
    std::uint8_t length = 4;  ///< bytes: 2 or 4
    std::int32_t imm = 0;     ///< sign-extended; the shift amount or the CSR number where there is one
    std::uint32_t word = 0;   ///< as fetched: 16 or 32 bits; what mtval shows for an illegal one
};

/// Length in bytes of the instruction whose first 16 bits these are. Longer formats than 32 bits are illegal
/// here.
constexpr unsigned instruction_length(std::uint16_t first) {
    return (first & 3) == 3 ? 4 : 2;
}

/// `word` holds the instruction in its low bits; of a compressed one the upper 16 bits do not matter.
Instruction decode(std::uint32_t word);

/// The 32-bit form of a compressed instruction; nothing if it is illegal or reserved.
std::optional<std::uint32_t> expand_compressed(std::uint16_t half);

}  // namespace backspin::emu
