// A second statement of what each computing instruction does, which shares nothing with the table: digit by
// digit where the table uses the host's arithmetic.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "emu/isa/instruction.hpp"

namespace backspin::emu::testing {

/// Arithmetic on registers of 32 or 64 bits. Values of 32 bits have zeros above them.
class Oracle {
  public:
    using X = std::uint64_t;

    explicit Oracle(unsigned width) : width_(width) {}

    unsigned width() const { return width_; }
    X all_ones() const { return width_ == 64 ? ~X{0} : (X{1} << width_) - 1; }
    X low(X value) const { return value & all_ones(); }

    static bool bit_of(X value, unsigned n) { return (value >> n & 1) != 0; }
    bool negative(X value) const { return bit_of(value, width_ - 1); }
    X minus(X value) const { return low(~value + 1); }
    X magnitude(X value) const { return negative(value) ? minus(value) : value; }

    /// The lowest bits of `value`, so many; those above are copies of the highest of them, or zeros.
    X sign_extended(X value, unsigned bits) const {
        return each_bit([&](unsigned n) { return bit_of(value, n < bits ? n : bits - 1); });
    }
    X zero_extended(X value, unsigned bits) const {
        return each_bit([&](unsigned n) { return n < bits && bit_of(value, n); });
    }

    /// Two's complement order without a signed type: flipping the sign bits makes it the unsigned order.
    bool less_signed(X a, X b) const {
        const X sign = X{1} << (width_ - 1);
        return (a ^ sign) < (b ^ sign);
    }

    X add(X a, X b) const {
        bool carry = false;
        return each_bit([&](unsigned n) {
            const int ones = bit_of(a, n) + bit_of(b, n) + carry;
            carry = ones >= 2;
            return (ones & 1) != 0;
        });
    }
    X subtract(X a, X b) const { return add(a, minus(b)); }
    X shift_left(X value, X by) const {
        for (by %= width_; by > 0; --by) value = add(value, value);
        return value;
    }
    X shift_right(X value, X by, bool fill) const {
        for (by %= width_; by > 0; --by) value = value >> 1 | (fill ? X{1} << (width_ - 1) : 0);
        return value;
    }

    struct Product {
        X high = 0, low = 0;
    };
    /// Schoolbook, in halves.
    Product multiply(X a, X b) const {
        const unsigned half = width_ / 2;
        const X low_half = (X{1} << half) - 1;
        const X a0 = a & low_half, a1 = a >> half, b0 = b & low_half, b1 = b >> half;
        const X cross = a1 * b0 + (a0 * b0 >> half);
        const X middle = a0 * b1 + (cross & low_half);
        return {a1 * b1 + (cross >> half) + (middle >> half), low(middle << half | (a0 * b0 & low_half))};
    }
    X high_signed(X a, X b) const {
        const auto product = multiply(magnitude(a), magnitude(b));
        return (negative(a) != negative(b) ? negated(product) : product).high;
    }
    X high_mixed(X a, X b) const {
        const auto product = multiply(magnitude(a), b);
        return (negative(a) ? negated(product) : product).high;
    }

    struct Division {
        X quotient = 0, remainder = 0;
    };
    /// Long division in binary. Source for zero: The RISC-V Instruction Set Manual, Volume I, table
    /// "Semantics for division by zero and division overflow".
    Division divide(X n, X d) const {
        if (d == 0) return {all_ones(), n};
        Division result;
        for (unsigned i = width_; i-- > 0;) {
            const bool carry = negative(result.remainder);
            result.remainder = low(result.remainder << 1) | (bit_of(n, i) ? 1 : 0);
            if (carry || result.remainder >= d) {
                result.remainder = low(result.remainder - d);
                result.quotient |= X{1} << i;
            }
        }
        return result;
    }
    /// Rounds towards zero; the remainder has the dividend's sign. Overflow comes out right by itself: the
    /// magnitude of the least number is its own bit pattern.
    Division divide_signed(X n, X d) const {
        if (d == 0) return {all_ones(), n};
        auto result = divide(magnitude(n), magnitude(d));
        if (negative(n) != negative(d)) result.quotient = minus(result.quotient);
        if (negative(n)) result.remainder = minus(result.remainder);
        return result;
    }

    // ---- bit by bit ---------------------------------------------------------------------------------

    /// Bit n of the result is value(n), asked from 0 up.
    template <class Value>
    X each_bit(Value value) const {
        X result = 0;
        for (unsigned n = 0; n < width_; ++n) {
            if (value(n)) result |= X{1} << n;
        }
        return result;
    }
    template <class Combine>
    X combine(X a, X b, Combine of_two_bits) const {
        return each_bit([&](unsigned n) { return of_two_bits(bit_of(a, n), bit_of(b, n)); });
    }
    /// Bit n of the value goes to place(n).
    template <class Place>
    X permute(X value, Place place) const {
        X result = 0;
        for (unsigned n = 0; n < width_; ++n) {
            if (bit_of(value, n)) result |= X{1} << place(n);
        }
        return result;
    }
    X rotate_left(X value, X by) const {
        return permute(value, [&](unsigned n) { return (n + by) % width_; });
    }
    X rotate_right(X value, X by) const { return rotate_left(value, width_ - by % width_); }

    X ones(X value) const {
        X count = 0;
        for (unsigned n = 0; n < width_; ++n) count += bit_of(value, n);
        return count;
    }
    X trailing_zeros(X value) const {
        unsigned n = 0;
        while (n < width_ && !bit_of(value, n)) ++n;
        return n;
    }
    X leading_zeros(X value) const {
        unsigned n = 0;
        while (n < width_ && !bit_of(value, width_ - 1 - n)) ++n;
        return n;
    }
    X or_combine(X value) const {
        return each_bit([&](unsigned n) { return (value >> n / 8 * 8 & 0xff) != 0; });
    }
    /// Bits `lowest` and above of the product of polynomials: bit n is the parity of the pairs of bits whose
    /// numbers add up to it.
    X carryless(X a, X b, unsigned lowest) const {
        return each_bit([&](unsigned n) {
            bool odd = false;
            for (unsigned i = 0; i < width_; ++i) {
                const auto other = n + lowest - i;  // may wrap around to a number too large
                if (other < width_) odd ^= bit_of(a, i) && bit_of(b, other);
            }
            return odd;
        });
    }
    /// The value with one bit made what `change` makes of it.
    template <class Change>
    X with_bit(X value, X index, Change change) const {
        return each_bit(
            [&](unsigned n) { return n == index % width_ ? change(bit_of(value, n)) : bit_of(value, n); });
    }

  private:
    Product negated(Product p) const {
        const auto low_part = minus(p.low);
        return {low(~p.high + (low_part == 0 ? 1 : 0)), low_part};
    }

    unsigned width_;
};

using Binary = std::function<std::uint64_t(std::uint64_t a, std::uint64_t b)>;
/// By opcode: register forms with b the second register, immediate forms with b the sign-extended immediate.
using Results = std::map<Opcode, Binary>;

/// What is the same for both widths.
inline Results results_of_any_width(const Oracle& o) {
    using X = Oracle::X;
    const Binary add = [o](X a, X b) { return o.add(a, b); };
    const Binary slt = [o](X a, X b) { return X{o.less_signed(a, b)}; };
    const Binary sltu = [](X a, X b) { return X{b > a}; };
    const Binary exclusive = [o](X a, X b) { return o.combine(a, b, [](bool x, bool y) { return x != y; }); };
    const Binary either = [o](X a, X b) { return o.combine(a, b, [](bool x, bool y) { return x || y; }); };
    const Binary both = [o](X a, X b) { return o.combine(a, b, [](bool x, bool y) { return x && y; }); };
    const Binary sll = [o](X a, X b) { return o.shift_left(a, b); };
    const Binary srl = [o](X a, X b) { return o.shift_right(a, b, false); };
    const Binary sra = [o](X a, X b) { return o.shift_right(a, b, o.negative(a)); };
    return {
        {Opcode::addi, add},
        {Opcode::slti, slt},
        {Opcode::sltiu, sltu},
        {Opcode::xori, exclusive},
        {Opcode::ori, either},
        {Opcode::andi, both},
        {Opcode::slli, sll},
        {Opcode::srli, srl},
        {Opcode::srai, sra},
        {Opcode::add, add},
        {Opcode::sub, [o](X a, X b) { return o.subtract(a, b); }},
        {Opcode::sll, sll},
        {Opcode::slt, slt},
        {Opcode::sltu, sltu},
        {Opcode::xor_, exclusive},
        {Opcode::srl, srl},
        {Opcode::sra, sra},
        {Opcode::or_, either},
        {Opcode::and_, both},
        {Opcode::mul, [o](X a, X b) { return o.multiply(a, b).low; }},
        {Opcode::mulh, [o](X a, X b) { return o.high_signed(a, b); }},
        {Opcode::mulhsu, [o](X a, X b) { return o.high_mixed(a, b); }},
        {Opcode::mulhu, [o](X a, X b) { return o.multiply(a, b).high; }},
        {Opcode::div, [o](X a, X b) { return o.divide_signed(a, b).quotient; }},
        {Opcode::divu, [o](X a, X b) { return o.divide(a, b).quotient; }},
        {Opcode::rem, [o](X a, X b) { return o.divide_signed(a, b).remainder; }},
        {Opcode::remu, [o](X a, X b) { return o.divide(a, b).remainder; }},
    };
}

/// Zba, Zbb, Zbkb, Zbc, Zbs and Zicond, as far as both widths have the instruction.
inline Results bit_manipulation_of_any_width(const Oracle& o) {
    using X = Oracle::X;
    const auto shift_add = [o](unsigned by) {
        return [o, by](X a, X b) { return o.add(o.shift_left(a, by), b); };
    };
    const Binary ror = [o](X a, X b) { return o.rotate_right(a, b); };
    const Binary bclr = [o](X a, X b) { return o.with_bit(a, b, [](bool) { return false; }); };
    const Binary bset = [o](X a, X b) { return o.with_bit(a, b, [](bool) { return true; }); };
    const Binary binv = [o](X a, X b) { return o.with_bit(a, b, [](bool old) { return !old; }); };
    const Binary bext = [o](X a, X b) { return X{o.bit_of(a, static_cast<unsigned>(b % o.width()))}; };
    const Binary reverse_bytes = [o](X a, X) {
        return o.permute(a, [&](unsigned n) { return o.width() - 8 - n / 8 * 8 + n % 8; });
    };
    const Binary zext_h = [o](X a, X) { return o.zero_extended(a, 16); };
    const auto w = o.width();
    return {
        {Opcode::sh1add, shift_add(1)},
        {Opcode::sh2add, shift_add(2)},
        {Opcode::sh3add, shift_add(3)},
        {Opcode::andn, [o](X a, X b) { return o.combine(a, b, [](bool x, bool y) { return x && !y; }); }},
        {Opcode::orn, [o](X a, X b) { return o.combine(a, b, [](bool x, bool y) { return x || !y; }); }},
        {Opcode::xnor, [o](X a, X b) { return o.combine(a, b, [](bool x, bool y) { return x == y; }); }},
        {Opcode::rol, [o](X a, X b) { return o.rotate_left(a, b); }},
        {Opcode::ror, ror},
        {Opcode::rori, ror},
        {w == 64 ? Opcode::rev8 : Opcode::rev8_, reverse_bytes},
        {Opcode::clz, [o](X a, X) { return o.leading_zeros(a); }},
        {Opcode::ctz, [o](X a, X) { return o.trailing_zeros(a); }},
        {Opcode::cpop, [o](X a, X) { return o.ones(a); }},
        {Opcode::sext_b, [o](X a, X) { return o.sign_extended(a, 8); }},
        {Opcode::sext_h, [o](X a, X) { return o.sign_extended(a, 16); }},
        {w == 64 ? Opcode::zext_h : Opcode::zext_h_, zext_h},
        {Opcode::orc_b, [o](X a, X) { return o.or_combine(a); }},
        {Opcode::min, [o](X a, X b) { return o.less_signed(b, a) ? b : a; }},
        {Opcode::minu, [](X a, X b) { return b < a ? b : a; }},
        {Opcode::max, [o](X a, X b) { return o.less_signed(b, a) ? a : b; }},
        {Opcode::maxu, [](X a, X b) { return b < a ? a : b; }},
        {Opcode::pack,
         [o, w](X a, X b) {
             return o.zero_extended(a, w / 2) | o.shift_left(o.zero_extended(b, w / 2), w / 2);
         }},
        {Opcode::packh,
         [o](X a, X b) { return o.zero_extended(a, 8) | o.shift_left(o.zero_extended(b, 8), 8); }},
        {Opcode::brev8,
         [o](X a, X) { return o.permute(a, [](unsigned n) { return n / 8 * 8 + 7 - n % 8; }); }},
        {Opcode::clmul, [o](X a, X b) { return o.carryless(a, b, 0); }},
        {Opcode::clmulr, [o, w](X a, X b) { return o.carryless(a, b, w - 1); }},
        {Opcode::clmulh, [o, w](X a, X b) { return o.carryless(a, b, w); }},
        {Opcode::bclr, bclr},
        {Opcode::bclri, bclr},
        {Opcode::bset, bset},
        {Opcode::bseti, bset},
        {Opcode::binv, binv},
        {Opcode::binvi, binv},
        {Opcode::bext, bext},
        {Opcode::bexti, bext},
        {Opcode::czero_eqz, [](X a, X b) { return b == 0 ? X{0} : a; }},
        {Opcode::czero_nez, [](X a, X b) { return b == 0 ? a : X{0}; }},
    };
}

/// Only in RV32.
inline Results results_of_32(const Oracle& o) {
    using X = Oracle::X;
    return {
        {Opcode::zip,
         [o](X a, X) { return o.permute(a, [](unsigned n) { return n < 16 ? 2 * n : 2 * n - 31; }); }},
        {Opcode::unzip, [o](X a, X) { return o.permute(a, [](unsigned n) { return n / 2 + n % 2 * 16; }); }},
    };
}

/// Only in RV64: mostly what RV32 does, on the low words of the operands, sign-extended.
inline Results results_of_64(const Oracle& o) {
    using X = Oracle::X;
    const Oracle word(32);
    const auto any = results_of_any_width(word), bits = bit_manipulation_of_any_width(word);
    const auto of_words = [&](Opcode opcode) {
        const auto narrow = any.contains(opcode) ? any.at(opcode) : bits.at(opcode);
        return [=](X a, X b) { return o.sign_extended(narrow(word.low(a), word.low(b)), 32); };
    };
    const auto shift_add = [o](unsigned by) {
        return [o, by](X a, X b) { return o.add(o.shift_left(o.zero_extended(a, 32), by), b); };
    };
    return {
        {Opcode::addiw, of_words(Opcode::add)},
        {Opcode::slliw, of_words(Opcode::sll)},
        {Opcode::srliw, of_words(Opcode::srl)},
        {Opcode::sraiw, of_words(Opcode::sra)},
        {Opcode::addw, of_words(Opcode::add)},
        {Opcode::subw, of_words(Opcode::sub)},
        {Opcode::sllw, of_words(Opcode::sll)},
        {Opcode::srlw, of_words(Opcode::srl)},
        {Opcode::sraw, of_words(Opcode::sra)},
        {Opcode::mulw, of_words(Opcode::mul)},
        {Opcode::divw, of_words(Opcode::div)},
        {Opcode::divuw, of_words(Opcode::divu)},
        {Opcode::remw, of_words(Opcode::rem)},
        {Opcode::remuw, of_words(Opcode::remu)},
        {Opcode::rolw, of_words(Opcode::rol)},
        {Opcode::rorw, of_words(Opcode::ror)},
        {Opcode::roriw, of_words(Opcode::ror)},
        {Opcode::clzw, of_words(Opcode::clz)},
        {Opcode::ctzw, of_words(Opcode::ctz)},
        {Opcode::cpopw, of_words(Opcode::cpop)},
        {Opcode::packw, of_words(Opcode::pack)},
        {Opcode::add_uw, shift_add(0)},
        {Opcode::sh1add_uw, shift_add(1)},
        {Opcode::sh2add_uw, shift_add(2)},
        {Opcode::sh3add_uw, shift_add(3)},
        {Opcode::slli_uw, [o](X a, X b) { return o.shift_left(o.zero_extended(a, 32), b); }},
    };
}

/// All of them, for one width.
inline Results register_results(const Oracle& o) {
    auto results = results_of_any_width(o);
    results.merge(bit_manipulation_of_any_width(o));
    results.merge(o.width() == 32 ? results_of_32(o) : results_of_64(o));
    return results;
}

}  // namespace backspin::emu::testing
