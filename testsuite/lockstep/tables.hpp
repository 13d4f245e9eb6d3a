// The page tables of a program: itself, mapped to where it is, and its data once more with odd permissions.
#pragma once

#include <cstdint>
#include <span>

#include "testsuite/emu/random.hpp"
#include "testsuite/lockstep/writer.hpp"

namespace backspin::lockstep {

using emu::testing::Random;

void write_tables(Writer& out, Random& random);

/// A leaf for one of the data pages as no sane system has it, most of the time.
std::uint64_t random_leaf(Random& random, unsigned xlen);

/// What satp may hold without taking the handlers away: no translation, or these tables in each mode.
std::uint64_t random_satp(Random& random, unsigned xlen);

}  // namespace backspin::lockstep
