#include "emu/devices/virtio/transport.hpp"

#include <gtest/gtest.h>

#include "emu/board.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {
namespace {

using virtio::Transport;

constexpr DeviceContext kContext{};

TEST(VirtioTransport, EachOfTheEightSaysThatItIsOneAndThatItIsEmpty) {
    Board board{BoardOptions{}};
    for (std::uint64_t base = 0; base < memory_map::kVirtio.size; base += memory_map::kVirtioTransportSize) {
        const auto read = [&](std::uint64_t offset) {
            return board.read_device({memory_map::kVirtio.base.value + base + offset}, AccessSize::word);
        };
        EXPECT_EQ(read(Transport::MagicValue), 0x7472'6976u);
        EXPECT_EQ(read(Transport::Version), 2u);
        EXPECT_EQ(read(Transport::DeviceID), 0u);
        EXPECT_EQ(read(Transport::VendorID), 0x554d'4551u);
    }
    EXPECT_EQ(memory_map::kVirtioTransports, 8u);
}

TEST(VirtioTransport, AllElseReadsZeroAndWritesDoNothing) {
    Transport virtio;
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
