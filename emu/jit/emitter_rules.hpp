// The templates of Emitter: included only where rules are written.
#pragma once

#include "emu/jit/emitter.hpp"

namespace backspin::emu::jit {

template <class Use>
void Emitter::with_operand(unsigned guest, const Reg64& scratch, bool as_word, Use use) {
    const bool narrow = as_word || !is_64();
    if (guest != 0 && !has_home(guest)) {
        use(in_memory(guest));
        return;
    }
    const auto value = value_of(guest, scratch);
    narrow ? use(value.cvt32()) : use(value);
}

template <class Emit>
void Emitter::binary(Width width, Emit emit) {
    const auto to = place_for(operation_.rd, operation_.rs2);
    const bool as_word = width == Width::word;
    load(to, operation_.rs1);
    with_operand(operation_.rs2, kB, as_word, [&](const auto& from) {
        const Xbyak::Reg sized = as_word ? Xbyak::Reg(to.cvt32()) : wide(to);
        emit(sized, from);
    });
    if (as_word) movsxd(to, to.cvt32());
    write(operation_.rd, to);
}

template <class Emit>
void Emitter::binary_inverted(Emit emit) {
    load(kA, operation_.rs1);
    load(kB, operation_.rs2);
    not_(wide(kB));
    const Xbyak::Reg to = wide(kA);
    emit(to, wide(kB));
    write(operation_.rd, kA);
}

template <class Emit>
void Emitter::unary(Width width, Emit emit) {
    load(kA, operation_.rs1);
    emit(kA);
    if (width == Width::word) movsxd(kA, eax);
    write(operation_.rd, kA);
}

template <class Emit>
void Emitter::with_immediate(Width width, Emit emit) {
    const auto rd = operation_.rd;
    const auto to = has_home(rd) ? home(rd) : kA;
    const bool as_word = width == Width::word;
    load(to, operation_.rs1);
    const Xbyak::Reg sized = as_word ? Xbyak::Reg(to.cvt32()) : wide(to);
    emit(sized, operation_.imm);
    if (as_word) movsxd(to, to.cvt32());
    write(rd, to);
}

template <class Emit>
void Emitter::float_binary(Precision precision, Emit emit) {
    if (!rounds_dynamically()) return leave();
    use_float();
    load_number(precision, xmm0, instruction_.rs1);
    if (precision == Precision::single) leave_unless_boxed(instruction_.rs2);
    emit(xmm0, float_in_memory(instruction_.rs2));
    write_number(precision, xmm0);
}

template <class Emit>
void Emitter::float_fused(Precision precision, Emit emit) {
    if (!rounds_dynamically() || !features_.fma) return leave();
    use_float();
    load_number(precision, xmm0, instruction_.rs1);
    load_number(precision, xmm1, instruction_.rs2);
    if (precision == Precision::single) leave_unless_boxed(instruction_.rs3);
    emit(xmm0, xmm1, float_in_memory(instruction_.rs3));
    write_number(precision, xmm0);
}

}  // namespace backspin::emu::jit
