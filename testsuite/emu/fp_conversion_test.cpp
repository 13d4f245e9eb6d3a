// Conversions between formats, and from and to integers, against MPFR: results and flags, bit for bit.
#include <gtest/gtest.h>

#include "testsuite/emu/fp_checks.hpp"

namespace backspin::emu::testing {
namespace {

using fp::Context;
using fp::Environment;

template <fp::Float To, fp::Float From>
void check_convert(fp::Rounding rounding, From a) {
    compare(
        "convert", rounding, expected_convert<To>(rounding, a),
        [=](Environment& env) { return fp::software::convert<To>(env, a); },
        [=](Context& context) { return context.convert<To>(a); }, a);
}

template <class I, fp::Float F>
void check_to(fp::Rounding rounding, F a) {
    compare(
        "to integer", rounding, expected_to_integer<I>(rounding, a),
        [=](Environment& env) { return fp::software::to_integer<I>(env, a); },
        [=](Context& context) { return context.to_integer<I>(a); }, a);
}

template <fp::Float F, class I>
void check_from(fp::Rounding rounding, I a) {
    compare(
        "from integer", rounding, expected_from_integer<F>(rounding, a),
        [=](Environment& env) { return fp::software::from_integer<F>(env, a); },
        [=](Context& context) { return context.from_integer<F>(a); }, a);
}

/// To every other format and to every integer type.
template <fp::Float F>
void check_all_of(fp::Rounding rounding, F a) {
    if constexpr (!std::same_as<F, fp::f16>) check_convert<fp::f16>(rounding, a);
    if constexpr (!std::same_as<F, fp::f32>) check_convert<fp::f32>(rounding, a);
    if constexpr (!std::same_as<F, fp::f64>) check_convert<fp::f64>(rounding, a);
    check_to<std::int32_t>(rounding, a);
    check_to<std::uint32_t>(rounding, a);
    check_to<std::int64_t>(rounding, a);
    check_to<std::uint64_t>(rounding, a);
}

template <class I>
void check_all_from(fp::Rounding rounding, I a) {
    check_from<fp::f16>(rounding, a);
    check_from<fp::f32>(rounding, a);
    check_from<fp::f64>(rounding, a);
}

template <class F>
class FloatConversion : public ::testing::Test {};
using Formats = ::testing::Types<fp::f16, fp::f32, fp::f64>;
TYPED_TEST_SUITE(FloatConversion, Formats);

TYPED_TEST(FloatConversion, ChosenOperands) {
    for (const auto rounding : kRoundings) {
        for (const auto a : many_operands<TypeParam>()) check_all_of(rounding, a);
        if (hopeless()) return;
    }
}

TYPED_TEST(FloatConversion, RandomOperands) {
    RandomOperands random(3);
    for (int n = random_rounds(5000); n > 0 && !hopeless(); --n) {
        const auto a = random.any<TypeParam>();
        for (const auto rounding : kRoundings) check_all_of(rounding, a);
    }
}

TEST(FloatConversionOfHalf, EveryNumber) {
    for (std::uint32_t bits = 0; bits < 1 << 16 && !hopeless(); ++bits) {
        const fp::f16 f{static_cast<std::uint16_t>(bits)};
        check_all_of(kRoundings[bits % kRoundings.size()], f);
    }
}

template <class I>
class FloatFromInteger : public ::testing::Test {};
using Integers = ::testing::Types<std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(FloatFromInteger, Integers);

TYPED_TEST(FloatFromInteger, PowersAndTheirNeighbours) {
    for (const auto rounding : kRoundings) {
        for (int bit = 0; bit < 64; ++bit) {
            for (std::uint64_t near = 0; near < 5; ++near) {
                const auto bits = (std::uint64_t{1} << bit) + near - 2;
                check_all_from(rounding, static_cast<TypeParam>(bits));
                check_all_from(rounding, static_cast<TypeParam>(0 - bits));
            }
            if (hopeless()) return;
        }
    }
}

TYPED_TEST(FloatFromInteger, HalfwayBetweenTwo) {
    for (const auto rounding : kRoundings) {
        for (int bit = 2; bit < 64; ++bit) {
            for (const int precision : {11, 24, 53}) {
                if (bit < precision) continue;
                const auto half = std::uint64_t{1} << (bit - precision);
                for (const auto low : {half - 1, half, half + 1, 3 * half - 1, 3 * half, 3 * half + 1}) {
                    check_all_from(rounding, static_cast<TypeParam>((std::uint64_t{1} << bit) + low));
                }
            }
            if (hopeless()) return;
        }
    }
}

TYPED_TEST(FloatFromInteger, RandomIntegers) {
    RandomOperands random(4);
    for (int n = random_rounds(4000); n > 0 && !hopeless(); --n) {
        const auto a = random.integer<TypeParam>();
        for (const auto rounding : kRoundings) check_all_from(rounding, a);
    }
}

}  // namespace
}  // namespace backspin::emu::testing
