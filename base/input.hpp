// Facts from outside that a machine could not compute. Applying one is one step of the machine.
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "base/address.hpp"
#include "base/position.hpp"

namespace backspin {

/// Bytes that reached a device: console input, a packet ...
struct DeviceInput {
    Channel channel;
    std::vector<std::byte> bytes;
    bool operator==(const DeviceInput&) const = default;
};

/// The host waited while every hart was idle: virtual time moves on by this much.
struct IdleWarp {
    VirtualTime by;
    bool operator==(const IdleWarp&) const = default;
};

/// A debugger wrote memory as the hart sees it.
struct MemoryWrite {
    HartId hart;
    VirtualAddress at;
    std::vector<std::byte> bytes;
    bool operator==(const MemoryWrite&) const = default;
};

/// A debugger wrote a register.
struct RegisterWrite {
    HartId hart;
    RegisterId which;
    std::uint64_t value = 0;
    bool operator==(const RegisterWrite&) const = default;
};

using Input = std::variant<DeviceInput, IdleWarp, MemoryWrite, RegisterWrite>;

}  // namespace backspin
