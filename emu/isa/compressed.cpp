// The C extension and Zcb: every 16-bit instruction stands for one 32-bit instruction. Source: The RISC-V
// Instruction Set Manual, Volume I, chapter "C" Extension, section "RVC Instruction Set Listings" (RV32 and
// RV64), and chapter "Zc*" Extension for Code Size Reduction, section "Zcb".
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
constexpr Word kLbu = 0x00004003, kLhu = 0x00005003, kLh = 0x00001003, kSb = 0x00000023, kSh = 0x00001023;
constexpr Word kLw = 0x00002003, kLd = 0x00003003, kSw = 0x00002023, kSd = 0x00003023;
constexpr Word kFlw = 0x00002007, kFld = 0x00003007, kFsw = 0x00002027, kFsd = 0x00003027;
constexpr Word kXori = 0x00004013, kMul = 0x02000033, kAddUw = 0x0800003b, kSextB = 0x60401013,
               kSextH = 0x60501013, kZextHOf32 = 0x08004033, kZextHOf64 = 0x0800403b;
constexpr Word kZero = 0, kRa = 1, kSp = 2;

using Expanded = std::optional<Word>;

Expanded when(bool there, Word word) {
    return there ? Expanded(word) : std::nullopt;
}

/// Which loads and stores have their place in the three quadrants: RV32 has single precision where RV64 has
/// doublewords. Nothing where the extension is missing.
struct MemoryForms {
    explicit MemoryForms(const Isa& isa)
        : is_64(isa.xlen() == 64),
          has_doubles(isa.has(Extension::C) && isa.has(Extension::D)),
          has_third(is_64 || (isa.has(Extension::C) && isa.has(Extension::F))) {}

    bool is_64;
    bool has_doubles;  ///< c.fld, c.fsd and their sp forms
    bool has_third;    ///< c.ld, c.sd or c.flw, c.fsw, and their sp forms
    Word load() const { return is_64 ? kLd : kFlw; }
    Word store() const { return is_64 ? kSd : kFsw; }
};

Expanded small_access(Word h) {  // Zcb: quadrant 0, function 4
    const Word rd = 8 + bits(h, 4, 2);
    const Word rs1 = 8 + bits(h, 9, 7);
    const Word byte_offset = bits(h, 6, 6) | bits(h, 5, 5, 1);
    const Word half_offset = bits(h, 5, 5, 1);
    const bool bit6 = bits(h, 6, 6) != 0;
    switch (bits(h, 12, 10)) {
        case 0: return i_type(kLbu, rd, rs1, byte_offset);
        case 1: return i_type(bit6 ? kLh : kLhu, rd, rs1, half_offset);
        case 2: return s_type(kSb, rs1, rd, byte_offset);
        case 3: return when(!bit6, s_type(kSh, rs1, rd, half_offset));
        default: return {};
    }
}

Expanded quadrant0(Word h, const Isa& isa) {
    const Word rd = 8 + bits(h, 4, 2);  // rd' and rs2' share their place
    const Word rs1 = 8 + bits(h, 9, 7);
    const Word word_offset = bits(h, 12, 10, 3) | bits(h, 6, 6, 2) | bits(h, 5, 5, 6);
    const Word double_offset = bits(h, 12, 10, 3) | bits(h, 6, 5, 6);
    const MemoryForms forms(isa);
    const Word third_offset = forms.is_64 ? double_offset : word_offset;
    switch (bits(h, 15, 13)) {
        case 0: {  // c.addi4spn
            const Word imm = bits(h, 12, 11, 4) | bits(h, 10, 7, 6) | bits(h, 6, 6, 2) | bits(h, 5, 5, 3);
            return when(imm != 0, i_type(kAddi, rd, kSp, imm));
        }
        case 1: return when(forms.has_doubles, i_type(kFld, rd, rs1, double_offset));
        case 2: return i_type(kLw, rd, rs1, word_offset);
        case 3: return when(forms.has_third, i_type(forms.load(), rd, rs1, third_offset));
        case 4: return isa.has(Extension::Zcb) ? small_access(h) : std::nullopt;
        case 5: return when(forms.has_doubles, s_type(kFsd, rs1, rd, double_offset));
        case 6: return s_type(kSw, rs1, rd, word_offset);
        default: return when(forms.has_third, s_type(forms.store(), rs1, rd, third_offset));
    }
}

Expanded unary(Word h, const Isa& isa) {  // Zcb: quadrant 1, function 4, one register
    const Word rd = 8 + bits(h, 9, 7);
    const bool is_64 = isa.xlen() == 64;
    const bool zbb = isa.has(Extension::Zbb);
    switch (bits(h, 4, 2)) {
        case 0: return i_type(kAndi, rd, rd, 0xff);  // c.zext.b
        case 1: return when(zbb, r_type(kSextB, rd, rd, 0));
        case 2: return when(zbb, r_type(is_64 ? kZextHOf64 : kZextHOf32, rd, rd, 0));
        case 3: return when(zbb, r_type(kSextH, rd, rd, 0));
        case 4: return when(is_64 && isa.has(Extension::Zba), r_type(kAddUw, rd, rd, kZero));  // c.zext.w
        case 5: return i_type(kXori, rd, rd, ~Word{0});                                        // c.not
        default: return {};
    }
}

/// A shift amount's highest bit is reserved on RV32.
bool is_shift(Word shift, const Isa& isa) {
    return shift < isa.xlen();
}

Expanded arithmetic(Word h, const Isa& isa) {  // quadrant 1, function 4
    const Word rd = 8 + bits(h, 9, 7);
    const Word rs2 = 8 + bits(h, 4, 2);
    const Word shift = bits(h, 12, 12, 5) | bits(h, 6, 2);
    const bool is_64 = isa.xlen() == 64;
    const bool zcb = isa.has(Extension::Zcb);
    switch (bits(h, 11, 10)) {
        case 0: return when(is_shift(shift, isa), i_type(kSrli, rd, rd, shift));
        case 1: return when(is_shift(shift, isa), i_type(kSrai, rd, rd, shift));
        case 2: return i_type(kAndi, rd, rd, sign_extend(shift, 6));
        default: break;
    }
    switch (bits(h, 12, 12, 2) | bits(h, 6, 5)) {
        case 0: return r_type(kSub, rd, rd, rs2);
        case 1: return r_type(kXor, rd, rd, rs2);
        case 2: return r_type(kOr, rd, rd, rs2);
        case 3: return r_type(kAnd, rd, rd, rs2);
        case 4: return when(is_64, r_type(kSubw, rd, rd, rs2));
        case 5: return when(is_64, r_type(kAddw, rd, rd, rs2));
        case 6: return when(zcb && isa.has(Extension::M), r_type(kMul, rd, rd, rs2));
        default: return zcb ? unary(h, isa) : std::nullopt;
    }
}

Expanded quadrant1(Word h, const Isa& isa) {
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
            if (isa.xlen() == 32) return j_type(kJal, kRa, jump);
            return when(rd != 0, i_type(kAddiw, rd, rd, imm6));
        case 2: return i_type(kAddi, rd, kZero, imm6);  // c.li
        case 3: {
            if (imm6 == 0) return {};
            if (rd != kSp) return kLui | rd << 7 | imm6 << 12;
            const Word imm = sign_extend(bits(h, 12, 12, 9) | bits(h, 6, 6, 4) | bits(h, 5, 5, 6) |
                                             bits(h, 4, 3, 7) | bits(h, 2, 2, 5),
                                         10);
            return i_type(kAddi, kSp, kSp, imm);  // c.addi16sp
        }
        case 4: return arithmetic(h, isa);
        case 5: return j_type(kJal, kZero, jump);
        case 6: return b_type(kBeq, 8 + bits(h, 9, 7), kZero, branch);
        default: return b_type(kBne, 8 + bits(h, 9, 7), kZero, branch);
    }
}

Expanded quadrant2(Word h, const Isa& isa) {
    const Word rd = bits(h, 11, 7);
    const Word rs2 = bits(h, 6, 2);
    const Word shift = bits(h, 12, 12, 5) | bits(h, 6, 2);
    const Word word_load = bits(h, 12, 12, 5) | bits(h, 6, 4, 2) | bits(h, 3, 2, 6);
    const Word double_load = bits(h, 12, 12, 5) | bits(h, 6, 5, 3) | bits(h, 4, 2, 6);
    const Word word_store = bits(h, 12, 9, 2) | bits(h, 8, 7, 6);
    const Word double_store = bits(h, 12, 10, 3) | bits(h, 9, 7, 6);
    const MemoryForms forms(isa);
    switch (bits(h, 15, 13)) {
        case 0: return when(is_shift(shift, isa), i_type(kSlli, rd, rd, shift));
        case 1: return when(forms.has_doubles, i_type(kFld, rd, kSp, double_load));
        case 2: return when(rd != 0, i_type(kLw, rd, kSp, word_load));
        case 3:
            if (!forms.is_64) return when(forms.has_third, i_type(kFlw, rd, kSp, word_load));
            return when(rd != 0, i_type(kLd, rd, kSp, double_load));
        case 4:
            if (bits(h, 12, 12) == 0) {
                if (rs2 != 0) return r_type(kAdd, rd, kZero, rs2);  // c.mv
                if (rd == 0) return {};
                return i_type(kJalr, kZero, rd, 0);  // c.jr
            }
            if (rs2 != 0) return r_type(kAdd, rd, rd, rs2);
            if (rd == 0) return kEbreak;
            return i_type(kJalr, kRa, rd, 0);  // c.jalr
        case 5: return when(forms.has_doubles, s_type(kFsd, kSp, rs2, double_store));
        case 6: return s_type(kSw, kSp, rs2, word_store);
        default:
            return when(forms.has_third,
                        s_type(forms.store(), kSp, rs2, forms.is_64 ? double_store : word_store));
    }
}

}  // namespace

std::optional<std::uint32_t> expand_compressed(std::uint16_t half, const Isa& isa) {
    if (!isa.has(Extension::Zca)) return {};
    switch (half & 3) {
        case 0: return quadrant0(half, isa);
        case 1: return quadrant1(half, isa);
        case 2: return quadrant2(half, isa);
        default: return {};
    }
}

}  // namespace backspin::emu
