// Where translated code keeps things. The guest's registers that compilers use most stay in registers of the
// host across blocks; the others are memory operands beside rbp. The map is fixed, so that translated code
// can be entered before any instruction. (All in memory was 15 percent slower; ten registers would leave none
// to compute with.)
#pragma once

#include <array>
#include <cstdint>

#include <xbyak/xbyak.h>

namespace backspin::emu::jit {

using Xbyak::Reg32;
using Xbyak::Reg64;

/// Points this far behind Hart::x, so that all of x0 to x31 are within a signed byte.
inline constexpr int kHartBias = 128;
inline const Reg64 kHart{Xbyak::Operand::RBP};
/// Of the budget, once the block has run.
inline const Reg64 kLeft{Xbyak::Operand::RBX};
/// The translation buffers.
inline const Reg64 kData{Xbyak::Operand::R15};

/// To compute with, in the order of their use; no value stays in them from one instruction to the next.
inline const Reg64 kA{Xbyak::Operand::RAX};
inline const Reg64 kB{Xbyak::Operand::RCX};
inline const Reg64 kC{Xbyak::Operand::RDX};

struct Home {
    std::uint8_t guest;
    std::uint8_t host;
    bool survives_calls;  ///< the callee saves it
};
inline constexpr std::array<Home, 9> kHomes{{
    {10, Xbyak::Operand::RSI, false},  // a0
    {11, Xbyak::Operand::RDI, false},  // a1
    {12, Xbyak::Operand::R8, false},   // a2
    {13, Xbyak::Operand::R9, false},   // a3
    {14, Xbyak::Operand::R10, false},  // a4
    {15, Xbyak::Operand::R11, false},  // a5
    {2, Xbyak::Operand::R12, true},    // sp
    {8, Xbyak::Operand::R13, true},    // s0
    {9, Xbyak::Operand::R14, true},    // s1
}};

/// The host's register that holds a register of the guest; -1 for those in memory.
inline constexpr std::array<std::int8_t, 33> kHostOf = [] {
    std::array<std::int8_t, 33> hosts{};
    hosts.fill(-1);
    for (const auto& home : kHomes) hosts[home.guest] = static_cast<std::int8_t>(home.host);
    return hosts;
}();

/// The stack of translated code, from rsp.
namespace stack {
inline constexpr int kFrame = 0;         ///< the Frame
inline constexpr int kJumps = 8;         ///< Frame::jumps
inline constexpr int kBase = 16;         ///< Frame::base
inline constexpr int kFloatActive = 24;  ///< MXCSR is the guest's
inline constexpr int kObserved = 28;     ///< Frame::observed
inline constexpr int kScratch = 32;
inline constexpr int kBytes = 40;
}  // namespace stack

}  // namespace backspin::emu::jit
