// A device on the board's bus: one class with its registers named as in its data sheet, a plain value that is
// saved whole. It reaches the outside only through the context that it is handed, and sees no clock but the
// guest's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/machine.hpp"
#include "base/position.hpp"

namespace backspin::emu {

/// What a device may use while it handles an access or an event.
struct DeviceContext {
    VirtualTime now;               ///< virtual time at the position of this step
    OutputSink* output = nullptr;  ///< null: output is dropped (internal runs)
};

/// Sizes of bus accesses in bytes: 1, 2, 4 or 8.
enum class AccessSize : std::uint8_t { byte = 1, half = 2, word = 4, doubleword = 8 };

/// The guest's access. Offsets are from the start of the device's range and aligned to the size. A device
/// that does not take this size or offset answers nothing / false, and the hart gets an access fault.
class Device {
  public:
    virtual ~Device() = default;
    virtual std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size,
                                              const DeviceContext&) = 0;
    virtual bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) = 0;

    /// What a read would give, without its side effects: for debuggers.
    virtual std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size,
                                              VirtualTime now) const = 0;

    /// When this device wants its next event; nothing if it has none. Asked after every access, event and
    /// input.
    virtual std::optional<VirtualTime> next_event() const { return std::nullopt; }
    /// Called once as a step of its own when the virtual time has reached next_event().
    virtual void event(const DeviceContext&) {}

    /// Input from outside, and how many bytes of it the device would take now.
    virtual std::size_t room_for_input() const { return 0; }
    virtual void input(std::span<const std::byte>, const DeviceContext&) {}
};

}  // namespace backspin::emu
