// The C extension: every 16-bit instruction stands for one 32-bit instruction. Source: The RISC-V Instruction
// Set Manual, Volume I, chapter "C" Extension, section "RVC Instruction Set Listings" (RV64).
#include <cstdint>
#include <optional>

#include "emu/isa/instruction.hpp"

namespace backspin::emu {
namespace {

using Word = std::uint32_t;

/// Bits [high:low] of a 16-bit instruction, moved to start at bit `to`.
constexpr Word bits(Word half, unsigned high, unsigned low, unsigned to = 0) {
    return ((half >> low) & ((Word{1} << (high - low + 1)) - 1)) << to;
}
constexpr Word sign_extend(Word value, unsigned width) {
    return static_cast<Word>(static_cast<std::int32_t>(value << (32 - width)) >> (32 - width));
}

// The 32-bit formats, by their opcode with function bits in place and their operands.
constexpr Word r_type(Word base, Word rd, Word rs1, Word rs2) {
    return base | rd << 7 | rs1 << 15 | rs2 << 20;
}
constexpr Word i_type(Word base, Word rd, Word rs1, Word imm) {
    return base | rd << 7 | rs1 << 15 | imm << 20;
}
constexpr Word s_type(Word base, Word rs1, Word rs2, Word imm) {
    return base | bits(imm, 4, 0, 7) | rs1 << 15 | rs2 << 20 | bits(imm, 11, 5, 25);
}
constexpr Word b_type(Word base, Word rs1, Word rs2, Word imm) {
    return base | bits(imm, 11, 11, 7) | bits(imm, 4, 1, 8) | rs1 << 15 | rs2 << 20 | bits(imm, 10, 5, 25) |
           bits(imm, 12, 12, 31);
}
constexpr Word j_type(Word base, Word rd, Word imm) {
    return base | rd << 7 | bits(imm, 19, 12, 12) | bits(imm, 11, 11, 20) | bits(imm, 10, 1, 21) |
           bits(imm, 20, 20, 31);
}

constexpr Word kAddi = 0x00000013, kAddiw = 0x0000001b, kSlli = 0x00001013, kSrli = 0x00005013,
               kSrai = 0x40005013;
constexpr Word kAndi = 0x00007013, kLui = 0x00000037, kJal = 0x0000006f, kJalr = 0x00000067;
constexpr Word kBeq = 0x00000063, kBne = 0x00001063, kEbreak = 0x00100073;
constexpr Word kAdd = 0x00000033, kSub = 0x40000033, kXor = 0x00004033, kOr = 0x00006033, kAnd = 0x00007033;
constexpr Word kAddw = 0x0000003b, kSubw = 0x4000003b;
constexpr Word kLw = 0x00002003, kLd = 0x00003003, kSw = 0x00002023, kSd = 0x00003023;
constexpr Word kZero = 0, kRa = 1, kSp = 2;

using Expanded = std::optional<Word>;

Expanded quadrant0(Word h) {
    const Word rd = 8 + bits(h, 4, 2);  // rd' and rs2' share their place
    const Word rs1 = 8 + bits(h, 9, 7);
    const Word word_offset = bits(h, 12, 10, 3) | bits(h, 6, 6, 2) | bits(h, 5, 5, 6);
    const Word double_offset = bits(h, 12, 10, 3) | bits(h, 6, 5, 6);
    switch (bits(h, 15, 13)) {
        case 0: {  // c.addi4spn
            const Word imm = bits(h, 12, 11, 4) | bits(h, 10, 7, 6) | bits(h, 6, 6, 2) | bits(h, 5, 5, 3);
            if (imm == 0) return {};
            return i_type(kAddi, rd, kSp, imm);
        }
        case 2: return i_type(kLw, rd, rs1, word_offset);
        case 3: return i_type(kLd, rd, rs1, double_offset);
        case 6: return s_type(kSw, rs1, rd, word_offset);
        case 7: return s_type(kSd, rs1, rd, double_offset);
        default: return {};
    }
}

Expanded arithmetic(Word h) {  // quadrant 1, function 4
    const Word rd = 8 + bits(h, 9, 7);
    const Word rs2 = 8 + bits(h, 4, 2);
    const Word shift = bits(h, 12, 12, 5) | bits(h, 6, 2);
    switch (bits(h, 11, 10)) {
        case 0: return i_type(kSrli, rd, rd, shift);
        case 1: return i_type(kSrai, rd, rd, shift);
        case 2: return i_type(kAndi, rd, rd, sign_extend(shift, 6));
        default: break;
    }
    switch (bits(h, 12, 12, 2) | bits(h, 6, 5)) {
        case 0: return r_type(kSub, rd, rd, rs2);
        case 1: return r_type(kXor, rd, rd, rs2);
        case 2: return r_type(kOr, rd, rd, rs2);
        case 3: return r_type(kAnd, rd, rd, rs2);
        case 4: return r_type(kSubw, rd, rd, rs2);
        case 5: return r_type(kAddw, rd, rd, rs2);
        default: return {};
    }
}

Expanded quadrant1(Word h) {
    const Word rd = bits(h, 11, 7);
    const Word imm6 = sign_extend(bits(h, 12, 12, 5) | bits(h, 6, 2), 6);
    const Word jump =
        sign_extend(bits(h, 12, 12, 11) | bits(h, 11, 11, 4) | bits(h, 10, 9, 8) | bits(h, 8, 8, 10) |
                        bits(h, 7, 7, 6) | bits(h, 6, 6, 7) | bits(h, 5, 3, 1) | bits(h, 2, 2, 5),
                    12);
    const Word branch = sign_extend(
        bits(h, 12, 12, 8) | bits(h, 11, 10, 3) | bits(h, 6, 5, 6) | bits(h, 4, 3, 1) | bits(h, 2, 2, 5), 9);
    switch (bits(h, 15, 13)) {
        case 0: return i_type(kAddi, rd, rd, imm6);  // c.nop and the hints too
        case 1:
            if (rd == 0) return {};
            return i_type(kAddiw, rd, rd, imm6);
        case 2: return i_type(kAddi, rd, kZero, imm6);  // c.li
        case 3: {
            if (imm6 == 0) return {};
            if (rd != kSp) return kLui | rd << 7 | imm6 << 12;
            const Word imm = sign_extend(bits(h, 12, 12, 9) | bits(h, 6, 6, 4) | bits(h, 5, 5, 6) |
                                             bits(h, 4, 3, 7) | bits(h, 2, 2, 5),
                                         10);
            return i_type(kAddi, kSp, kSp, imm);  // c.addi16sp
        }
        case 4: return arithmetic(h);
        case 5: return j_type(kJal, kZero, jump);
        case 6: return b_type(kBeq, 8 + bits(h, 9, 7), kZero, branch);
        default: return b_type(kBne, 8 + bits(h, 9, 7), kZero, branch);
    }
}

Expanded quadrant2(Word h) {
    const Word rd = bits(h, 11, 7);
    const Word rs2 = bits(h, 6, 2);
    switch (bits(h, 15, 13)) {
        case 0: return i_type(kSlli, rd, rd, bits(h, 12, 12, 5) | bits(h, 6, 2));
        case 2:
            if (rd == 0) return {};
            return i_type(kLw, rd, kSp, bits(h, 12, 12, 5) | bits(h, 6, 4, 2) | bits(h, 3, 2, 6));
        case 3:
            if (rd == 0) return {};
            return i_type(kLd, rd, kSp, bits(h, 12, 12, 5) | bits(h, 6, 5, 3) | bits(h, 4, 2, 6));
        case 4:
            if (bits(h, 12, 12) == 0) {
                if (rs2 != 0) return r_type(kAdd, rd, kZero, rs2);  // c.mv
                if (rd == 0) return {};
                return i_type(kJalr, kZero, rd, 0);  // c.jr
            }
            if (rs2 != 0) return r_type(kAdd, rd, rd, rs2);
            if (rd == 0) return kEbreak;
            return i_type(kJalr, kRa, rd, 0);  // c.jalr
        case 6: return s_type(kSw, kSp, rs2, bits(h, 12, 9, 2) | bits(h, 8, 7, 6));
        case 7: return s_type(kSd, kSp, rs2, bits(h, 12, 10, 3) | bits(h, 9, 7, 6));
        default: return {};
    }
}

}  // namespace

std::optional<std::uint32_t> expand_compressed(std::uint16_t half) {
    switch (half & 3) {
        case 0: return quadrant0(half);
        case 1: return quadrant1(half);
        case 2: return quadrant2(half);
        default: return {};
    }
}

}  // namespace backspin::emu
