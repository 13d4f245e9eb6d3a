// Where things are on the board's bus: the addresses of QEMU's `virt` machine (its documentation,
// docs/system/riscv/virt, and the device tree that it hands to a guest), so that firmware built for the one
// runs on the other.
#pragma once

#include <cstdint>

#include "base/address.hpp"

namespace backspin::emu {

/// A range of the bus; sizes in bytes.
struct BusRange {
    PhysicalAddress base;
    std::uint64_t size = 0;

    /// Whether `length` bytes from `at` lie wholly inside. No sum is formed that could overflow.
    constexpr bool contains(PhysicalAddress at, std::uint64_t length = 1) const {
        return at >= base && length <= size && at.value - base.value <= size - length;
    }
    constexpr bool operator==(const BusRange&) const = default;
};

namespace memory_map {

inline constexpr BusRange kMaskRom{{0x1000}, 0xf000};
inline constexpr BusRange kFinisher{{0x10'0000}, 0x1000};
inline constexpr BusRange kRtc{{0x10'1000}, 0x1000};
inline constexpr BusRange kAclint{{0x200'0000}, 0x1'0000};
inline constexpr BusRange kPlic{{0xc00'0000}, 0x60'0000};
inline constexpr BusRange kUart{{0x1000'0000}, 0x100};
/// Eight transports of one page each, one after the other.
inline constexpr BusRange kVirtio{{0x1000'1000}, 0x8000};
inline constexpr std::uint64_t kVirtioTransportSize = 0x1000;
inline constexpr std::uint64_t kVirtioTransports = kVirtio.size / kVirtioTransportSize;

/// RAM starts here; how much of it there is, the user says.
inline constexpr PhysicalAddress kRamBase{0x8000'0000};

}  // namespace memory_map

/// Which source of the PLIC each device's interrupt line is wired to.
namespace interrupt_source {

/// The first virtio transport; those behind it follow one by one.
inline constexpr std::uint32_t kVirtio = 1;
inline constexpr std::uint32_t kUart = 10;
inline constexpr std::uint32_t kRtc = 11;

}  // namespace interrupt_source

}  // namespace backspin::emu
