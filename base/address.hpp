// Strong types for what a guest program and a board name by number.
#pragma once

#include <compare>
#include <cstdint>

namespace backspin {

/// An address as the guest's program uses it, before translation.
struct VirtualAddress {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const VirtualAddress&) const = default;
};

/// An address on the board's bus.
struct PhysicalAddress {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const PhysicalAddress&) const = default;
};

/// Index of a hart (a hardware thread), from 0.
struct HartId {
    std::uint32_t value = 0;
    constexpr auto operator<=>(const HartId&) const = default;
};

/// Index of a register in the machine's own register list; the machine's description says which is which.
struct RegisterId {
    std::uint32_t value = 0;
    constexpr auto operator<=>(const RegisterId&) const = default;
};

/// A way into the machine for input from outside (a UART's receive line, a network card ...), numbered by the
/// board.
struct Channel {
    std::uint32_t value = 0;
    constexpr auto operator<=>(const Channel&) const = default;
};

}  // namespace backspin
