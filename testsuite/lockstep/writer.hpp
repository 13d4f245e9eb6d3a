// Writes instructions and data into a program's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/isa/instruction.hpp"
#include "testsuite/emu/assembler.hpp"

namespace backspin::lockstep {

/// Offsets count from the start of the memory.
class Writer {
  public:
    /// Constants go to the layout's pool.
    Writer(std::span<std::byte> memory, unsigned xlen);

    unsigned xlen() const { return xlen_; }
    std::size_t at() const { return at_; }
    void go_to(std::size_t at) { at_ = at; }

    void data(std::size_t at, std::uint64_t value, std::size_t size);
    void emit(emu::testing::Word word);
    void emit_half(std::uint16_t half);

    /// Leaves room for a branch whose target is not yet known: here() fills it in.
    std::size_t later();
    void here(std::size_t from, emu::Opcode opcode, unsigned a, unsigned b);

    /// rd = the address at this offset; two instructions.
    void address(unsigned rd, std::int64_t offset);
    /// rd = a constant from the pool; two instructions.
    void constant(unsigned rd, std::uint64_t value);
    /// rd = a constant without a load, which could trap; two instructions below 2^31, else up to eight.
    void number(unsigned rd, std::uint64_t value);
    /// Puts a constant into the pool; where it is. Throws std::length_error when the pool is full.
    std::size_t pool(std::uint64_t value);
    bool has_room_in_pool() const;
    /// auipc base, and what is left of the way for the second instruction's immediate.
    std::int64_t upper(unsigned base, std::int64_t offset);

  private:
    std::span<std::byte> memory_;
    unsigned xlen_;
    std::size_t at_ = 0;
    std::size_t pool_;
};

}  // namespace backspin::lockstep
