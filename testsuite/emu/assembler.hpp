// Just enough of an assembler for test programs: an opcode of the table and its operands make a word. The
// places of the operands are written down here a second time, from the manual's formats, independently of the
// decoder.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/isa/instruction.hpp"

namespace backspin::emu::testing {

using Word = std::uint32_t;

inline constexpr unsigned zero = 0, ra = 1, sp = 2, t0 = 5, t1 = 6, t2 = 7, s0 = 8, s1 = 9, a0 = 10, a1 = 11,
                          a2 = 12, a3 = 13, a4 = 14, a5 = 15, t6 = 31;

/// Harts with all extensions that there are.
inline const Decoder& rv64_decoder() {
    static const Decoder kDecoder{Isa(64)};
    return kDecoder;
}
inline const Decoder& rv32_decoder() {
    static const Decoder kDecoder{Isa(32)};
    return kDecoder;
}
inline const Decoder& decoder_of(unsigned xlen) {
    return xlen == 64 ? rv64_decoder() : rv32_decoder();
}

/// Those that the instruction does not have are left out.
struct Operands {
    unsigned rd = 0, rs1 = 0, rs2 = 0;
    std::int64_t imm = 0;  ///< or shift amount, or CSR number
    unsigned rs3 = 0, rounding = 0;
};

/// Source: The RISC-V Instruction Set Manual, Volume I, section "Base Instruction Formats".
inline Word encode(Opcode opcode, const Operands& operands) {
    const auto& pattern = definition(opcode).pattern;
    const auto imm = static_cast<std::uint64_t>(operands.imm);
    const auto part = [imm](unsigned high, unsigned low, unsigned to) {
        return static_cast<Word>((imm >> low & ((1u << (high - low + 1)) - 1)) << to);
    };
    const auto place = [](bool named, unsigned number, unsigned at) { return named ? number << at : 0; };
    const auto& fields = pattern.fields;
    const Word rd = place(fields.rd, operands.rd, 7), rs1 = place(fields.rs1, operands.rs1, 15),
               rs2 = place(fields.rs2, operands.rs2, 20), rs3 = place(fields.rs3, operands.rs3, 27),
               rounding = place(fields.rounding, operands.rounding, 12);
    switch (pattern.form) {
        case Form::none: return pattern.value;
        case Form::r: return pattern.value | rd | rs1 | rs2 | rs3 | rounding;
        case Form::shift: return pattern.value | rd | rs1 | part(5, 0, 20);
        case Form::i:
        case Form::csr: return pattern.value | rd | rs1 | part(11, 0, 20);
        case Form::s: return pattern.value | rs1 | rs2 | part(11, 5, 25) | part(4, 0, 7);
        case Form::branch:
            return pattern.value | rs1 | rs2 | part(12, 12, 31) | part(10, 5, 25) | part(4, 1, 8) |
                   part(11, 11, 7);
        case Form::u: return pattern.value | rd | part(31, 12, 12);
        case Form::jump:
            return pattern.value | rd | part(20, 20, 31) | part(10, 1, 21) | part(11, 11, 20) |
                   part(19, 12, 12);
    }
    return 0;
}

inline Word op(Opcode opcode) {
    return encode(opcode, {});
}
inline Word op(Opcode opcode, unsigned rd, unsigned rs1, unsigned rs2) {
    return encode(opcode, {rd, rs1, rs2, 0});
}
inline Word op_imm(Opcode opcode, unsigned rd, unsigned rs1, std::int64_t imm) {
    return encode(opcode, {rd, rs1, 0, imm});
}
inline Word addi(unsigned rd, unsigned rs1, std::int64_t imm) {
    return op_imm(Opcode::addi, rd, rs1, imm);
}
inline Word nop() {
    return addi(zero, zero, 0);
}
/// load rd, offset(base)
inline Word load(Opcode opcode, unsigned rd, std::int64_t offset, unsigned base) {
    return encode(opcode, {rd, base, 0, offset});
}
/// store source, offset(base)
inline Word store(Opcode opcode, unsigned source, std::int64_t offset, unsigned base) {
    return encode(opcode, {0, base, source, offset});
}
/// amo rd, source, (address); lr with x0 as source
inline Word atomic(Opcode opcode, unsigned rd, unsigned source, unsigned address) {
    return encode(opcode, {rd, address, source, 0});
}
inline Word branch(Opcode opcode, unsigned a, unsigned b, std::int64_t offset) {
    return encode(opcode, {0, a, b, offset});
}
inline Word jal(unsigned rd, std::int64_t offset) {
    return encode(Opcode::jal, {rd, 0, 0, offset});
}
inline Word jalr(unsigned rd, unsigned base, std::int64_t offset) {
    return encode(Opcode::jalr, {rd, base, 0, offset});
}
/// csr rd, number, source: a register, or the immediate of csrr?i
inline Word csr(Opcode opcode, unsigned rd, unsigned number, unsigned source) {
    return encode(opcode, {rd, source, 0, number});
}

}  // namespace backspin::emu::testing
