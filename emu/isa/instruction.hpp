// The instructions by name, and the decoder from words to them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "emu/isa/isa.hpp"
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
#define CACHE_ROW(name, ...) name,
#define FLOAT_ROW(name, ...) name,
#define FLOAT_LOAD_ROW(name, ...) name,
#define FLOAT_STORE_ROW(name, ...) name,
#define SYSTEM_ROW(name, ...) name,
#include "emu/isa/instructions.inc"
};

enum class Kind : std::uint8_t {
    alu,
    load,
    store,
    branch,
    jump,
    atomic,
    reserve,
    conditional,
    cache,  ///< a block of memory: zeroed, or its cache lines managed
    floating,
    floating_load,
    floating_store,
    system,
    illegal
};

/// One row of the table.
struct Definition {
    Opcode opcode{};
    Kind kind{};
    Requirement needs;
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
    std::uint8_t rs3 = 0;
    std::uint8_t rounding = 0;  ///< the rounding-mode field, where there is one: 0 to 7
    std::uint8_t length = 4;    ///< bytes: 2 or 4
    std::int32_t imm = 0;       ///< sign-extended; the shift amount or the CSR number where there is one
    std::uint32_t word = 0;     ///< as fetched: 16 or 32 bits; what mtval shows for an illegal one
};

/// Length in bytes of the instruction whose first 16 bits these are. Longer formats than 32 bits are illegal
/// here.
constexpr unsigned instruction_length(std::uint16_t first) {
    return (first & 3) == 3 ? 4 : 2;
}

/// From words to instructions, for one selection of extensions.
class Decoder {
  public:
    explicit Decoder(const Isa& isa);

    /// `word` holds the instruction in its low bits; of a compressed one the upper 16 bits do not matter.
    Instruction decode(std::uint32_t word) const;
    const Isa& isa() const { return isa_; }

  private:
    Isa isa_;
    /// The rows by bits 6..2 of the word, which are fixed in every encoding; special cases before what covers
    /// them.
    std::array<std::vector<const Definition*>, 32> rows_;
};

/// The 32-bit form of a compressed instruction; nothing if it is illegal or reserved, or of an extension that
/// is not there.
std::optional<std::uint32_t> expand_compressed(std::uint16_t half, const Isa& isa);

}  // namespace backspin::emu
