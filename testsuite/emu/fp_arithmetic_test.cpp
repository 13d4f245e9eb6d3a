// Sums, products, quotients, roots and fused operations against MPFR: results and flags, bit for bit.
#include <gtest/gtest.h>

#include "testsuite/emu/fp_checks.hpp"

namespace backspin::emu::testing {
namespace {

using fp::Context;
using fp::Environment;

template <fp::Float F>
void check_one(fp::Rounding rounding, F a) {
    compare(
        "sqrt", rounding, expected_sqrt(rounding, a),
        [=](Environment& env) { return fp::software::sqrt(env, a); },
        [=](Context& context) { return context.sqrt(a); }, a);
}

template <fp::Float F>
void check_two(fp::Rounding rounding, F a, F b) {
    compare(
        "add", rounding, expected_add(rounding, a, b),
        [=](Environment& env) { return fp::software::add(env, a, b); },
        [=](Context& context) { return context.add(a, b); }, a, b);
    compare(
        "sub", rounding, expected_sub(rounding, a, b),
        [=](Environment& env) { return fp::software::add(env, a, negate(b)); },
        [=](Context& context) { return context.sub(a, b); }, a, b);
    compare(
        "mul", rounding, expected_mul(rounding, a, b),
        [=](Environment& env) { return fp::software::mul(env, a, b); },
        [=](Context& context) { return context.mul(a, b); }, a, b);
    compare(
        "div", rounding, expected_div(rounding, a, b),
        [=](Environment& env) { return fp::software::div(env, a, b); },
        [=](Context& context) { return context.div(a, b); }, a, b);
}

template <fp::Float F>
void check_three(fp::Rounding rounding, F a, F b, F c) {
    compare(
        "fma", rounding, expected_fma(rounding, a, b, c),
        [=](Environment& env) { return fp::software::fma(env, a, b, c); },
        [=](Context& context) { return context.fma(a, b, c); }, a, b, c);
}

template <class F>
class FloatArithmetic : public ::testing::Test {};
using Formats = ::testing::Types<fp::f16, fp::f32, fp::f64>;
TYPED_TEST_SUITE(FloatArithmetic, Formats);

TYPED_TEST(FloatArithmetic, ChosenOperands) {
    const auto operands = many_operands<TypeParam>();
    for (const auto rounding : kRoundings) {
        for (const auto a : operands) {
            check_one(rounding, a);
            for (const auto b : operands) check_two(rounding, a, b);
            if (hopeless()) return;
        }
    }
}

TYPED_TEST(FloatArithmetic, ChosenOperandsFused) {
    const auto operands = few_operands<TypeParam>();
    for (const auto rounding : kRoundings) {
        for (const auto a : operands) {
            for (const auto b : operands) {
                for (const auto c : operands) check_three(rounding, a, b, c);
            }
            if (hopeless()) return;
        }
    }
}

TYPED_TEST(FloatArithmetic, RandomOperands) {
    RandomOperands random(1);
    for (int n = random_rounds(4000); n > 0 && !hopeless(); --n) {
        const auto a = random.any<TypeParam>();
        const auto b = random.any<TypeParam>();
        for (const auto rounding : kRoundings) {
            check_one(rounding, a);
            check_two(rounding, a, b);
        }
    }
}

TYPED_TEST(FloatArithmetic, RandomOperandsFused) {
    RandomOperands random(2);
    for (int n = random_rounds(8000); n > 0 && !hopeless(); --n) {
        const auto a = random.any<TypeParam>();
        const auto b = random.any<TypeParam>();
        const auto c = random.any<TypeParam>();
        for (const auto rounding : kRoundings) {
            check_three(rounding, a, b, c);
            // A sum that nearly cancels: what is left of the product's last bits.
            Environment nearest;
            check_three(rounding, a, b, negate(fp::software::mul(nearest, a, b)));
        }
    }
}

TEST(FloatArithmeticOfHalf, EveryRoot) {
    for (std::uint32_t bits = 0; bits < 1 << 16 && !hopeless(); ++bits) {
        const fp::f16 f{static_cast<std::uint16_t>(bits)};
        // The mode matters for the last bit alone; each number gets one, and the random operands all five.
        check_one(kRoundings[bits % kRoundings.size()], f);
    }
}

}  // namespace
}  // namespace backspin::emu::testing
