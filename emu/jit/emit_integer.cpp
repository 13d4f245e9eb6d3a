// Arithmetic of integers.
#include "emu/hart.hpp"
#include "emu/jit/emitter.hpp"
#include "emu/jit/emitter_rules.hpp"

namespace backspin::emu::jit {
void Emitter::load_upper() {
    const auto rd = operation_.rd;
    if (rd == Hart::kSink) return;
    const auto to = has_home(rd) ? home(rd) : kA;
    if (is_64()) {
        mov(to, static_cast<std::int64_t>(operation_.imm));
    } else {
        mov(to.cvt32(), static_cast<std::uint32_t>(operation_.imm));
    }
    write(rd, to);
}

void Emitter::add_upper_to_pc() {
    mov(kB, static_cast<std::int64_t>(operation_.imm) + operation_.page_offset);
    mov(kA, ptr[rsp + stack::kBase]);
    add(wide(kA), wide(kB));
    write(operation_.rd, kA);
}

void Emitter::add_immediate(Width width) {
    const auto rd = operation_.rd;
    const auto imm = operation_.imm;
    if (rd == Hart::kSink) return;
    if (operation_.rs1 == 0) return load_upper();
    const auto to = has_home(rd) ? home(rd) : kA;
    if (width == Width::word) {
        const auto from = value_of(operation_.rs1, kA);
        if (imm != 0) {
            lea(eax, ptr[from + imm]);
            movsxd(to, eax);
        } else {
            movsxd(to, from.cvt32());
        }
    } else {
        const auto from = value_of(operation_.rs1, to);
        if (imm == 0) {
            if (from != to) mov(to, from);
        } else if (from == to) {
            add(wide(to), imm);
        } else {
            lea(wide(to), ptr[from + imm]);
        }
    }
    write(rd, to);
}

void Emitter::shift(Width width, Shift kind) {
    const auto sized = [&](const Reg64& r) {
        return width == Width::word || !is_64() ? Xbyak::Reg32e(r.cvt32()) : Xbyak::Reg32e(r);
    };
    load(kA, operation_.rs1);
    const auto to = sized(kA);
    if (features_.bmi2) {
        const auto by = sized(value_of(operation_.rs2, kB));
        switch (kind) {
            case Shift::left: shlx(to, to, by); break;
            case Shift::right: shrx(to, to, by); break;
            case Shift::arithmetic: sarx(to, to, by); break;
        }
    } else {
        load(kB, operation_.rs2);
        switch (kind) {
            case Shift::left: shl(to, cl); break;
            case Shift::right: shr(to, cl); break;
            case Shift::arithmetic: sar(to, cl); break;
        }
    }
    if (width == Width::word) movsxd(kA, eax);
    write(operation_.rd, kA);
}

void Emitter::set_if(Order order, bool immediate) {
    if (operation_.rd == Hart::kSink) return;
    xor_(eax, eax);
    const auto a = value_of(operation_.rs1, kB);
    if (immediate) {
        cmp(wide(a), operation_.imm);
    } else {
        with_operand(operation_.rs2, kC, false, [&](const Xbyak::Operand& b) { cmp(wide(a), b); });
    }
    order == Order::less ? setl(al) : setb(al);
    write(operation_.rd, kA);
}

void Emitter::high_product(bool is_signed) {
    load(kA, operation_.rs1);
    const auto by = wide(value_of(operation_.rs2, kB));
    is_signed ? imul(by) : mul(by);
    write(operation_.rd, kC);
}

// The host's division ends in an exception where RISC-V defines a result.
void Emitter::divide(Width width, bool is_signed, Division which) {
    const bool as_word = width == Width::word || !is_64();
    const auto sized = [&](const Reg64& r) { return as_word ? Xbyak::Reg(r.cvt32()) : Xbyak::Reg(r); };
    const bool quotient = which == Division::quotient;
    Xbyak::Label by_zero, by_minus_one, end;
    load(kA, operation_.rs1);
    load(kB, operation_.rs2);
    test(sized(kB), sized(kB));
    jz(by_zero);
    if (is_signed) {
        cmp(sized(kB), -1);
        je(by_minus_one);
        as_word ? cdq() : cqo();
        idiv(sized(kB));
    } else {
        xor_(edx, edx);
        div(sized(kB));
    }
    if (!quotient) mov(kA, kC);
    jmp(end);
    if (is_signed) {
        L(by_minus_one);
        quotient ? neg(sized(kA)) : xor_(eax, eax);
        jmp(end);
    }
    L(by_zero);
    if (quotient) mov(sized(kA), -1);
    L(end);
    if (width == Width::word) movsxd(kA, eax);
    write(operation_.rd, kA);
}

void Emitter::shifted_sum(int scale) {
    const auto a = value_of(operation_.rs1, kA);
    const auto b = value_of(operation_.rs2, kB);
    lea(wide(kA), ptr[b + a * scale]);
    write(operation_.rd, kA);
}

/// The first operand where the order holds, otherwise the second.
void Emitter::choose(Order order) {
    load(kA, operation_.rs1);
    const auto a = wide(kA);
    const auto b = wide(value_of(operation_.rs2, kB));
    cmp(a, b);
    switch (order) {
        case Order::less: cmovge(a, b); break;
        case Order::not_less: cmovl(a, b); break;
        case Order::below: cmovae(a, b); break;
        case Order::not_below: cmovb(a, b); break;
        case Order::equal: cmovne(a, b); break;
        case Order::not_equal: cmove(a, b); break;
    }
    write(operation_.rd, kA);
}

void Emitter::call_semantics(const void* function, bool immediate) {
    save_before_call();
    load(kA, operation_.rs1);
    if (immediate) {
        mov(kB, static_cast<std::int64_t>(operation_.imm));
    } else {
        load(kB, operation_.rs2);
    }
    mov(rdi, kA);
    mov(rsi, kB);
    mov(kA, reinterpret_cast<std::uint64_t>(function));
    call(kA);
    if (!is_64()) mov(eax, eax);
    restore_after_call();
    write(operation_.rd, kA);
}

void Emitter::save_before_call() {
    for (const auto& each : kHomes) {
        if (!each.survives_calls) mov(in_memory(each.guest), Reg64(each.host));
    }
}

void Emitter::restore_after_call() {
    for (const auto& each : kHomes) {
        if (!each.survives_calls) mov(Reg64(each.host), in_memory(each.guest));
    }
}

}  // namespace backspin::emu::jit
