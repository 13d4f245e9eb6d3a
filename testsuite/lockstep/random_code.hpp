// The random part of a program: chunks of instructions that always go forward.
#pragma once

#include "emu/isa/instruction.hpp"
#include "testsuite/emu/random.hpp"
#include "testsuite/lockstep/writer.hpp"

namespace backspin::lockstep {

using emu::testing::Random;

/// x28 to x31 belong to the trap handlers: code reads but never writes them.
inline constexpr unsigned kFirstReserved = 28;

/// Fills the layout's code with random instructions of the decoder's extensions. `traps_fences`: TVM may be
/// set, so that fences trap in S mode, and page tables are left as they are; otherwise neither.
void write_random_code(Writer& out, Random& random, const emu::Decoder& decoder, bool traps_fences);

/// Exceptions to delegate: any but calls from S mode, with which the supervisor's handler asks for help.
std::uint64_t random_medeleg(Random& random);

/// Bits of menvcfg that are not reserved.
std::uint64_t random_menvcfg(Random& random);

/// pmpcfg for an entry in the middle: mostly not locked.
std::uint64_t random_pmp_config(Random& random);
/// pmpaddr: a border in or near the data pages, or a region of some size.
std::uint64_t random_pmp_address(Random& random);

}  // namespace backspin::lockstep
