// The control and status register of SSE: rounding modes and flags, as RISC-V names them.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, section "MXCSR Control and
// Status Register".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "emu/fp/environment.hpp"

namespace backspin::emu::fp::mxcsr {

/// As a thread starts with it: to the nearest, everything masked, no flags, subnormal numbers as they are.
inline constexpr std::uint32_t kUsual = 0x1f80;

inline constexpr std::array<std::uint32_t, 4> kControls{
    kUsual,            // nearest_even
    kUsual | 3 << 13,  // toward_zero
    kUsual | 1 << 13,  // down
    kUsual | 2 << 13,  // up
};

constexpr bool can_round(Rounding rounding) {
    return static_cast<std::size_t>(rounding) < kControls.size();
}
/// Precondition: can_round(rounding).
constexpr std::uint32_t control_for(Rounding rounding) {
    return kControls[static_cast<std::size_t>(rounding)];
}

inline constexpr auto kFlags = [] {
    std::array<std::uint8_t, 64> flags{};
    for (unsigned status = 0; status < flags.size(); ++status) {
        unsigned all = 0;
        if ((status & 1) != 0) all |= flag::invalid;
        // Bit 1 says that an operand was subnormal, which RISC-V does not tell.
        if ((status & 4) != 0) all |= flag::divide_by_zero;
        if ((status & 8) != 0) all |= flag::overflow;
        if ((status & 16) != 0) all |= flag::underflow;
        if ((status & 32) != 0) all |= flag::inexact;
        flags[status] = static_cast<std::uint8_t>(all);
    }
    return flags;
}();
/// As those of fflags.
constexpr std::uint8_t flags_of(std::uint32_t status) {
    return kFlags[status % kFlags.size()];
}

}  // namespace backspin::emu::fp::mxcsr
