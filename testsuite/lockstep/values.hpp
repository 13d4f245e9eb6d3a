// Operands that are more likely to show a mistake than random bits.
#pragma once

#include <cstdint>

#include "testsuite/emu/random.hpp"

namespace backspin::lockstep {

using emu::testing::Random;

/// For registers: small, large, sparse and random numbers, and floating-point ones.
std::uint64_t interesting_value(Random& random);
/// Doubles, singles in their boxes and out of them: zeros, subnormals, infinities, NaNs, integers,
/// neighbours.
std::uint64_t interesting_float(Random& random);

}  // namespace backspin::lockstep
