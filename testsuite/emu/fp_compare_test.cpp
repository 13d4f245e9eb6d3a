// What needs no arithmetic: comparisons, minimum and maximum, signs, classes, and how registers hold narrow
// values.
#include <gtest/gtest.h>

#include "testsuite/emu/fp_checks.hpp"

namespace backspin::emu::testing {
namespace {

using fp::Context;

/// The context does these by itself, so there is one way to compare.
template <class T, class Compute, class... Operands>
void check(const char* name, Outcome<T> expected, const Compute& compute, Operands... operands) {
    compare(
        name, fp::Rounding::nearest_even, expected,
        [&](fp::Environment& env) {
            Context context(env.rounding, env.flags);
            const T value = compute(context);
            env.raise(context.flags);
            return value;
        },
        compute, operands...);
}

std::uint8_t invalid_if(bool condition) {
    return condition ? fp::flag::invalid : std::uint8_t{0};
}

template <fp::Float F>
void check_comparisons(F a, F b) {
    const Real x(a), y(b);
    const auto quiet = invalid_if(fp::is_signaling(a) || fp::is_signaling(b));
    const auto strict = invalid_if(x.is_nan() || y.is_nan());
    const bool equal = mpfr_equal_p(x.get(), y.get()) != 0;
    const bool less = mpfr_less_p(x.get(), y.get()) != 0;
    const bool less_equal = mpfr_lessequal_p(x.get(), y.get()) != 0;
    check("equal", Outcome<bool>{equal, quiet}, [=](Context& fp) { return fp.equal(a, b); }, a, b);
    check("less", Outcome<bool>{less, strict}, [=](Context& fp) { return fp.less(a, b); }, a, b);
    check(
        "less or equal", Outcome<bool>{less_equal, strict}, [=](Context& fp) { return fp.less_equal(a, b); },
        a, b);
    // MPFR's NaNs are all quiet ones, with which its minimum and maximum are those of RISC-V.
    Real low(fp::Format<F>::kPrecision), high(fp::Format<F>::kPrecision);
    mpfr_min(low.get(), x.get(), y.get(), MPFR_RNDN);
    mpfr_max(high.get(), x.get(), y.get(), MPFR_RNDN);
    check("min", Outcome<F>{low.as<F>(), quiet}, [=](Context& fp) { return fp.min(a, b); }, a, b);
    check("max", Outcome<F>{high.as<F>(), quiet}, [=](Context& fp) { return fp.max(a, b); }, a, b);
}

template <fp::Float F>
void check_signs(F a, F b) {
    const auto sign = fp::Format<F>::kSign;
    EXPECT_EQ(with_sign_of(a, b).bits, (a.bits & ~sign) | (b.bits & sign)) << shown(a) << ' ' << shown(b);
    EXPECT_EQ(with_sign_against(a, b).bits, (a.bits & ~sign) | (~b.bits & sign))
        << shown(a) << ' ' << shown(b);
    EXPECT_EQ(with_signs_multiplied(a, b).bits, a.bits ^ (b.bits & sign)) << shown(a) << ' ' << shown(b);
}

/// The bit that fclass sets, in the words of its table.
template <fp::Float F>
int expected_class(F f) {
    const Real x(f);
    if (x.is_nan()) return fp::is_signaling(f) ? 8 : 9;
    if (x.is_infinite()) return x.is_negative() ? 0 : 7;
    if (x.is_zero()) return x.is_negative() ? 3 : 4;
    if (x.exponent() < fp::Format<F>::kMinExponent) return x.is_negative() ? 2 : 5;
    return x.is_negative() ? 1 : 6;
}

template <class F>
class FloatCompare : public ::testing::Test {};
using Formats = ::testing::Types<fp::f16, fp::f32, fp::f64>;
TYPED_TEST_SUITE(FloatCompare, Formats);

TYPED_TEST(FloatCompare, ChosenOperands) {
    const auto operands = many_operands<TypeParam>();
    for (const auto a : operands) {
        EXPECT_EQ(classify(a), 1 << expected_class(a)) << shown(a);
        for (const auto b : operands) {
            check_comparisons(a, b);
            check_signs(a, b);
        }
        if (hopeless()) return;
    }
}

TYPED_TEST(FloatCompare, RandomOperands) {
    RandomOperands random(5);
    for (int n = random_rounds(10000); n > 0 && !hopeless(); --n) {
        const auto a = random.any<TypeParam>();
        const auto b = random.any<TypeParam>();
        EXPECT_EQ(classify(a), 1 << expected_class(a)) << shown(a);
        check_comparisons(a, b);
        check_comparisons(a, a);
        check_comparisons(a, negate(a));
        check_signs(a, b);
    }
}

// Where MPFR has nothing to say, against bits written down.
TEST(FloatSignaling, IsANanWithoutTheFirstBitOfTheFraction) {
    EXPECT_TRUE(fp::is_signaling(fp::f16{0x7c01}));
    EXPECT_TRUE(fp::is_signaling(fp::f32{0xffbfffff}));
    EXPECT_TRUE(fp::is_signaling(fp::f64{0x7ff0000000000001}));
    EXPECT_FALSE(fp::is_signaling(fp::f16{0x7e00}));
    EXPECT_FALSE(fp::is_signaling(fp::f32{0x7f800000}));
    EXPECT_FALSE(fp::is_signaling(fp::f64{0xfff8000000000001}));
}

TEST(FloatCanonicalNan, IsPositiveAndQuietWithoutPayload) {
    EXPECT_EQ(fp::Format<fp::f16>::kCanonicalNan.bits, 0x7e00);
    EXPECT_EQ(fp::Format<fp::f32>::kCanonicalNan.bits, 0x7fc00000);
    EXPECT_EQ(fp::Format<fp::f64>::kCanonicalNan.bits, 0x7ff8000000000000);
}

TEST(FloatRegister, BoxesNarrowValuesInOnes) {
    EXPECT_EQ(fp::box(fp::f16{0x3c00}), 0xffffffffffff3c00);
    EXPECT_EQ(fp::box(fp::f32{0x3f800000}), 0xffffffff3f800000);
    EXPECT_EQ(fp::box(fp::f64{0x3ff0000000000000}), 0x3ff0000000000000);
}

TEST(FloatRegister, HoldsACanonicalNanIfNotBoxed) {
    EXPECT_EQ(fp::unbox<fp::f16>(0xffffffffffff3c00).bits, 0x3c00);
    EXPECT_EQ(fp::unbox<fp::f16>(0xfffffffffffe3c00).bits, 0x7e00);
    EXPECT_EQ(fp::unbox<fp::f16>(0x7fffffffffff3c00).bits, 0x7e00);
    EXPECT_EQ(fp::unbox<fp::f32>(0xffffffff3f800000).bits, 0x3f800000);
    EXPECT_EQ(fp::unbox<fp::f32>(0xfffffffe3f800000).bits, 0x7fc00000);
    EXPECT_EQ(fp::unbox<fp::f32>(0x3f800000).bits, 0x7fc00000);
    EXPECT_EQ(fp::unbox<fp::f64>(0x3f800000).bits, 0x3f800000);
}

TEST(FloatRegister, HasLowBitsBoxedOrNot) {
    EXPECT_EQ(fp::unbox<fp::Raw16>(0x123456789abcdef0).bits, 0xdef0);
    EXPECT_EQ(fp::unbox<fp::Raw32>(0x123456789abcdef0).bits, 0x9abcdef0);
    EXPECT_EQ(fp::unbox<fp::Raw64>(0x123456789abcdef0).bits, 0x123456789abcdef0);
}

}  // namespace
}  // namespace backspin::emu::testing
