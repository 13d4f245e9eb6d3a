// Floating point by integer arithmetic alone: the specification, and what is used where the host's is of no
// help.
//
// An operation computes its exact result, or enough of it and whether anything follows, and rounds that once.
// Source: The RISC-V Instruction Set Manual, Volume I, chapter "F": IEEE 754-2019 with canonical NaNs,
// tininess after rounding, and integers that saturate.
#pragma once

#include <cstdint>

#include "emu/fp/environment.hpp"

namespace backspin::emu::fp::software {

template <Float F>
F add(Environment& env, F a, F b);
template <Float F>
F mul(Environment& env, F a, F b);
template <Float F>
F div(Environment& env, F a, F b);
template <Float F>
F sqrt(Environment& env, F a);
/// a * b + c, rounded once. inf * 0 is invalid even if c is a quiet NaN.
template <Float F>
F fma(Environment& env, F a, F b, F c);

template <Float To, Float From>
To convert(Environment& env, From a);

// I is std::int32_t, std::uint32_t, std::int64_t or std::uint64_t.

/// Out of range, which is invalid and not inexact, gives the nearest integer of the type; a NaN the largest.
template <class I, Float F>
I to_integer(Environment& env, F a);
template <Float F, class I>
F from_integer(Environment& env, I a);

}  // namespace backspin::emu::fp::software
