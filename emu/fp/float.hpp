// Floating-point arithmetic as RISC-V defines it, bit for bit, on any host: what the rows of the instruction
// table call. Results that are not numbers are canonical NaNs, so that no NaN's sign or payload ever matters.
#pragma once

#include <cstdint>

#include "emu/fp/environment.hpp"
#include "emu/fp/host.hpp"
#include "emu/fp/shortcut.hpp"
#include "emu/fp/software.hpp"

namespace backspin::emu::fp {

/// One instruction's rounding mode, already resolved, and the flags that it adds to.
class Context : public Environment {
  public:
    explicit constexpr Context(Rounding rounding, std::uint8_t flags = 0) : Environment{rounding, flags} {}

    template <Float F>
    F add(F a, F b) {
        if (const auto answer = shortcut::add(*this, a, b); answer.sure) return answer.value;
        if constexpr (host::Has<F>) return host::add(*this, a, b);
        return software::add(*this, a, b);
    }
    template <Float F>
    F sub(F a, F b) {
        if (const auto answer = shortcut::sub(*this, a, b); answer.sure) return answer.value;
        if constexpr (host::Has<F>) return host::sub(*this, a, b);
        return software::add(*this, a, negate(b));
    }
    template <Float F>
    F mul(F a, F b) {
        if (const auto answer = shortcut::mul(*this, a, b); answer.sure) return answer.value;
        if constexpr (host::Has<F>) return host::mul(*this, a, b);
        return software::mul(*this, a, b);
    }
    template <Float F>
    F div(F a, F b) {
        if (const auto answer = shortcut::div(*this, a, b); answer.sure) return answer.value;
        if constexpr (host::Has<F>) return host::div(*this, a, b);
        return software::div(*this, a, b);
    }
    template <Float F>
    F sqrt(F a) {
        if constexpr (host::Has<F>) return host::sqrt(*this, a);
        return software::sqrt(*this, a);
    }
    /// a * b + c, rounded once.
    template <Float F>
    F fma(F a, F b, F c) {
        if constexpr (host::Has<F>) return host::fma(*this, a, b, c);
        return software::fma(*this, a, b, c);
    }

    template <Float To, Float From>
    To convert(From a) {
        if (const auto answer = shortcut::convert<To>(*this, a); answer.sure) return answer.value;
        return software::convert<To>(*this, a);
    }
    /// What is out of range is invalid, and becomes the nearest integer of the type; a NaN the largest.
    template <class I, Float F>
    I to_integer(F a) {
        if (const auto answer = shortcut::to_integer<I>(*this, a); answer.sure) return answer.value;
        return software::to_integer<I>(*this, a);
    }
    template <Float F, class I>
    F from_integer(I a) {
        if (const auto answer = shortcut::from_integer<F>(*this, a); answer.sure) return answer.value;
        return software::from_integer<F>(*this, a);
    }

    /// minimumNumber and maximumNumber: -0 is below +0, and a number beats a NaN.
    template <Float F>
    F min(F a, F b) {
        return pick(a, b, before(a, b));
    }
    template <Float F>
    F max(F a, F b) {
        return pick(a, b, before(b, a));
    }

    /// Invalid with a signaling NaN only.
    template <Float F>
    bool equal(F a, F b) {
        if (is_nan(a) || is_nan(b)) {
            propagate_nan(*this, a, b);
            return false;
        }
        return a == b || (is_zero(a) && is_zero(b));
    }
    /// Invalid with any NaN.
    template <Float F>
    bool less(F a, F b) {
        return ordered(a, b) && before(a, b) && !(is_zero(a) && is_zero(b));
    }
    template <Float F>
    bool less_equal(F a, F b) {
        return ordered(a, b) && (!before(b, a) || (is_zero(a) && is_zero(b)));
    }

  private:
    /// Less, for numbers; -0 is less than +0.
    template <Float F>
    static constexpr bool before(F a, F b) {
        if (is_negative(a) != is_negative(b)) return is_negative(a);
        return is_negative(a) ? b.bits < a.bits : a.bits < b.bits;
    }
    template <Float F>
    bool ordered(F a, F b) {
        const bool ordered = !is_nan(a) && !is_nan(b);
        if (!ordered) raise(flag::invalid);
        return ordered;
    }
    template <Float F>
    F pick(F a, F b, bool first) {
        if (!is_nan(a) && !is_nan(b)) return first ? a : b;
        const F neither = propagate_nan(*this, a, b);
        return !is_nan(a) ? a : !is_nan(b) ? b : neither;
    }
};

// ---- what has no rounding and no flags ----------------------------------------------------------

/// a with the sign of b, with the opposite of it, and with the sign that is negative if just one of the two
/// is.
template <Float F>
constexpr F with_sign_of(F a, F b) {
    return is_negative(a) == is_negative(b) ? a : negate(a);
}
template <Float F>
constexpr F with_sign_against(F a, F b) {
    return negate(with_sign_of(a, b));
}
template <Float F>
constexpr F with_signs_multiplied(F a, F b) {
    return is_negative(b) ? negate(a) : a;
}

/// The mask of fclass: one of bits 0 to 9.
template <Float F>
constexpr std::int32_t classify(F f) {
    if (is_nan(f)) return is_signaling(f) ? 1 << 8 : 1 << 9;
    // From infinity to zero, and mirrored for positive numbers.
    int distance = 3;
    if (is_infinite(f)) {
        distance = 0;
    } else if (magnitude(f).bits >= Format<F>::kSmallestNormal) {
        distance = 1;
    } else if (!is_zero(f)) {
        distance = 2;
    }
    return is_negative(f) ? 1 << distance : 1 << (7 - distance);
}

}  // namespace backspin::emu::fp
