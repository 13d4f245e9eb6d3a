// A random program that runs alike on every correct machine: no counters are read, no device but the finisher
// is reached, no interrupt comes but by the bits that it sets itself. Start code sets every CSR that matters;
// trap handlers in M and S mode skip what trapped and go on in a random mode; the end reads memory back into
// registers and switches the machine off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emu/isa/isa.hpp"

namespace backspin::lockstep {

/// The memory from the start of RAM on; execution starts in M mode with its first byte.
std::vector<std::byte> random_program(std::uint64_t seed, const emu::Isa& isa);

/// The same as a file to boot.
std::vector<std::byte> elf_of(std::span<const std::byte> program, const emu::Isa& isa);

}  // namespace backspin::lockstep
