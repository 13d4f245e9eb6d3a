// The usual cases, left to plain C++: rounding to nearest-even, with the inexact flag already raised, a
// result that is an ordinary number can raise no flag any more; and what is exact raises none in any mode.
//
// The compiler's arithmetic rounds to nearest-even: nothing in this program leaves the host in another mode.
// Each function gives the result if it is sure of it, and changes nothing otherwise.
#pragma once

#include <bit>
#include <cfloat>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "emu/fp/environment.hpp"

namespace backspin::emu::fp::shortcut {

/// A result, if it is sure; otherwise nothing has happened. (std::optional costs the compilers more than the
/// operation.)
template <class T>
struct Answer {
    T value{};
    bool sure = false;
};

/// The host's type for a format.
template <Float F>
using Native = std::conditional_t<std::same_as<F, f64>, double, float>;

/// Whether the host has the format.
template <class F>
inline constexpr bool kNative = !std::same_as<F, f16> && FLT_EVAL_METHOD == 0 &&
                                std::numeric_limits<Native<F>>::is_iec559 && sizeof(Native<F>) == sizeof(F);

template <Float F>
Native<F> native(F f) {
    return std::bit_cast<Native<F>>(f.bits);
}
template <Float F>
F from_native(Native<F> value) {
    return {std::bit_cast<typename F::Bits>(value)};
}

/// Nothing but an overflow, an underflow or something invalid could raise a flag.
inline bool settled(const Environment& env) {
    return env.rounding == Rounding::nearest_even && (env.flags & flag::inexact) != 0;
}

template <Float F>
bool is_finite(F f) {
    return magnitude(f).bits < Format<F>::kInfinity;
}
/// Finite, and not as small as what underflows may be rounded to.
template <Float F>
bool is_ordinary(F f) {
    return is_finite(f) && magnitude(f).bits > Format<F>::kSmallestNormal;
}

/// A sum that is below the normal numbers is exact.
template <Float F>
Answer<F> add(const Environment& env, F a, F b) {
    if constexpr (kNative<F>) {
        const auto sum = from_native<F>(native(a) + native(b));
        if (settled(env) && is_finite(sum)) return {sum, true};
    }
    return {};
}
template <Float F>
Answer<F> sub(const Environment& env, F a, F b) {
    return add(env, a, negate(b));
}
template <Float F>
Answer<F> mul(const Environment& env, F a, F b) {
    if constexpr (kNative<F>) {
        const auto product = from_native<F>(native(a) * native(b));
        if (settled(env) && is_ordinary(product)) return {product, true};
    }
    return {};
}
template <Float F>
Answer<F> div(const Environment& env, F a, F b) {
    if constexpr (kNative<F>) {
        const auto quotient = from_native<F>(native(a) / native(b));
        if (settled(env) && is_ordinary(quotient)) return {quotient, true};
    }
    return {};
}

template <Float To, Float From>
Answer<To> convert(const Environment& env, From a) {
    if constexpr (kNative<To> && kNative<From>) {
        if (!is_finite(a)) return {};
        if constexpr (sizeof(To) > sizeof(From)) return {from_native<To>(native(a)), true};
        const auto narrow = static_cast<Native<To>>(native(a));
        const auto result = from_native<To>(narrow);
        if (static_cast<Native<From>>(narrow) == native(a)) return {result, true};
        if (settled(env) && is_ordinary(result)) return {result, true};
    }
    return {};
}

template <class I, Float F>
Answer<I> to_integer(Environment& env, F a) {
    if constexpr (kNative<F>) {
        constexpr Native<F> end = 0x1p63;
        const auto value = native(a);
        if (!(value > -end && value < end)) return {};
        const auto whole = static_cast<std::int64_t>(value);
        if (!std::in_range<I>(whole)) return {};
        const bool exact = static_cast<Native<F>>(whole) == value;
        if (!exact && env.rounding != Rounding::toward_zero) return {};
        if (!exact) env.raise(flag::inexact);
        return {static_cast<I>(whole), true};
    }
    return {};
}

template <Float F, class I>
Answer<F> from_integer(const Environment& env, I a) {
    if constexpr (kNative<F>) {
        constexpr auto end = std::int64_t{1} << Format<F>::kPrecision;
        const bool exact = std::cmp_less_equal(a, end) && std::cmp_greater_equal(a, -end);
        if (exact || settled(env)) return {from_native<F>(static_cast<Native<F>>(a)), true};
    }
    return {};
}

}  // namespace backspin::emu::fp::shortcut
