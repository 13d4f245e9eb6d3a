// Strong types for what the protocol names by number.
#pragma once

#include <compare>
#include <cstdint>

namespace backspin::gdbstub {

/// An address as the debugged program uses it.
struct Address {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const Address&) const = default;
};

/// A thread of the protocol: for a system emulator, one processor. From 1; the protocol's 0 means "any".
struct ThreadId {
    std::uint64_t value = 1;
    constexpr auto operator<=>(const ThreadId&) const = default;
};

/// Index of a register in TargetDescription::registers, which is also its number in the protocol.
struct RegisterNumber {
    std::uint32_t value = 0;
    constexpr auto operator<=>(const RegisterNumber&) const = default;
};

}  // namespace backspin::gdbstub
