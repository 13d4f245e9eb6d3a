// Instructions as an assembler writes them, for messages.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.hpp"

namespace backspin::cli {

/// "sd a0, 8(sp)" for the instruction whose lowest bytes these are; ".word 0x..." or ".half 0x..." for one
/// that Capstone does not know.
std::string disassemble(unsigned xlen, VirtualAddress at, std::uint32_t word);

}  // namespace backspin::cli
