#include "emu/fp/software.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace backspin::emu::fp::software {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr int kWideBits = 128;

int width_of(Wide value) {
    const auto high = static_cast<std::uint64_t>(value >> 64);
    const int zeros =
        high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(value));
    return kWideBits - zeros;
}

/// A finite number, significand * 2^exponent. The significand's last bit may stand for all that follows it
/// ("sticky"), as long as it lies at least two bits below the last one of the format.
struct Number {
    bool negative = false;
    int exponent = 0;
    Wide significand = 0;
};

/// The significand has its top bit at 63, or is 0.
template <Float F>
Number unpack(F f) {
    const int field = static_cast<int>(magnitude(f).bits >> F::kFractionBits);
    const std::uint64_t fraction = f.bits & Format<F>::kFraction;
    const std::uint64_t significand = field == 0 ? fraction : fraction | std::uint64_t{1} << F::kFractionBits;
    if (significand == 0) return {is_negative(f), 0, 0};
    const int shift = std::countl_zero(significand);
    const int exponent = Format<F>::kMinExponent + std::max(field - 1, 0) - F::kFractionBits;
    return {is_negative(f), exponent - shift, significand << shift};
}

// ---- rounding -----------------------------------------------------------------------------------

/// value / 2^shift, with the last bit set if anything was lost.
Wide shift_right_sticky(Wide value, int shift) {
    if (shift == 0) return value;
    if (shift >= kWideBits) return Wide{value != 0};
    return value >> shift | Wide{value << (kWideBits - shift) != 0};
}

struct Rounded {
    Wide value = 0;
    bool inexact = false;
};

/// value / 2^shift as an integer. Precondition: the result, with two bits more, fits.
Rounded round_off(Wide value, int shift, bool negative, Rounding rounding) {
    if (shift <= 0) return {value << -shift, false};
    const Wide quarters = shift >= 2 ? shift_right_sticky(value, shift - 2) : value << 1;
    const Wide kept = quarters >> 2;
    const unsigned rest = static_cast<unsigned>(quarters & 3);  // 2: halfway
    bool away = false;
    switch (rounding) {
        case Rounding::nearest_even: away = rest > 2 || (rest == 2 && (kept & 1) != 0); break;
        case Rounding::toward_zero: break;
        case Rounding::down: away = negative && rest != 0; break;
        case Rounding::up: away = !negative && rest != 0; break;
        case Rounding::nearest_max_magnitude: away = rest >= 2; break;
    }
    return {kept + Wide{away}, rest != 0};
}

template <Float F>
F overflowed(Environment& env, bool negative) {
    env.raise(flag::overflow | flag::inexact);
    const auto stays_finite =
        env.rounding == Rounding::toward_zero || env.rounding == (negative ? Rounding::up : Rounding::down);
    const auto result = infinity<F>(negative);
    return stays_finite ? F{static_cast<typename F::Bits>(result.bits - 1)} : result;
}

/// The number in the format, rounded once; -0 or +0 by its sign.
template <Float F>
F round(Environment& env, const Number& n) {
    using Format = fp::Format<F>;
    if (n.significand == 0) return zero<F>(n.negative);
    const int exponent = n.exponent + width_of(n.significand) - 1;
    const bool below_normal = exponent < Format::kMinExponent;
    const int last_bit = std::max(exponent, Format::kMinExponent) - Format::kFractionBits;
    const auto rounded = round_off(n.significand, last_bit - n.exponent, n.negative, env.rounding);

    // A normal number's leading one, and a carry out of the fraction, count the exponent field up by one.
    const int steps_above_min = std::max(exponent, Format::kMinExponent) - Format::kMinExponent;
    const auto bits = (static_cast<std::uint64_t>(steps_above_min) << Format::kFractionBits) +
                      static_cast<std::uint64_t>(rounded.value);
    if (bits >= Format::kInfinity) return overflowed<F>(env, n.negative);
    if (rounded.inexact) env.raise(flag::inexact);
    if (rounded.inexact && below_normal) {
        // Tiny is what lies below the normal numbers after rounding to full precision, with exponents
        // unbounded.
        const int full_shift = exponent - Format::kFractionBits - n.exponent;
        const auto full = round_off(n.significand, full_shift, n.negative, env.rounding).value;
        const bool reaches_normal = exponent == Format::kMinExponent - 1 && full >> Format::kPrecision != 0;
        if (!reaches_normal) env.raise(flag::underflow);
    }
    return {static_cast<typename F::Bits>(zero<F>(n.negative).bits | bits)};
}

// ---- sums ---------------------------------------------------------------------------------------

/// Precondition: significands that are not 0 have their top bit at 124 or 125 and 20 zeros at the end. What
/// is shifted out of the smaller one is then too far below the sum's top bit to be more than sticky.
template <Float F>
F round_sum(Environment& env, Number a, Number b) {
    const bool zero_is_negative = env.rounding == Rounding::down;
    if (a.significand == 0 && b.significand == 0) {
        return zero<F>(a.negative == b.negative ? a.negative : zero_is_negative);
    }
    if (a.significand == 0) return round<F>(env, b);
    if (b.significand == 0) return round<F>(env, a);
    if (a.exponent < b.exponent) std::swap(a, b);
    b.significand = shift_right_sticky(b.significand, a.exponent - b.exponent);
    if (a.negative == b.negative) {
        return round<F>(env, {a.negative, a.exponent, a.significand + b.significand});
    }
    if (a.significand == b.significand) return zero<F>(zero_is_negative);
    if (a.significand > b.significand) {
        return round<F>(env, {a.negative, a.exponent, a.significand - b.significand});
    }
    return round<F>(env, {b.negative, a.exponent, b.significand - a.significand});
}

/// For round_sum.
Number raised(const Number& n) {
    return {n.negative, n.exponent - 62, n.significand << 62};
}

/// The largest r with r * r <= value, which must be less than 4^bits.
Wide integer_root(Wide value, int bits) {
    Wide root = 0;
    for (int bit = bits - 1; bit >= 0; --bit) {
        const Wide candidate = root | Wide{1} << bit;
        if (candidate * candidate <= value) root = candidate;
    }
    return root;
}

template <class I>
constexpr std::uint64_t kLargest = static_cast<std::uint64_t>(std::numeric_limits<I>::max());
/// The largest magnitude of a negative value.
template <class I>
constexpr std::uint64_t kLargestNegative = std::is_signed_v<I> ? kLargest<I> + 1 : 0;

template <class I>
I out_of_range(Environment& env, bool negative) {
    env.raise(flag::invalid);
    return negative ? std::numeric_limits<I>::min() : std::numeric_limits<I>::max();
}

}  // namespace

// ---- operations ---------------------------------------------------------------------------------

template <Float F>
F add(Environment& env, F a, F b) {
    if (is_nan(a) || is_nan(b)) return propagate_nan(env, a, b);
    if (is_infinite(a) && is_infinite(b) && a != b) return invalid<F>(env);
    if (is_infinite(a)) return a;
    if (is_infinite(b)) return b;
    return round_sum<F>(env, raised(unpack(a)), raised(unpack(b)));
}

template <Float F>
F mul(Environment& env, F a, F b) {
    if (is_nan(a) || is_nan(b)) return propagate_nan(env, a, b);
    const bool negative = is_negative(a) != is_negative(b);
    if (is_infinite(a) || is_infinite(b)) {
        return is_zero(a) || is_zero(b) ? invalid<F>(env) : infinity<F>(negative);
    }
    const auto x = unpack(a);
    const auto y = unpack(b);
    return round<F>(env, {negative, x.exponent + y.exponent, x.significand * y.significand});
}

template <Float F>
F div(Environment& env, F a, F b) {
    if (is_nan(a) || is_nan(b)) return propagate_nan(env, a, b);
    const bool negative = is_negative(a) != is_negative(b);
    if ((is_infinite(a) && is_infinite(b)) || (is_zero(a) && is_zero(b))) return invalid<F>(env);
    if (is_infinite(a)) return infinity<F>(negative);
    if (is_infinite(b)) return zero<F>(negative);
    if (is_zero(b)) {
        env.raise(flag::divide_by_zero);
        return infinity<F>(negative);
    }
    const auto x = unpack(a);
    const auto y = unpack(b);
    const Wide dividend = x.significand << 63;
    const Wide quotient = dividend / y.significand;  // 63 bits or more
    const bool more = quotient * y.significand != dividend;
    return round<F>(env, {negative, x.exponent - y.exponent - 63, quotient | Wide{more}});
}

template <Float F>
F sqrt(Environment& env, F a) {
    if (is_nan(a)) return propagate_nan(env, a);
    if (is_zero(a)) return a;
    if (is_negative(a)) return invalid<F>(env);
    if (is_infinite(a)) return a;
    constexpr int root_bits = Format<F>::kPrecision + 2;
    const auto x = unpack(a);
    // Twice as many bits as the root shall have, or one less, so that the exponent is even. To the right,
    // only zeros are lost.
    const int shift = 2 * root_bits - 64 - (x.exponent & 1);
    const Wide radicand = shift >= 0 ? x.significand << shift : x.significand >> -shift;
    const Wide root = integer_root(radicand, root_bits);
    const bool more = root * root != radicand;
    return round<F>(env, {false, (x.exponent - shift) / 2 - 1, root << 1 | Wide{more}});
}

template <Float F>
F fma(Environment& env, F a, F b, F c) {
    if ((is_infinite(a) && is_zero(b)) || (is_zero(a) && is_infinite(b))) return invalid<F>(env);
    if (is_nan(a) || is_nan(b) || is_nan(c)) return propagate_nan(env, a, b, c);
    const bool negative = is_negative(a) != is_negative(b);
    if (is_infinite(a) || is_infinite(b)) {
        return is_infinite(c) && is_negative(c) != negative ? invalid<F>(env) : infinity<F>(negative);
    }
    if (is_infinite(c)) return c;
    const auto x = unpack(a);
    const auto y = unpack(b);
    const Number product{negative, x.exponent + y.exponent + 2, (x.significand * y.significand) >> 2};
    return round_sum<F>(env, product, raised(unpack(c)));
}

template <Float To, Float From>
To convert(Environment& env, From a) {
    if (is_signaling(a)) env.raise(flag::invalid);
    if (is_nan(a)) return Format<To>::kCanonicalNan;
    if (is_infinite(a)) return infinity<To>(is_negative(a));
    return round<To>(env, unpack(a));
}

template <class I, Float F>
I to_integer(Environment& env, F a) {
    if (is_nan(a)) return out_of_range<I>(env, false);
    const auto x = unpack(a);
    // With the top bit at 63, an exponent above 0 is 2^64 or more.
    if (is_infinite(a) || x.exponent > 0) return out_of_range<I>(env, x.negative);
    const auto rounded = round_off(x.significand, -x.exponent, x.negative, env.rounding);
    if (rounded.value > (x.negative ? kLargestNegative<I> : kLargest<I>))
        return out_of_range<I>(env, x.negative);
    if (rounded.inexact) env.raise(flag::inexact);
    const auto value = static_cast<std::uint64_t>(rounded.value);
    return static_cast<I>(x.negative ? 0 - value : value);
}

template <Float F, class I>
F from_integer(Environment& env, I a) {
    const bool negative = a < 0;
    const auto value = static_cast<std::uint64_t>(a);
    return round<F>(env, {negative, 0, negative ? 0 - value : value});
}

// ---- instances ----------------------------------------------------------------------------------

#define INTEGER_INSTANCES(F, I)                          \
    template I to_integer<I, F>(Environment & env, F a); \
    template F from_integer<F, I>(Environment & env, I a);
#define INSTANCES(F)                                      \
    template F add<F>(Environment & env, F a, F b);       \
    template F mul<F>(Environment & env, F a, F b);       \
    template F div<F>(Environment & env, F a, F b);       \
    template F sqrt<F>(Environment & env, F a);           \
    template F fma<F>(Environment & env, F a, F b, F c);  \
    template f16 convert<f16, F>(Environment & env, F a); \
    template f32 convert<f32, F>(Environment & env, F a); \
    template f64 convert<f64, F>(Environment & env, F a); \
    INTEGER_INSTANCES(F, std::int32_t)                    \
    INTEGER_INSTANCES(F, std::uint32_t)                   \
    INTEGER_INSTANCES(F, std::int64_t)                    \
    INTEGER_INSTANCES(F, std::uint64_t)
INSTANCES(f16)
INSTANCES(f32)
INSTANCES(f64)

}  // namespace backspin::emu::fp::software
