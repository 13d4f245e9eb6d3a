// The page tables of a random program.
#pragma once

#include <cstdint>

#include "emu/isa/isa.hpp"
#include "testsuite/emu/program_writer.hpp"
#include "testsuite/emu/random.hpp"

namespace backspin::emu::testing {

void write_random_tables(ProgramWriter& out, Random& random);

/// What satp may hold: no translation, or these tables in each mode.
std::uint64_t random_satp(Random& random, const Isa& isa);

}  // namespace backspin::emu::testing
