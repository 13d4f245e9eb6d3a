// What floating-point operations give according to MPFR, which knows nothing of our formats: real numbers,
// rounded correctly to any precision. Flags follow from how the result had to be rounded.
#pragma once

#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "emu/fp/float.hpp"

namespace backspin::emu::testing {

/// An MPFR number; NaN at first.
class Real {
  public:
    explicit Real(mpfr_prec_t precision) { mpfr_init2(value_, precision); }
    /// The value of a float, exactly. NaNs are all alike.
    template <fp::Float F>
    explicit Real(F f) : Real(fp::Format<F>::kPrecision) {
        using Format = fp::Format<F>;
        const auto field = static_cast<int>((f.bits & Format::kInfinity) >> Format::kFractionBits);
        const auto fraction = f.bits & Format::kFraction;
        const bool special = field == (Format::kInfinity >> Format::kFractionBits);
        if (special && fraction != 0) return;
        if (special) {
            mpfr_set_inf(value_, 1);
        } else {
            const std::uint64_t hidden = field != 0 ? std::uint64_t{1} << Format::kFractionBits : 0;
            const int exponent = field != 0 ? field : 1;
            mpfr_set_ui_2exp(value_, fraction | hidden,
                             exponent - 1 + Format::kMinExponent - Format::kFractionBits, MPFR_RNDN);
        }
        mpfr_setsign(value_, value_, (f.bits & Format::kSign) != 0, MPFR_RNDN);
    }
    Real(const Real& other) : Real(mpfr_get_prec(other.value_)) { mpfr_set(value_, other.value_, MPFR_RNDN); }
    Real& operator=(const Real&) = delete;
    ~Real() { mpfr_clear(value_); }

    mpfr_ptr get() { return value_; }
    mpfr_srcptr get() const { return value_; }
    bool is_nan() const { return mpfr_nan_p(value_) != 0; }
    bool is_zero() const { return mpfr_zero_p(value_) != 0; }
    bool is_infinite() const { return mpfr_inf_p(value_) != 0; }
    bool is_negative() const { return mpfr_signbit(value_) != 0; }
    /// Of a significand between 1 and 2. Precondition: finite, not 0.
    int exponent() const { return static_cast<int>(mpfr_get_exp(value_)) - 1; }
    bool equals(const Real& other) const { return mpfr_equal_p(value_, other.value_) != 0; }

    /// Precondition: the format has this value.
    template <fp::Float F>
    F as() const {
        using Format = fp::Format<F>;
        using Bits = typename Format::Bits;
        if (is_nan()) return Format::kCanonicalNan;
        const auto sign = is_negative() ? Format::kSign : Bits{0};
        if (is_zero()) return {sign};
        if (is_infinite()) return {static_cast<Bits>(sign | Format::kInfinity)};
        const int scale = std::max(exponent(), Format::kMinExponent);
        const double value = std::fabs(mpfr_get_d(value_, MPFR_RNDN));  // exact: no format is wider
        const auto significand = static_cast<std::uint64_t>(std::ldexp(value, Format::kFractionBits - scale));
        const auto steps = static_cast<std::uint64_t>(scale - Format::kMinExponent);
        return {static_cast<Bits>(sign | ((steps << Format::kFractionBits) + significand))};
    }

  private:
    mpfr_t value_;
};

template <class T>
struct Outcome {
    T value{};
    std::uint8_t flags = 0;
    bool operator==(const Outcome&) const = default;
};

// ---- rounding -----------------------------------------------------------------------------------

/// A result in the format, and whether it is larger than the format allows.
struct Bounded {
    Real value;
    bool overflow = false;
};

/// Takes what was rounded without bounds for exponents (`ternary`: as MPFR returned it) into the format.
template <fp::Float F>
Bounded bounded(const Real& unbounded, int ternary, mpfr_rnd_t rounding) {
    using Format = fp::Format<F>;
    Bounded result{unbounded};
    const auto emin = mpfr_get_emin();
    const auto emax = mpfr_get_emax();
    mpfr_set_emin(Format::kMinExponent - Format::kFractionBits + 1);  // MPFR's significands are below 1
    mpfr_set_emax(Format::kMaxExponent + 1);
    mpfr_clear_flags();
    ternary = mpfr_check_range(result.value.get(), ternary, rounding);
    mpfr_subnormalize(result.value.get(), ternary, rounding);
    result.overflow = mpfr_overflow_p() != 0;
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    return result;
}

/// `low` and `high` are a result rounded toward and away from zero. Whether the exact result, of which
/// `exact` has many digits, lies in the middle or beyond. An infinite `high` counts as 2^infinite_exponent.
inline bool in_upper_half(const Real& low, const Real& high, const Real& exact, int infinite_exponent) {
    Real middle(mpfr_get_prec(exact.get()));
    Real end = high;
    if (end.is_infinite())
        mpfr_set_si_2exp(end.get(), end.is_negative() ? -1 : 1, infinite_exponent, MPFR_RNDN);
    mpfr_add(middle.get(), low.get(), end.get(), MPFR_RNDN);
    mpfr_div_2ui(middle.get(), middle.get(), 1, MPFR_RNDN);
    return mpfr_cmpabs(exact.get(), middle.get()) >= 0;
}

/// Result and flags of `operation`, an MPFR function of a result and a rounding mode, where no operand is a
/// NaN.
template <fp::Float F, class Operation>
Outcome<F> rounded(fp::Rounding rounding, const Operation& operation) {
    using Format = fp::Format<F>;
    const auto outcome = [](const Real& unbounded, const Bounded& result, bool inexact) {
        const bool tiny =
            !unbounded.is_zero() && !unbounded.is_infinite() && unbounded.exponent() < Format::kMinExponent;
        int flags = inexact ? fp::flag::inexact : 0;
        if (inexact && tiny) flags |= fp::flag::underflow;
        if (result.overflow) flags |= fp::flag::overflow;
        return Outcome<F>{result.value.template as<F>(), static_cast<std::uint8_t>(flags)};
    };
    const auto directed = [&](mpfr_rnd_t mode) {
        Real unbounded(Format::kPrecision);
        mpfr_clear_flags();
        const int ternary = operation(unbounded.get(), mode);
        if (unbounded.is_nan()) return Outcome<F>{Format::kCanonicalNan, fp::flag::invalid};
        const auto divided_by_zero = mpfr_divby0_p() != 0;
        const auto result = bounded<F>(unbounded, ternary, mode);
        auto done = outcome(unbounded, result, ternary != 0 || !result.value.equals(unbounded));
        if (divided_by_zero) done.flags |= fp::flag::divide_by_zero;
        return done;
    };
    switch (rounding) {
        case fp::Rounding::nearest_even: return directed(MPFR_RNDN);
        case fp::Rounding::toward_zero: return directed(MPFR_RNDZ);
        case fp::Rounding::down: return directed(MPFR_RNDD);
        case fp::Rounding::up: return directed(MPFR_RNDU);
        case fp::Rounding::nearest_max_magnitude: break;
    }
    // MPFR has no such mode that works with subnormal numbers. Of the two neighbours, one is nearer.
    const auto toward = directed(MPFR_RNDZ);
    if (toward.flags == 0 || (toward.flags & (fp::flag::invalid | fp::flag::divide_by_zero)) != 0)
        return toward;
    Real low(Format::kPrecision), high(Format::kPrecision), exact(Format::kPrecision + 66);
    const auto away = fp::is_negative(toward.value) ? MPFR_RNDD : MPFR_RNDU;
    const int low_ternary = operation(low.get(), MPFR_RNDZ);
    const int high_ternary = operation(high.get(), away);
    operation(exact.get(), MPFR_RNDZ);
    const auto low_bounded = bounded<F>(low, low_ternary, MPFR_RNDZ);
    const auto high_bounded = bounded<F>(high, high_ternary, away);
    const bool upper = in_upper_half(low_bounded.value, high_bounded.value, exact, Format::kMaxExponent + 1);
    const bool unbounded_upper = in_upper_half(low, high, exact, 0);
    return outcome(unbounded_upper ? high : low, upper ? high_bounded : low_bounded, true);
}

/// The same where operands may be NaNs.
template <fp::Float To, class Operation, class... Floats>
Outcome<To> rounded_of(fp::Rounding rounding, const Operation& operation, Floats... operands) {
    const bool nan = (fp::is_nan(operands) || ...);
    const bool signaling = (fp::is_signaling(operands) || ...);
    if (nan) return {fp::Format<To>::kCanonicalNan, signaling ? fp::flag::invalid : std::uint8_t{0}};
    return rounded<To>(rounding, operation);
}

// ---- operations ---------------------------------------------------------------------------------

template <fp::Float F>
Outcome<F> expected_add(fp::Rounding rounding, F a, F b) {
    const Real x(a), y(b);
    const auto add = [&](mpfr_ptr to, mpfr_rnd_t mode) { return mpfr_add(to, x.get(), y.get(), mode); };
    return rounded_of<F>(rounding, add, a, b);
}
template <fp::Float F>
Outcome<F> expected_sub(fp::Rounding rounding, F a, F b) {
    const Real x(a), y(b);
    const auto sub = [&](mpfr_ptr to, mpfr_rnd_t mode) { return mpfr_sub(to, x.get(), y.get(), mode); };
    return rounded_of<F>(rounding, sub, a, b);
}
template <fp::Float F>
Outcome<F> expected_mul(fp::Rounding rounding, F a, F b) {
    const Real x(a), y(b);
    const auto mul = [&](mpfr_ptr to, mpfr_rnd_t mode) { return mpfr_mul(to, x.get(), y.get(), mode); };
    return rounded_of<F>(rounding, mul, a, b);
}
template <fp::Float F>
Outcome<F> expected_div(fp::Rounding rounding, F a, F b) {
    const Real x(a), y(b);
    const auto div = [&](mpfr_ptr to, mpfr_rnd_t mode) { return mpfr_div(to, x.get(), y.get(), mode); };
    return rounded_of<F>(rounding, div, a, b);
}
template <fp::Float F>
Outcome<F> expected_sqrt(fp::Rounding rounding, F a) {
    const Real x(a);
    const auto root = [&](mpfr_ptr to, mpfr_rnd_t mode) { return mpfr_sqrt(to, x.get(), mode); };
    return rounded_of<F>(rounding, root, a);
}
template <fp::Float F>
Outcome<F> expected_fma(fp::Rounding rounding, F a, F b, F c) {
    const Real x(a), y(b), z(c);
    const auto fma = [&](mpfr_ptr to, mpfr_rnd_t mode) {
        return mpfr_fma(to, x.get(), y.get(), z.get(), mode);
    };
    auto outcome = rounded_of<F>(rounding, fma, a, b, c);
    if ((x.is_infinite() && y.is_zero()) || (x.is_zero() && y.is_infinite()))
        outcome.flags = fp::flag::invalid;
    return outcome;
}
template <fp::Float To, fp::Float From>
Outcome<To> expected_convert(fp::Rounding rounding, From a) {
    const Real x(a);
    const auto set = [&](mpfr_ptr to, mpfr_rnd_t mode) { return mpfr_set(to, x.get(), mode); };
    return rounded_of<To>(rounding, set, a);
}
template <fp::Float F, class I>
Outcome<F> expected_from_integer(fp::Rounding rounding, I a) {
    const auto set = [a](mpfr_ptr to, mpfr_rnd_t mode) {
        return std::is_signed_v<I> ? mpfr_set_si(to, static_cast<long>(a), mode)
                                   : mpfr_set_ui(to, static_cast<unsigned long>(a), mode);
    };
    return rounded<F>(rounding, set);
}

template <class I, fp::Float F>
Outcome<I> expected_to_integer(fp::Rounding rounding, F a) {
    using Limits = std::numeric_limits<I>;
    const Real x(a);
    if (x.is_nan()) return {Limits::max(), fp::flag::invalid};
    Real whole(64);
    switch (rounding) {
        case fp::Rounding::nearest_even: mpfr_rint(whole.get(), x.get(), MPFR_RNDN); break;
        case fp::Rounding::toward_zero: mpfr_trunc(whole.get(), x.get()); break;
        case fp::Rounding::down: mpfr_floor(whole.get(), x.get()); break;
        case fp::Rounding::up: mpfr_ceil(whole.get(), x.get()); break;
        case fp::Rounding::nearest_max_magnitude: mpfr_round(whole.get(), x.get()); break;
    }
    if (mpfr_cmp_si(whole.get(), static_cast<long>(Limits::min())) < 0)
        return {Limits::min(), fp::flag::invalid};
    if (mpfr_cmp_ui(whole.get(), static_cast<unsigned long>(Limits::max())) > 0) {
        return {Limits::max(), fp::flag::invalid};
    }
    const auto flags = whole.equals(x) ? std::uint8_t{0} : fp::flag::inexact;
    if (std::is_signed_v<I>) return {static_cast<I>(mpfr_get_si(whole.get(), MPFR_RNDN)), flags};
    return {static_cast<I>(mpfr_get_ui(whole.get(), MPFR_RNDN)), flags};
}

}  // namespace backspin::emu::testing
