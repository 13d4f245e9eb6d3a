// Random programs for the board: arithmetic, memory, calls, sleep, masks, the devices, and now and then what
// is no instruction at all. Handlers for the tick, the UART and the calls; a HardFault starts again.
#pragma once

#include <random>

#include "testsuite/embedding/guest.hpp"

namespace backspin::m0 {

Program random_program(std::mt19937_64& random);

/// Where those programs keep their data.
inline constexpr std::uint32_t kDataAt = kRam + 0x1000;
inline constexpr std::uint32_t kDataBytes = 128;

}  // namespace backspin::m0
