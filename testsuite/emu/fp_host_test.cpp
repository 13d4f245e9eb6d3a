// What instructions use, which may be the host's floating-point unit, against the software, on many random
// operands.
#include <gtest/gtest.h>

#include <cfenv>

#include "testsuite/emu/fp_checks.hpp"

namespace backspin::emu::testing {
namespace {

using fp::Context;
using fp::Environment;
namespace software = fp::software;

template <class T, class Compute, class Specify, class... Operands>
void check(const char* name, fp::Rounding rounding, const Compute& compute, const Specify& specify,
           Operands... operands) {
    compare(name, rounding, outcome_of<T>(rounding, 0, specify), specify, compute, operands...);
}

template <fp::Float F>
void check_arithmetic(fp::Rounding rounding, F a, F b, F c) {
    check<F>(
        "add", rounding, [=](Context& fp) { return fp.add(a, b); },
        [=](Environment& env) { return software::add(env, a, b); }, a, b);
    check<F>(
        "sub", rounding, [=](Context& fp) { return fp.sub(a, b); },
        [=](Environment& env) { return software::add(env, a, negate(b)); }, a, b);
    check<F>(
        "mul", rounding, [=](Context& fp) { return fp.mul(a, b); },
        [=](Environment& env) { return software::mul(env, a, b); }, a, b);
    check<F>(
        "div", rounding, [=](Context& fp) { return fp.div(a, b); },
        [=](Environment& env) { return software::div(env, a, b); }, a, b);
    check<F>(
        "sqrt", rounding, [=](Context& fp) { return fp.sqrt(a); },
        [=](Environment& env) { return software::sqrt(env, a); }, a);
    check<F>(
        "fma", rounding, [=](Context& fp) { return fp.fma(a, b, c); },
        [=](Environment& env) { return software::fma(env, a, b, c); }, a, b, c);
}

template <class F>
class FloatHost : public ::testing::Test {};
using Formats = ::testing::Types<fp::f32, fp::f64>;
TYPED_TEST_SUITE(FloatHost, Formats);

TYPED_TEST(FloatHost, ComputesWhatTheSoftwareDoes) {
    RandomOperands random(6);
    for (int n = random_rounds(10000); n > 0 && !hopeless(); --n) {
        const auto a = random.any<TypeParam>();
        const auto b = random.any<TypeParam>();
        const auto c = random.any<TypeParam>();
        for (const auto rounding : kRoundings) check_arithmetic(rounding, a, b, c);
    }
}

TYPED_TEST(FloatHost, IsLeftInItsUsualMode) {
    const auto one = number<TypeParam>(0, 0);
    const auto three = number<TypeParam>(1, fp::Format<TypeParam>::kQuiet);
    for (const auto rounding : kRoundings) {
        Context context(rounding);
        context.div(one, three);
        EXPECT_EQ(std::fegetround(), FE_TONEAREST) << "after a division";
        context.sqrt(three);
        EXPECT_EQ(std::fegetround(), FE_TONEAREST) << "after a root";
        context.fma(one, three, one);
        EXPECT_EQ(std::fegetround(), FE_TONEAREST) << "after a fused operation";
    }
}

}  // namespace
}  // namespace backspin::emu::testing
