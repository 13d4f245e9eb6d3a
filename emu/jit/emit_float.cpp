// Floating point by the host's own unit. MXCSR holds the guest's rounding mode and gathers its flags from the
// first floating-point instruction on until translated code is left. Where x86-64 and RISC-V may differ (a
// NaN results, an integer is out of range, an operand is not boxed) the interpreter computes it again: the
// flags that x86-64 has raised by then are among those that RISC-V raises.
//
// Source: as emu/fp/host_x86.cpp.
#include "emu/hart.hpp"
#include "emu/jit/emitter.hpp"

namespace backspin::emu::jit {
namespace {

constexpr std::uint8_t kHighestRounding = 4, kDynamic = 7, kTowardZero = 1;
constexpr std::uint64_t kBox = 0xffff'ffff'0000'0000;

bool is_valid_rounding(std::uint8_t rounding) {
    return rounding <= kHighestRounding || rounding == kDynamic;
}

}  // namespace

void Emitter::use_float() {
    auto& start = float_starts_.emplace_back(FloatStart{index_, {}, {}});
    cmp(dword[rsp + stack::kFloatActive], 0);
    je(start.label, T_NEAR);
    L(start.back);
}

void Emitter::leave_unless_boxed(unsigned number) {
    cmp(dword[kHart + offset_of_float(number) + 4], -1);
    jne(leaving(), T_NEAR);
}

void Emitter::load_float(Precision precision) {
    use_float();
    const auto at = address();
    find(at, precision == Precision::twice ? 8 : 4, false);
    if (precision == Precision::twice) {
        mov(kA, qword[at + kB]);
    } else {
        mov(eax, dword[at + kB]);
        mov(kB, kBox);
        or_(kA, kB);
    }
    mov(float_in_memory(instruction_.rd), kA);
}

void Emitter::store_float(Precision precision) {
    use_float();
    const auto at = address();
    find(at, precision == Precision::twice ? 8 : 4, true);
    mov(kC, float_in_memory(instruction_.rs2));
    precision == Precision::twice ? mov(qword[at + kB], kC) : mov(dword[at + kB], kC.cvt32());
}

void Emitter::write_float(Precision precision, const Xbyak::Xmm& from) {
    if (precision == Precision::twice) {
        movsd(float_in_memory(instruction_.rd), from);
    } else {
        movss(float_in_memory(instruction_.rd), from);
        mov(dword[kHart + offset_of_float(instruction_.rd) + 4], -1);
    }
}

/// A result that is a NaN is the interpreter's.
void Emitter::write_number(Precision precision, const Xbyak::Xmm& from) {
    precision == Precision::twice ? ucomisd(from, from) : ucomiss(from, from);
    jp(leaving(), T_NEAR);
    write_float(precision, from);
}

void Emitter::load_number(Precision precision, const Xbyak::Xmm& to, unsigned number) {
    if (precision == Precision::twice) {
        movsd(to, float_in_memory(number));
    } else {
        leave_unless_boxed(number);
        movss(to, float_in_memory(number));
    }
}

void Emitter::float_root(Precision precision) {
    if (!rounds_dynamically()) return leave();
    use_float();
    load_number(precision, xmm0, instruction_.rs1);
    precision == Precision::twice ? sqrtsd(xmm0, xmm0) : sqrtss(xmm0, xmm0);
    write_number(precision, xmm0);
}

void Emitter::float_sign(Precision precision, Sign sign) {
    use_float();
    const bool twice = precision == Precision::twice;
    const int top = twice ? 63 : 31;
    if (!twice) {
        leave_unless_boxed(instruction_.rs1);
        leave_unless_boxed(instruction_.rs2);
    }
    mov(kA, float_in_memory(instruction_.rs1));
    if (sign != Sign::copied || instruction_.rs1 != instruction_.rs2) {
        mov(kB, float_in_memory(instruction_.rs2));
        if (sign == Sign::negated) not_(kB);
        mov(kC, std::uint64_t{1} << top);
        and_(kB, kC);
        if (sign != Sign::multiplied) btr(kA, static_cast<std::uint8_t>(top));
        xor_(kA, kB);
    }
    mov(float_in_memory(instruction_.rd), kA);
}

void Emitter::float_compare(Precision precision, Relation relation) {
    use_float();
    const bool twice = precision == Precision::twice;
    load_number(precision, xmm0, instruction_.rs1);
    load_number(precision, xmm1, instruction_.rs2);
    xor_(eax, eax);
    switch (relation) {
        case Relation::equal:
            twice ? ucomisd(xmm0, xmm1) : ucomiss(xmm0, xmm1);
            setnp(al);
            sete(cl);
            and_(al, cl);
            break;
        case Relation::less:
            twice ? comisd(xmm1, xmm0) : comiss(xmm1, xmm0);
            seta(al);
            break;
        case Relation::less_equal:
            twice ? comisd(xmm1, xmm0) : comiss(xmm1, xmm0);
            setae(al);
            break;
    }
    write(instruction_.rd, kA);
}

// What does not fit gives the host's one "indefinite" value, and no flag but invalid.
void Emitter::float_to_integer(Precision precision, unsigned bits) {
    const bool truncates = instruction_.rounding == kTowardZero;
    if (!truncates && !rounds_dynamically()) return leave();
    use_float();
    load_number(precision, xmm0, instruction_.rs1);
    const auto to = bits == 64 ? Xbyak::Reg32e(kA) : Xbyak::Reg32e(eax);
    if (precision == Precision::twice) {
        truncates ? cvttsd2si(to, xmm0) : cvtsd2si(to, xmm0);
    } else {
        truncates ? cvttss2si(to, xmm0) : cvtss2si(to, xmm0);
    }
    if (bits == 64) {
        mov(kB, std::uint64_t{1} << 63);
        cmp(kA, kB);
    } else {
        cmp(eax, 0x8000'0000U);
    }
    je(leaving(), T_NEAR);
    if (bits == 32 && is_64()) movsxd(kA, eax);
    write(instruction_.rd, kA);
}

void Emitter::float_from_integer(Precision precision, unsigned bits, bool is_signed) {
    const bool is_exact = precision == Precision::twice && bits == 32;
    if (is_exact ? !is_valid_rounding(instruction_.rounding) : !rounds_dynamically()) return leave();
    use_float();
    load(kA, instruction_.rs1);
    if (bits == 32 && !is_signed) mov(eax, eax);
    const auto from = bits == 64 || !is_signed ? Xbyak::Reg(kA) : Xbyak::Reg(eax);
    xorps(xmm0, xmm0);
    precision == Precision::twice ? cvtsi2sd(xmm0, from) : cvtsi2ss(xmm0, from);
    write_float(precision, xmm0);
}

void Emitter::float_convert(Precision to) {
    const bool widens = to == Precision::twice;
    if (widens ? !is_valid_rounding(instruction_.rounding) : !rounds_dynamically()) return leave();
    use_float();
    load_number(widens ? Precision::single : Precision::twice, xmm0, instruction_.rs1);
    widens ? cvtss2sd(xmm0, xmm0) : cvtsd2ss(xmm0, xmm0);
    write_number(to, xmm0);
}

void Emitter::float_move_to_integer(Precision precision) {
    use_float();
    if (precision == Precision::twice) {
        mov(kA, float_in_memory(instruction_.rs1));
    } else if (is_64()) {
        movsxd(kA, dword[kHart + offset_of_float(instruction_.rs1)]);
    } else {
        mov(eax, float_in_memory(instruction_.rs1));
    }
    write(instruction_.rd, kA);
}

void Emitter::float_move_from_integer(Precision precision) {
    use_float();
    load(kA, instruction_.rs1);
    if (precision == Precision::single) {
        mov(eax, eax);
        mov(kB, kBox);
        or_(kA, kB);
    }
    mov(float_in_memory(instruction_.rd), kA);
}

}  // namespace backspin::emu::jit
