// Compares all that computes a floating-point operation: the software, and the context that instructions use,
// which may ask the host, before and after an inexact result.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "emu/fp/float.hpp"
#include "testsuite/emu/fp_operands.hpp"
#include "testsuite/emu/fp_oracle.hpp"

namespace backspin::emu::testing {

inline std::string in_hex(std::uint64_t bits) {
    char text[20];
    std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(bits));
    return text;
}
template <class T>
std::string shown(T value) {
    if constexpr (fp::Float<T>) {
        return in_hex(value.bits);
    } else {
        return std::to_string(value);
    }
}
template <class T>
std::string shown(const Outcome<T>& outcome) {
    return shown(outcome.value) + " with flags " + in_hex(outcome.flags);
}

/// The operation by `compute(environment)`, which gets flags that were raised before.
template <class T, class Compute>
Outcome<T> outcome_of(fp::Rounding rounding, std::uint8_t flags_before, const Compute& compute) {
    fp::Context context(rounding, flags_before);
    const T value = compute(context);
    return {value, context.flags};
}

/// Adds a failure if the three ways differ from what is expected. `software` takes an fp::Environment,
/// `context` an fp::Context; the operands are for the message.
template <class T, class Software, class InContext, class... Operands>
void compare(const char* name, fp::Rounding rounding, const Outcome<T>& expected, const Software& software,
             const InContext& context, Operands... operands) {
    auto expected_later = expected;
    expected_later.flags |= fp::flag::inexact;
    const auto software_gives = outcome_of<T>(rounding, 0, software);
    const auto context_gives = outcome_of<T>(rounding, 0, context);
    const auto context_gives_later = outcome_of<T>(rounding, fp::flag::inexact, context);
    if (software_gives == expected && context_gives == expected && context_gives_later == expected_later)
        return;
    std::string text = name;
    ((text += ' ', text += shown(operands)), ...);
    ADD_FAILURE() << text << ", rounding mode " << static_cast<int>(rounding) << "\n  expected "
                  << shown(expected) << "\n  software " << shown(software_gives) << "\n  context  "
                  << shown(context_gives) << "\n  after an inexact one " << shown(context_gives_later);
}

/// Whether a test has seen enough of what is wrong.
inline bool hopeless() {
    return ::testing::Test::HasFailure();
}

}  // namespace backspin::emu::testing
