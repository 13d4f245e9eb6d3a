#include "emu/devices/virtio/transport.hpp"

#include <gtest/gtest.h>

#include "emu/board.hpp"
#include "emu/memory_map.hpp"
#include "testsuite/emu/saved_bytes.hpp"
#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using virtio::Transport;

using testing::UsedEntry;
using testing::VirtioDriver;
using virtio::EntropyOptions;

constexpr DeviceContext kContext{};
constexpr std::uint64_t kAlways =
    virtio::kFeatureVersion1 | virtio::kFeatureEventIndex | virtio::kFeatureIndirectDescriptors;

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

// ---- with a device ------------------------------------------------------------------------------

TEST(VirtioTransport, SaysWhatIsBehindIt) {
    VirtioDriver driver(EntropyOptions{5}, {}, 3);
    EXPECT_EQ(driver.read(Transport::MagicValue), Transport::kMagic);
    EXPECT_EQ(driver.read(Transport::Version), 2u);
    EXPECT_EQ(driver.read(Transport::DeviceID), 4u);
    EXPECT_EQ(driver.read(Transport::VendorID), Transport::kVendor);
    EXPECT_EQ(driver.offered_features(), kAlways);
    driver.write(Transport::DeviceFeaturesSel, 2);
    EXPECT_EQ(driver.read(Transport::DeviceFeatures), 0u);
    EXPECT_EQ(driver.read(Transport::ConfigGeneration), 0u);
    for (const auto shared :
         {Transport::SHMLenLow, Transport::SHMLenHigh, Transport::SHMBaseLow, Transport::SHMBaseHigh})
        EXPECT_EQ(driver.read(shared), 0xffff'ffffu);
    EXPECT_EQ(driver.configuration<std::uint32_t>(0), 0u) << "the entropy device has no configuration";
}

TEST(VirtioTransport, RegistersForWritingReadAsZero) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    for (const auto offset : {Transport::DriverFeatures, Transport::DriverFeaturesSel, Transport::QueueNum,
                              Transport::QueueNotify, Transport::InterruptACK, Transport::QueueDescLow,
                              Transport::QueueDeviceHigh, Transport::DeviceFeaturesSel, Transport::QueueSel})
        EXPECT_EQ(driver.read(offset), 0u) << std::hex << offset;
}

TEST(VirtioTransport, RegistersAreWords) {
    VirtioDriver driver(EntropyOptions{5});
    EXPECT_EQ(driver.read_as<std::uint8_t>(Transport::DeviceID), 0u);
    EXPECT_EQ(driver.read_as<std::uint64_t>(Transport::MagicValue), 0u);
    const auto status = memory_map::kVirtio.base.value + Transport::Status;
    EXPECT_TRUE(driver.board().write_device({status}, AccessSize::byte, 1));
    EXPECT_EQ(driver.read(Transport::Status), 0u);
}

TEST(VirtioTransport, FeaturesAreThoseThatBothHave) {
    VirtioDriver driver(EntropyOptions{5});
    driver.negotiate(virtio::kFeatureVersion1);
    EXPECT_EQ(driver.read(Transport::Status), 11u);
    EXPECT_EQ(driver.field("driver_features"), "0x100000000");
    // Later changes come too late.
    driver.write(Transport::DriverFeaturesSel, 0);
    driver.write(Transport::DriverFeatures, ~std::uint32_t{0});
    EXPECT_EQ(driver.field("driver_features"), "0x100000000");
    // What was not offered is not accepted.
    driver.write(Transport::Status, 0);
    for (const std::uint32_t half : {0u, 1u, 2u}) {
        driver.write(Transport::DriverFeaturesSel, half);
        driver.write(Transport::DriverFeatures, ~std::uint32_t{0});
    }
    EXPECT_EQ(driver.field("driver_features"), "0x130000000");
}

TEST(VirtioTransport, WithoutTheModernInterfaceThereIsNoFeaturesOk) {
    VirtioDriver driver(EntropyOptions{5});
    driver.negotiate(virtio::kFeatureEventIndex);
    EXPECT_EQ(driver.read(Transport::Status), 3u);
}

TEST(VirtioTransport, StatusBitsAreClearedByAResetAlone) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    driver.write(Transport::Status, 1);
    EXPECT_EQ(driver.read(Transport::Status), 15u);
    driver.write(Transport::Status, Transport::kFailed | Transport::kNeedsReset);
    EXPECT_EQ(driver.read(Transport::Status), 15u | Transport::kFailed)
        << "the driver cannot set the device's";
    driver.write(Transport::Status, 0);
    EXPECT_EQ(driver.read(Transport::Status), 0u);
}

TEST(VirtioTransport, AQueueThatIsNotThereTakesNothing) {
    VirtioDriver driver(EntropyOptions{5});
    driver.negotiate();
    for (const std::uint32_t queue : {1u, 4u, 0xffff'ffffu}) {
        EXPECT_FALSE(driver.queue_exists(queue));
        driver.write(Transport::QueueNum, 16);
        driver.write(Transport::QueueReady, 1);
        EXPECT_EQ(driver.read(Transport::QueueReady), 0u);
    }
    EXPECT_TRUE(driver.queue_exists(0));
    EXPECT_EQ(driver.read(Transport::QueueNumMax), virtio::Queue::kMaxSize);
}

TEST(VirtioTransport, AQueueHasASizeThatIsAPowerOfTwo) {
    VirtioDriver driver(EntropyOptions{5});
    driver.negotiate();
    for (const std::uint32_t size : {0u, 3u, 255u}) {
        driver.write(Transport::QueueNum, size);
        driver.write(Transport::QueueReady, 1);
        EXPECT_EQ(driver.read(Transport::QueueReady), 0u) << size;
    }
    // Larger than there is: the size before holds.
    driver.write(Transport::QueueNum, 8);
    driver.write(Transport::QueueNum, 512);
    driver.write(Transport::QueueReady, 1);
    EXPECT_EQ(driver.read(Transport::QueueReady), 1u);
    driver.through_a_snapshot();
    EXPECT_EQ(driver.read(Transport::QueueReady), 1u);
}

TEST(VirtioTransport, AQueueInUseKeepsItsPlace) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    driver.write(Transport::QueueDescLow, 0x1000);
    driver.write(Transport::QueueNum, 2);
    const auto head = driver.add(0, {driver.writable(8)});
    driver.notify(0);
    driver.run_events();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 8}}));
}

TEST(VirtioTransport, NobodyIsServedBeforeTheDriverIsOk) {
    VirtioDriver driver(EntropyOptions{5});
    driver.negotiate();
    driver.set_up_queue(0, 16);
    driver.add(0, {driver.writable(8)});
    driver.notify(0);
    EXPECT_EQ(driver.run_events(), 0u);
    driver.write(Transport::Status, 15);
    driver.notify(1);
    driver.notify(0xffff'ffff);
    EXPECT_EQ(driver.run_events(), 0u);
    driver.notify(0);
    EXPECT_EQ(driver.run_events(), 1u);
}

TEST(VirtioTransport, AQueueThatIsTakenAwayIsNotLookedAt) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    driver.add(0, {driver.writable(8)});
    driver.notify(0);
    driver.write(Transport::QueueSel, 0);
    driver.write(Transport::QueueReady, 0);
    driver.run_events();
    EXPECT_TRUE(driver.used(0).empty());
    EXPECT_FALSE(driver.needs_reset());
}

TEST(VirtioTransport, AResetForgetsWhatWaits) {
    VirtioDriver driver(EntropyOptions{});  // the host's, which has not come
    driver.start();
    driver.add(0, {driver.writable(8)});
    driver.notify(0);
    driver.run_events();
    EXPECT_EQ(driver.room(), 8u);
    driver.through_a_snapshot();
    EXPECT_EQ(driver.room(), 8u);
    driver.write(Transport::Status, 0);
    EXPECT_EQ(driver.room(), 0u);
    driver.input(testing::bytes_of("too late"));
    driver.start();
    EXPECT_EQ(driver.room(), 0u);
    const auto buffer = driver.writable(4);
    driver.add(0, {buffer});
    driver.notify(0);
    driver.write(Transport::Status, 0);  // between the notification and the look
    EXPECT_EQ(driver.run_events(), 0u);
    EXPECT_EQ(driver.get(buffer.at, 4), std::vector<std::byte>(4));
}

TEST(VirtioTransport, TheInterruptReachesThePlicAndStaysUntilItIsAcknowledged) {
    constexpr std::uint64_t kTransport = 2, kSource = interrupt_source::kVirtio + kTransport;
    VirtioDriver driver(EntropyOptions{5}, {}, kTransport);
    auto plic = [&](std::uint64_t offset) {
        return *driver.board().read_device({memory_map::kPlic.base.value + offset}, AccessSize::word);
    };
    const auto write_plic = [&](std::uint64_t offset, std::uint64_t value) {
        driver.board().write_device({memory_map::kPlic.base.value + offset}, AccessSize::word, value);
    };
    write_plic(4 * kSource, 1);
    write_plic(0x2000, 1u << kSource);
    driver.start();
    driver.add(0, {driver.writable(8)});
    driver.notify(0);
    EXPECT_EQ(plic(0x20'0004), 0u);
    driver.run_events();
    EXPECT_EQ(driver.read(Transport::InterruptStatus), Transport::kUsedBuffer);
    EXPECT_EQ(plic(0x20'0004), kSource);
    write_plic(0x20'0004, kSource);
    EXPECT_EQ(plic(0x20'0004), kSource) << "the line has not fallen";
    driver.write(Transport::InterruptACK, Transport::kConfigurationChange);
    EXPECT_TRUE(driver.line());
    EXPECT_EQ(driver.acknowledge(), Transport::kUsedBuffer);
    EXPECT_FALSE(driver.line());
    write_plic(0x20'0004, kSource);
    EXPECT_EQ(plic(0x20'0004), 0u);
}

TEST(VirtioTransport, NotificationsBeforeTheLookAreOne) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    for (int n = 0; n < 3; ++n) {
        driver.add(0, {driver.writable(4)});
        driver.notify(0);
    }
    EXPECT_EQ(driver.run_events(), 1u);
    EXPECT_EQ(driver.used(0).size(), 3u);
}

TEST(VirtioTransport, StatesThatNoDriverLeadsToAreRefused) {
    VirtioDriver driver(EntropyOptions{5});
    driver.start();
    driver.notify(0);
    const auto good = test::saved(driver.device());
    Transport other(EntropyOptions{5});
    test::load_into(other, good);
    EXPECT_EQ(test::saved(other), good);
    std::size_t refused = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        auto bad = good;
        bad[at] ^= std::byte{0xff};
        try {
            test::load_into(other, bad);
        } catch (const BadState&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 20u);
    EXPECT_THROW(test::load_into(other, std::span(good).first(good.size() - 1)), BadState);
}

}  // namespace
}  // namespace backspin::emu
