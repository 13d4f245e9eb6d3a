// Writes instructions and data into a program's memory. Offsets count from the start of the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include "emu/isa/instruction.hpp"
#include "testsuite/emu/assembler.hpp"

namespace backspin::emu::testing {

class ProgramWriter {
  public:
    /// Constants go to the pool, from one offset to the other.
    ProgramWriter(std::span<std::byte> memory, unsigned xlen, std::size_t pool, std::size_t pool_end)
        : memory_(memory), xlen_(xlen), pool_(pool), pool_end_(pool_end) {}

    unsigned xlen() const { return xlen_; }
    std::size_t at() const { return at_; }
    void go_to(std::size_t at) { at_ = at; }

    void data(std::size_t at, std::uint64_t value, std::size_t size) {
        std::memcpy(memory_.subspan(at, size).data(), &value, size);
    }
    void emit(Word word) {
        data(at_, word, 4);
        at_ += 4;
    }
    void emit_half(std::uint16_t half) {
        data(at_, half, 2);
        at_ += 2;
    }

    /// Leaves room for a branch whose target is not yet known: here() fills it in.
    std::size_t later() {
        emit(nop());
        return at_ - 4;
    }
    void here(std::size_t from, Opcode opcode, unsigned a, unsigned b) {
        data(from, branch(opcode, a, b, static_cast<std::int64_t>(at_ - from)), 4);
    }
    void jump_to(std::size_t target) {
        emit(jal(zero, static_cast<std::int64_t>(target) - static_cast<std::int64_t>(at_)));
    }

    /// auipc base; what is left of the way is for the next instruction's immediate.
    std::int64_t upper(unsigned base, std::int64_t offset) {
        const auto distance = offset - static_cast<std::int64_t>(at_);
        const auto low = ((distance & 0xfff) ^ 0x800) - 0x800;  // sign-extended
        emit(encode(Opcode::auipc, {base, 0, 0, distance - low}));
        return low;
    }
    /// rd = the address at this offset; two instructions.
    void address(unsigned rd, std::int64_t offset) {
        const auto low = upper(rd, offset);
        emit(addi(rd, rd, low));
    }
    /// rd = a value of up to 32 bits, sign-extended; two instructions.
    void small_constant(unsigned rd, std::uint32_t value) {
        const auto low = (static_cast<std::int64_t>(value & 0xfff) ^ 0x800) - 0x800;
        emit(encode(Opcode::lui, {rd, 0, 0, static_cast<std::int64_t>(value) - low}));
        emit(addi(rd, rd, low));
    }

    /// rd = what lies in memory at this offset; two instructions.
    void load_register(unsigned rd, std::size_t from) {
        const auto low = upper(rd, static_cast<std::int64_t>(from));
        emit(load(xlen_ == 64 ? Opcode::ld : Opcode::lw, rd, low, rd));
    }
    /// Puts a constant into the pool; where it is. Throws std::length_error when the pool is full.
    std::size_t pool(std::uint64_t value) {
        if (pool_ + 8 > pool_end_) throw std::length_error("the pool of constants is full");
        data(pool_, value, 8);
        pool_ += 8;
        return pool_ - 8;
    }
    void constant(unsigned rd, std::uint64_t value) { load_register(rd, pool(value)); }

    /// Through another register, which changes.
    void set_csr(unsigned number, std::uint64_t value, unsigned through) {
        constant(through, value);
        emit(csr(Opcode::csrrw, zero, number, through));
    }

  private:
    std::span<std::byte> memory_;
    unsigned xlen_;
    std::size_t at_ = 0;
    std::size_t pool_, pool_end_;
};

}  // namespace backspin::emu::testing
