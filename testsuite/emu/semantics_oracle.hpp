// A second statement of what each computing instruction does, which shares nothing with the table: digit by
// digit where the table uses the host's arithmetic.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "emu/isa/instruction.hpp"

namespace backspin::emu::testing::oracle {

using X = std::uint64_t;

inline bool bit_of(X value, unsigned n) {
    return (value >> n & 1) != 0;
}
inline bool negative(X value) {
    return bit_of(value, 63);
}
inline X minus(X value) {
    return ~value + 1;
}
inline X magnitude(X value) {
    return negative(value) ? minus(value) : value;
}
inline X low_word(X value) {
    return value & 0xffffffff;
}
inline X extended(X word) {
    return bit_of(word, 31) ? low_word(word) | 0xffffffff00000000 : low_word(word);
}

/// Two's complement order without a signed type: flipping the sign bits makes it the unsigned order.
inline bool less_signed(X a, X b) {
    return (a ^ X{1} << 63) < (b ^ X{1} << 63);
}

inline X add_bits(X a, X b) {
    X sum = 0;
    bool carry = false;
    for (unsigned n = 0; n < 64; ++n) {
        const int ones = bit_of(a, n) + bit_of(b, n) + carry;
        if (ones & 1) sum |= X{1} << n;
        carry = ones >= 2;
    }
    return sum;
}
inline X shift_left(X value, X by) {
    for (; by > 0; --by) value = add_bits(value, value);
    return value;
}
inline X shift_right(X value, X by, bool fill, unsigned width = 64) {
    for (; by > 0; --by) value = value >> 1 | (fill ? X{1} << (width - 1) : 0);
    return value;
}

struct Product {
    X high = 0, low = 0;
};
/// Schoolbook, in halves.
inline Product multiply(X a, X b) {
    const X a0 = low_word(a), a1 = a >> 32, b0 = low_word(b), b1 = b >> 32;
    const X cross = a1 * b0 + (a0 * b0 >> 32);
    const X middle = a0 * b1 + low_word(cross);
    return {a1 * b1 + (cross >> 32) + (middle >> 32), middle << 32 | low_word(a0 * b0)};
}
inline Product negated(Product p) {
    const auto low = minus(p.low);
    return {~p.high + (low == 0 ? 1 : 0), low};
}
inline X high_signed(X a, X b) {
    const auto product = multiply(magnitude(a), magnitude(b));
    return (negative(a) != negative(b) ? negated(product) : product).high;
}
inline X high_mixed(X a, X b) {
    const auto product = multiply(magnitude(a), b);
    return (negative(a) ? negated(product) : product).high;
}

struct Division {
    X quotient = 0, remainder = 0;
};
/// Long division in binary. Source for zero: The RISC-V Instruction Set Manual, Volume I, table "Semantics
/// for division by zero and division overflow".
inline Division divide(X n, X d) {
    if (d == 0) return {~X{0}, n};
    Division result;
    for (unsigned i = 64; i-- > 0;) {
        const bool carry = negative(result.remainder);
        result.remainder = result.remainder << 1 | (bit_of(n, i) ? 1 : 0);
        if (carry || result.remainder >= d) {
            result.remainder -= d;
            result.quotient |= X{1} << i;
        }
    }
    return result;
}
/// Rounds towards zero; the remainder has the dividend's sign. Overflow comes out right by itself: the
/// magnitude of the least number is its own bit pattern.
inline Division divide_signed(X n, X d) {
    if (d == 0) return {~X{0}, n};
    auto result = divide(magnitude(n), magnitude(d));
    if (negative(n) != negative(d)) result.quotient = minus(result.quotient);
    if (negative(n)) result.remainder = minus(result.remainder);
    return result;
}

using Binary = std::function<X(X a, X b)>;

/// By opcode: register forms with b the second register, immediate forms with b the sign-extended immediate.
inline const std::map<Opcode, Binary>& register_results() {
    static const auto slt = [](X a, X b) { return X{less_signed(a, b)}; };
    static const auto sltu = [](X a, X b) { return X{b > a}; };
    static const auto exclusive = [](X a, X b) { return (a | b) & ~(a & b); };
    static const auto either = [](X a, X b) { return ~(~a & ~b); };
    static const auto both = [](X a, X b) { return ~(~a | ~b); };
    static const auto sll = [](X a, X b) { return shift_left(a, b % 64); };
    static const auto srl = [](X a, X b) { return shift_right(a, b % 64, false); };
    static const auto sra = [](X a, X b) { return shift_right(a, b % 64, negative(a)); };
    static const auto addw = [](X a, X b) { return extended(add_bits(a, b)); };
    static const auto sllw = [](X a, X b) { return extended(shift_left(low_word(a), b % 32)); };
    static const auto srlw = [](X a, X b) { return extended(shift_right(low_word(a), b % 32, false, 32)); };
    static const auto sraw = [](X a, X b) {
        return extended(shift_right(low_word(a), b % 32, bit_of(a, 31), 32));
    };
    static const std::map<Opcode, Binary> kOracle{
        {Opcode::addi, add_bits},
        {Opcode::slti, slt},
        {Opcode::sltiu, sltu},
        {Opcode::xori, exclusive},
        {Opcode::ori, either},
        {Opcode::andi, both},
        {Opcode::slli, sll},
        {Opcode::srli, srl},
        {Opcode::srai, sra},
        {Opcode::add, add_bits},
        {Opcode::sub, [](X a, X b) { return add_bits(a, minus(b)); }},
        {Opcode::sll, sll},
        {Opcode::slt, slt},
        {Opcode::sltu, sltu},
        {Opcode::xor_, exclusive},
        {Opcode::srl, srl},
        {Opcode::sra, sra},
        {Opcode::or_, either},
        {Opcode::and_, both},
        {Opcode::addiw, addw},
        {Opcode::slliw, sllw},
        {Opcode::srliw, srlw},
        {Opcode::sraiw, sraw},
        {Opcode::addw, addw},
        {Opcode::subw, [](X a, X b) { return extended(add_bits(a, minus(b))); }},
        {Opcode::sllw, sllw},
        {Opcode::srlw, srlw},
        {Opcode::sraw, sraw},
        {Opcode::mul, [](X a, X b) { return multiply(a, b).low; }},
        {Opcode::mulh, high_signed},
        {Opcode::mulhsu, high_mixed},
        {Opcode::mulhu, [](X a, X b) { return multiply(a, b).high; }},
        {Opcode::div, [](X a, X b) { return divide_signed(a, b).quotient; }},
        {Opcode::divu, [](X a, X b) { return divide(a, b).quotient; }},
        {Opcode::rem, [](X a, X b) { return divide_signed(a, b).remainder; }},
        {Opcode::remu, [](X a, X b) { return divide(a, b).remainder; }},
        {Opcode::mulw, [](X a, X b) { return extended(multiply(a, b).low); }},
        {Opcode::divw, [](X a, X b) { return extended(divide_signed(extended(a), extended(b)).quotient); }},
        {Opcode::divuw, [](X a, X b) { return extended(divide(low_word(a), low_word(b)).quotient); }},
        {Opcode::remw, [](X a, X b) { return extended(divide_signed(extended(a), extended(b)).remainder); }},
        {Opcode::remuw, [](X a, X b) { return extended(divide(low_word(a), low_word(b)).remainder); }},
    };
    return kOracle;
}

}  // namespace backspin::emu::testing::oracle
