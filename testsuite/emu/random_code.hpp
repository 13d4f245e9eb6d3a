// The random part of a random program: its code, and values for its registers and memory.
#pragma once

#include <cstdint>

#include "testsuite/emu/program_writer.hpp"
#include "testsuite/emu/random.hpp"
#include "testsuite/emu/random_program.hpp"

namespace backspin::emu::testing {

void write_random_code(ProgramWriter& out, Random& random, const RandomProgramOptions& options);

/// For registers and memory: numbers small, large and random, floating-point ones, and addresses.
std::uint64_t interesting_value(Random& random);

/// Exceptions to delegate; seldom those that the supervisor's handler can do nothing about.
std::uint64_t random_medeleg(Random& random);

}  // namespace backspin::emu::testing
