#include <bit>

#include "testsuite/embedding/core.hpp"

namespace backspin::m0 {
namespace {

using Word = std::uint32_t;

constexpr Word kSp = 13, kLr = 14, kPc = 15;

/// Bits `high` down to `low`, as the manual writes them.
constexpr Word bits(Word op, unsigned high, unsigned low) {
    return op >> low & ((2u << (high - low)) - 1);
}

constexpr Word sign_extended(Word value, unsigned width) {
    const Word sign = 1u << (width - 1);
    return ((value & ((sign << 1) - 1)) ^ sign) - sign;
}

}  // namespace

bool Core::attempt() {
    at_ = cpu_.pc;
    returned_ = false;
    try {
        if (!cpu_.t) throw Fault{};
        const Word op = bus_.fetch(at_);
        cpu_.pc = at_ + 2;
        execute(op);
    } catch (const Fault&) {
        hard_fault();
    }
    return returned_;
}

// ---- what instructions are made of --------------------------------------------------------------

Core::Word Core::get(Word number) const {
    if (number == kSp) return cpu_.sp();
    if (number == kLr) return cpu_.lr;
    if (number == kPc) return at_ + 4;
    return cpu_.r[number];
}

void Core::set(Word number, Word value) {
    if (number == kSp) {
        cpu_.sp() = value & ~3u;
    } else if (number == kLr) {
        cpu_.lr = value;
    } else if (number == kPc) {
        cpu_.pc = value & ~1u;
    } else {
        cpu_.r[number] = value;
    }
}

void Core::set_flags(Word result) {
    cpu_.n = result >> 31 != 0;
    cpu_.z = result == 0;
}

Core::Sum Core::add_with_carry(Word a, Word b, bool carry) {
    const std::uint64_t wide = std::uint64_t{a} + b + (carry ? 1 : 0);
    const auto value = static_cast<Word>(wide);
    return {value, wide >> 32 != 0, ((a ^ value) & (b ^ value)) >> 31 != 0};
}

Core::Word Core::add_and_set_flags(Word a, Word b, bool carry) {
    const auto sum = add_with_carry(a, b, carry);
    set_flags(sum.value);
    cpu_.c = sum.carry;
    cpu_.v = sum.overflow;
    return sum.value;
}

/// LSL, LSR, ASR, ROR; by 0 nothing changes, and from 32 on only what is shifted in is left. Sets N, Z and C.
Core::Word Core::shifted(Word kind, Word value, Word by) {
    enum : Word { lsl, lsr, asr, ror };
    if (by != 0) {
        const Word sign = kind == asr && value >> 31 != 0 ? ~0u : 0;
        if (kind == ror) {
            value = std::rotr(value, static_cast<int>(by % 32));
            cpu_.c = value >> 31 != 0;
        } else if (by > 32) {
            cpu_.c = sign != 0;
            value = sign;
        } else {
            cpu_.c = (kind == lsl ? value >> (32 - by) & 1 : value >> (by - 1) & 1) != 0;
            const auto filled = std::uint64_t{sign} << 32 | value;
            value = static_cast<Word>(kind == lsl ? filled << by : filled >> by);
        }
    }
    set_flags(value);
    return value;
}

bool Core::holds(Word condition) const {
    const bool inverted = (condition & 1) != 0;
    switch (condition >> 1) {
        case 0: return cpu_.z != inverted;
        case 1: return cpu_.c != inverted;
        case 2: return cpu_.n != inverted;
        case 3: return cpu_.v != inverted;
        case 4: return (cpu_.c && !cpu_.z) != inverted;
        case 5: return (cpu_.n == cpu_.v) != inverted;
        default: return (cpu_.n == cpu_.v && !cpu_.z) != inverted;
    }
}

/// BX, BLX, and POP of the pc: in a handler the topmost addresses mean to return from it.
void Core::branch_exchange(Word target) {
    if (cpu_.in_handler() && target >> 28 == 0xf) return exception_return(target);
    cpu_.t = (target & 1) != 0;
    cpu_.pc = target & ~1u;
}

// ---- instructions -------------------------------------------------------------------------------

void Core::execute(Word op) {
    switch (op >> 12) {
        case 0b0000:
        case 0b0001: return shift_add_move(op);
        case 0b0010:
        case 0b0011: return immediate(op);
        case 0b0100:
            if (bits(op, 11, 10) == 0) return data_processing(op);
            if (bits(op, 11, 10) == 1) return special_data(op);
            return set(bits(op, 10, 8), bus_.read((get(kPc) & ~3u) + 4 * bits(op, 7, 0), 4));  // LDR literal
        case 0b0101: return load_store_register(op);
        case 0b0110:
        case 0b0111:
        case 0b1000: return load_store_immediate(op);
        case 0b1001:
        case 0b1010: return stack_or_address(op);
        case 0b1011: return miscellaneous(op);
        case 0b1100: return bits(op, 11, 11) != 0 ? load_multiple(op) : store_multiple(op);
        case 0b1101: return conditional(op);
        case 0b1110:
            if (bits(op, 11, 11) != 0) throw Fault{};
            return set(kPc, get(kPc) + sign_extended(bits(op, 10, 0) << 1, 12));  // B
        default: return wide(op);
    }
}

void Core::shift_add_move(Word op) {
    const auto source = get(bits(op, 5, 3));
    const auto target = bits(op, 2, 0);
    const auto kind = bits(op, 12, 11);
    if (kind != 3) {
        const auto by = bits(op, 10, 6);
        return set(target, shifted(kind, source, by == 0 && kind != 0 ? 32 : by));
    }
    const auto operand = bits(op, 10, 10) != 0 ? bits(op, 8, 6) : get(bits(op, 8, 6));
    const bool subtracts = bits(op, 9, 9) != 0;
    set(target, add_and_set_flags(source, subtracts ? ~operand : operand, subtracts));
}

void Core::immediate(Word op) {
    const auto target = bits(op, 10, 8);
    const auto value = bits(op, 7, 0);
    switch (bits(op, 12, 11)) {
        case 0:  // MOVS
            set_flags(value);
            return set(target, value);
        case 1: add_and_set_flags(get(target), ~value, true); return;               // CMP
        case 2: return set(target, add_and_set_flags(get(target), value, false));   // ADDS
        default: return set(target, add_and_set_flags(get(target), ~value, true));  // SUBS
    }
}

void Core::data_processing(Word op) {
    const auto target = bits(op, 2, 0);
    const auto a = get(target);
    const auto b = get(bits(op, 5, 3));
    const auto logical = [&](Word result) {
        set_flags(result);
        set(target, result);
    };
    switch (bits(op, 9, 6)) {
        case 0b0000: return logical(a & b);
        case 0b0001: return logical(a ^ b);
        case 0b0010: return set(target, shifted(0, a, b & 0xff));
        case 0b0011: return set(target, shifted(1, a, b & 0xff));
        case 0b0100: return set(target, shifted(2, a, b & 0xff));
        case 0b0101: return set(target, add_and_set_flags(a, b, cpu_.c));   // ADCS
        case 0b0110: return set(target, add_and_set_flags(a, ~b, cpu_.c));  // SBCS
        case 0b0111: return set(target, shifted(3, a, b & 0xff));
        case 0b1000: return set_flags(a & b);                             // TST
        case 0b1001: return set(target, add_and_set_flags(~b, 0, true));  // RSBS
        case 0b1010: add_and_set_flags(a, ~b, true); return;              // CMP
        case 0b1011: add_and_set_flags(a, b, false); return;              // CMN
        case 0b1100: return logical(a | b);
        case 0b1101: return logical(a * b);
        case 0b1110: return logical(a & ~b);
        default: return logical(~b);
    }
}

void Core::special_data(Word op) {
    const auto target = bits(op, 7, 7) << 3 | bits(op, 2, 0);
    const auto operand = get(bits(op, 6, 3));
    switch (bits(op, 9, 8)) {
        case 0: return set(target, get(target) + operand);
        case 1: add_and_set_flags(get(target), ~operand, true); return;
        case 2: return set(target, operand);
        default:
            if (bits(op, 7, 7) != 0) cpu_.lr = (at_ + 2) | 1;  // BLX
            return branch_exchange(operand);
    }
}

void Core::load_store_register(Word op) {
    const auto address = get(bits(op, 5, 3)) + get(bits(op, 8, 6));
    const auto data = bits(op, 2, 0);
    switch (bits(op, 11, 9)) {
        case 0: return bus_.write(address, get(data), 4);
        case 1: return bus_.write(address, get(data) & 0xffff, 2);
        case 2: return bus_.write(address, get(data) & 0xff, 1);
        case 3: return set(data, sign_extended(bus_.read(address, 1), 8));
        case 4: return set(data, bus_.read(address, 4));
        case 5: return set(data, bus_.read(address, 2));
        case 6: return set(data, bus_.read(address, 1));
        default: return set(data, sign_extended(bus_.read(address, 2), 16));
    }
}

void Core::load_store_immediate(Word op) {
    const auto group = op >> 12;
    Word size = 4;
    if (group == 0b0111) size = 1;
    if (group == 0b1000) size = 2;
    const auto address = get(bits(op, 5, 3)) + size * bits(op, 10, 6);
    const auto data = bits(op, 2, 0);
    if (bits(op, 11, 11) != 0) return set(data, bus_.read(address, size));
    bus_.write(address, size == 4 ? get(data) : get(data) & ((1u << 8 * size) - 1), size);
}

/// LDR and STR relative to sp, ADR, and ADD to sp.
void Core::stack_or_address(Word op) {
    const auto data = bits(op, 10, 8);
    const auto offset = 4 * bits(op, 7, 0);
    switch (bits(op, 13, 11)) {
        case 0b010: return bus_.write(get(kSp) + offset, get(data), 4);
        case 0b011: return set(data, bus_.read(get(kSp) + offset, 4));
        case 0b100: return set(data, (get(kPc) & ~3u) + offset);
        default: return set(data, get(kSp) + offset);
    }
}

void Core::miscellaneous(Word op) {
    switch (bits(op, 11, 8)) {
        case 0b0000:
            return set(kSp,
                       bits(op, 7, 7) != 0 ? get(kSp) - 4 * bits(op, 6, 0) : get(kSp) + 4 * bits(op, 6, 0));
        case 0b0010: return extend(op);
        case 0b0100:
        case 0b0101: return push(op);
        case 0b0110:  // CPSIE i, CPSID i
            if ((op & 0xffef) != 0xb662) throw Fault{};
            cpu_.primask = bits(op, 4, 4) != 0;
            return;
        case 0b1010: return reverse(op);
        case 0b1100:
        case 0b1101: return pop(op);
        case 0b1111: return hint(op);
        default: throw Fault{};  // BKPT too: there is no debugger on this side of the processor
    }
}

void Core::extend(Word op) {
    const auto value = get(bits(op, 5, 3));
    const auto target = bits(op, 2, 0);
    switch (bits(op, 7, 6)) {
        case 0: return set(target, sign_extended(value, 16));
        case 1: return set(target, sign_extended(value, 8));
        case 2: return set(target, value & 0xffff);
        default: return set(target, value & 0xff);
    }
}

void Core::reverse(Word op) {
    const auto value = get(bits(op, 5, 3));
    const auto target = bits(op, 2, 0);
    const auto halves = (value & 0x00ff'00ff) << 8 | (value >> 8 & 0x00ff'00ff);
    switch (bits(op, 7, 6)) {
        case 0: return set(target, std::rotr(halves, 16));
        case 1: return set(target, halves);
        case 3: return set(target, sign_extended(halves, 16));
        default: throw Fault{};
    }
}

void Core::hint(Word op) {
    if (bits(op, 3, 0) != 0) throw Fault{};  // IT is not ARMv6-M
    constexpr Word kWfi = 3;
    if (bits(op, 7, 4) == kWfi) cpu_.waiting = true;
}

// A transfer that faults leaves sp and the base register as they were.

void Core::push(Word op) {
    const auto list = bits(op, 7, 0) | bits(op, 8, 8) << kLr;
    if (list == 0) throw Fault{};
    const auto sp = get(kSp) - 4 * static_cast<Word>(std::popcount(list));
    auto address = sp;
    for (Word number = 0; number <= kLr; ++number) {
        if (bits(list, number, number) == 0) continue;
        bus_.write(address, get(number), 4);
        address += 4;
    }
    set(kSp, sp);
}

void Core::pop(Word op) {
    const bool with_pc = bits(op, 8, 8) != 0;
    auto address = get(kSp);
    if (bits(op, 8, 0) == 0) throw Fault{};
    for (Word number = 0; number < 8; ++number) {
        if (bits(op, number, number) == 0) continue;
        set(number, bus_.read(address, 4));
        address += 4;
    }
    const auto target = with_pc ? bus_.read(address, 4) : 0;
    set(kSp, with_pc ? address + 4 : address);
    if (with_pc) branch_exchange(target);
}

void Core::store_multiple(Word op) {
    const auto base = bits(op, 10, 8);
    auto address = get(base);
    if (bits(op, 7, 0) == 0) throw Fault{};
    for (Word number = 0; number < 8; ++number) {
        if (bits(op, number, number) == 0) continue;
        bus_.write(address, get(number), 4);
        address += 4;
    }
    set(base, address);
}

void Core::load_multiple(Word op) {
    const auto base = bits(op, 10, 8);
    const auto from = get(base);
    auto address = from;
    if (bits(op, 7, 0) == 0) throw Fault{};
    std::array<Word, 8> loaded{};
    for (Word number = 0; number < 8; ++number) {
        if (bits(op, number, number) == 0) continue;
        loaded.at(number) = bus_.read(address, 4);
        address += 4;
    }
    set(base, address);
    for (Word number = 0; number < 8; ++number)
        if (bits(op, number, number) != 0) set(number, loaded.at(number));
}

void Core::conditional(Word op) {
    constexpr Word kUndefined = 14, kSvc = 15;
    const auto condition = bits(op, 11, 8);
    if (condition == kUndefined) throw Fault{};
    if (condition == kSvc) {
        if (!state_.nvic.preempts(kSvcall, cpu_.primask)) throw Fault{};
        return enter(kSvcall, cpu_.pc);
    }
    if (holds(condition)) set(kPc, get(kPc) + sign_extended(bits(op, 7, 0) << 1, 9));
}

// ---- instructions of 32 bits --------------------------------------------------------------------

void Core::wide(Word op) {
    if (bits(op, 11, 11) != 0) throw Fault{};
    const Word second = bus_.fetch(at_ + 2);
    cpu_.pc = at_ + 4;
    if ((second & 0xd000) == 0xd000) {  // BL
        const auto sign = bits(op, 10, 10);
        const auto i1 = 1 ^ bits(second, 13, 13) ^ sign;
        const auto i2 = 1 ^ bits(second, 11, 11) ^ sign;
        const auto offset =
            sign << 24 | i1 << 23 | i2 << 22 | bits(op, 9, 0) << 12 | bits(second, 10, 0) << 1;
        cpu_.lr = cpu_.pc | 1;
        cpu_.pc = at_ + 4 + sign_extended(offset, 25);
    } else if ((op & 0xfff0) == 0xf380 && bits(second, 15, 8) == 0x88) {
        if (bits(op, 3, 0) >= kSp && bits(op, 3, 0) != kLr) throw Fault{};
        move_to_special(bits(second, 7, 0), get(bits(op, 3, 0)));
    } else if (op == 0xf3ef && bits(second, 15, 12) == 0x8) {
        move_from_special(bits(second, 11, 8), bits(second, 7, 0));
    } else if (op != 0xf3bf || bits(second, 15, 8) != 0x8f || bits(second, 7, 4) < 4 ||
               bits(second, 7, 4) > 6) {
        throw Fault{};  // but DSB, DMB and ISB: every step is over before the next begins
    }
}

namespace {
enum Special : Word { MSP = 8, PSP = 9, PRIMASK = 16, CONTROL = 20 };
constexpr Word kUndefinedPsr = 4;
constexpr Word kFlags = 0xf000'0000;
}  // namespace

void Core::move_from_special(Word to, Word which) {
    if (to == kSp || to == kPc) throw Fault{};
    switch (which) {
        case MSP: return set(to, cpu_.msp);
        case PSP: return set(to, cpu_.psp);
        case PRIMASK: return set(to, cpu_.primask ? 1 : 0);
        case CONTROL: return set(to, cpu_.spsel ? 2 : 0);
        default: break;
    }
    if (which >= MSP || which == kUndefinedPsr) throw Fault{};
    Word value = 0;
    if ((which & 1) != 0) value |= cpu_.ipsr;
    if ((which & 4) == 0) value |= cpu_.xpsr() & kFlags;
    set(to, value);
}

void Core::move_to_special(Word which, Word value) {
    switch (which) {
        case MSP: cpu_.msp = value & ~3u; return;
        case PSP: cpu_.psp = value & ~3u; return;
        case PRIMASK: cpu_.primask = (value & 1) != 0; return;
        case CONTROL:
            if (!cpu_.in_handler()) cpu_.spsel = (value & 2) != 0;
            return;
        default: break;
    }
    if (which >= MSP || which == kUndefinedPsr) throw Fault{};
    if ((which & 4) == 0) cpu_.set_apsr(value);
}

}  // namespace backspin::m0
