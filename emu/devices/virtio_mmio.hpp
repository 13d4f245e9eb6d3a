// The board's eight virtio transports, all without a device yet: they say that they are virtio transports
// with nothing behind them, and drivers leave them alone. Source: Virtual I/O Device (VIRTIO) 1.2,
// section 4.2.2 "MMIO Device Register Layout".
//
// Deviation, on purpose: as on QEMU, no access faults, whatever its size.
#pragma once

#include <cstdint>
#include <optional>

#include "base/state.hpp"
#include "emu/device.hpp"

namespace backspin::emu {

class VirtioMmio final : public Device {
  public:
    enum Register : std::uint64_t { MagicValue = 0x00, Version = 0x04, DeviceID = 0x08, VendorID = 0x0c };
    static constexpr std::uint32_t kMagic = 0x7472'6976;   ///< "virt"
    static constexpr std::uint32_t kVersion = 2;           ///< not the legacy interface
    static constexpr std::uint32_t kVendor = 0x554d'4551;  ///< "QEMU"

    /// Reads beside the registers above, or of another size than 4 bytes, give 0; writes do nothing.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// Without a device there is nothing to remember.
    template <class Archive>
    void serialize(Archive&, unsigned /*version*/) {}
};

}  // namespace backspin::emu
