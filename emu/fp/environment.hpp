// What an operation takes besides its operands, and what it gives besides its result.
#pragma once

#include <cstdint>

#include "emu/fp/format.hpp"

namespace backspin::emu::fp {

struct Environment {
    Rounding rounding = Rounding::nearest_even;
    std::uint8_t flags = 0;  ///< as in fflags; operations only ever set bits

    constexpr void raise(std::uint8_t raised) { flags = static_cast<std::uint8_t>(flags | raised); }
};

/// The result of an operation with an operand that is not a number: the canonical NaN, whatever the payloads.
template <Float F, std::same_as<F>... Fs>
constexpr F propagate_nan(Environment& env, F a, Fs... others) {
    if ((is_signaling(a) || ... || is_signaling(others))) env.raise(flag::invalid);
    return Format<F>::kCanonicalNan;
}

/// The result of an operation that has none.
template <Float F>
constexpr F invalid(Environment& env) {
    env.raise(flag::invalid);
    return Format<F>::kCanonicalNan;
}

}  // namespace backspin::emu::fp
