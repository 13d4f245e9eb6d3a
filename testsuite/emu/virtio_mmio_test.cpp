#include "emu/devices/virtio_mmio.hpp"

#include <gtest/gtest.h>

#include "emu/memory_map.hpp"

namespace backspin::emu {
namespace {

constexpr DeviceContext kContext{};

TEST(VirtioMmio, EachOfTheEightTransportsSaysThatItIsOneAndThatItIsEmpty) {
    VirtioMmio virtio;
    for (std::uint64_t base = 0; base < memory_map::kVirtio.size; base += memory_map::kVirtioTransportSize) {
        const auto read = [&](std::uint64_t offset) {
            return virtio.read(base + offset, AccessSize::word, kContext);
        };
        EXPECT_EQ(read(VirtioMmio::MagicValue), 0x7472'6976u);
        EXPECT_EQ(read(VirtioMmio::Version), 2u);
        EXPECT_EQ(read(VirtioMmio::DeviceID), 0u);
        EXPECT_EQ(read(VirtioMmio::VendorID), 0x554d'4551u);
    }
    EXPECT_EQ(memory_map::kVirtioTransports, 8u);
}

TEST(VirtioMmio, AllElseReadsZeroAndWritesDoNothing) {
    VirtioMmio virtio;
    for (std::uint64_t offset = 0; offset < memory_map::kVirtioTransportSize; offset += 4) {
        EXPECT_TRUE(virtio.write(offset, AccessSize::word, 0xffff'ffff, kContext));
    }
    for (std::uint64_t offset = 0x10; offset < memory_map::kVirtioTransportSize; offset += 4) {
        EXPECT_EQ(virtio.read(offset, AccessSize::word, kContext), 0u);
    }
    EXPECT_EQ(virtio.peek(0, AccessSize::word, {}), 0x7472'6976u);
    EXPECT_EQ(virtio.read(0, AccessSize::byte, kContext), 0u);
}

}  // namespace
}  // namespace backspin::emu
