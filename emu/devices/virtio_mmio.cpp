#include "emu/devices/virtio_mmio.hpp"

#include "emu/memory_map.hpp"

namespace backspin::emu {

std::optional<std::uint64_t> VirtioMmio::read(std::uint64_t offset, AccessSize size,
                                              const DeviceContext& context) {
    return peek(offset, size, context.now);
}

std::optional<std::uint64_t> VirtioMmio::peek(std::uint64_t offset, AccessSize size,
                                              VirtualTime /*now*/) const {
    if (size != AccessSize::word) return 0;
    switch (offset % memory_map::kVirtioTransportSize) {
        case MagicValue: return kMagic;
        case Version: return kVersion;
        case DeviceID: return 0;
        case VendorID: return kVendor;
        default: return 0;
    }
}

bool VirtioMmio::write(std::uint64_t, AccessSize, std::uint64_t, const DeviceContext&) {
    return true;
}

}  // namespace backspin::emu
