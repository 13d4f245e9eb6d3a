// Split virtqueues as a driver fills them, rightly and wrongly. The entropy device answers every chain with
// as many bytes as it may write, up to Entropy::kMostBytes.
#include "emu/devices/virtio/queue.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using testing::Descriptor;
using testing::DriverBuffer;
using testing::kIndirect;
using testing::kNext;
using testing::kWrite;
using testing::UsedEntry;
using testing::VirtioDriver;
using virtio::EntropyOptions;
using virtio::Transport;

constexpr std::uint64_t kIndirectFeature = virtio::kFeatureVersion1 | virtio::kFeatureIndirectDescriptors;
constexpr std::uint64_t kEventIndex = virtio::kFeatureVersion1 | virtio::kFeatureEventIndex;

class VirtioQueue : public ::testing::Test {
  protected:
    void serve() {
        driver.notify(0);
        driver.run_events();
    }
    /// Makes the descriptor at 0 available, and expects the queue to be broken by it.
    void expect_broken_by(const Descriptor& descriptor) {
        driver.put_descriptor(0, 0, descriptor);
        driver.make_available(0, 0);
        expect_broken();
    }
    void expect_broken() {
        serve();
        EXPECT_TRUE(driver.used(0).empty());
        EXPECT_TRUE(driver.needs_reset());
        EXPECT_EQ(driver.acknowledge(), Transport::kConfigurationChange);
        // Nothing more comes of it until a reset.
        serve();
        EXPECT_FALSE(driver.line());
        driver.through_a_snapshot();
        EXPECT_TRUE(driver.needs_reset());
        driver.start();
        EXPECT_FALSE(driver.needs_reset());
        expect_served();
    }
    void expect_served() {
        const auto head = driver.add(0, {driver.writable(32)});
        serve();
        EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 32}}));
    }
    std::uint16_t available_event() {
        const auto& ring = driver.ring(0);
        return driver.get<std::uint16_t>(ring.used + 4 + 8u * ring.size);
    }
    void set_used_event(std::uint16_t index) {
        const auto& ring = driver.ring(0);
        driver.put(ring.available + 4 + 2u * ring.size, index);
    }

    VirtioDriver driver{EntropyOptions{5}};
};

TEST_F(VirtioQueue, AChainIsAnsweredAfterTheLatency) {
    driver.start();
    const auto buffer = driver.writable(32);
    const auto head = driver.add(0, {buffer});
    driver.notify(0);
    EXPECT_TRUE(driver.used(0).empty());
    EXPECT_EQ(driver.device().next_event(), driver.now() + VirtualTime{10'000});
    driver.through_a_snapshot();
    EXPECT_EQ(driver.run_events(), 1u);
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 32}}));
    EXPECT_NE(driver.get(buffer.at, 32), std::vector<std::byte>(32));
    EXPECT_TRUE(driver.line());
}

TEST_F(VirtioQueue, WithoutANotificationNobodyLooks) {
    driver.start();
    driver.add(0, {driver.writable(32)});
    EXPECT_EQ(driver.run_events(), 0u);
}

TEST_F(VirtioQueue, AChainIsFilledBufferByBuffer) {
    driver.start();
    const auto first = driver.writable(3), second = driver.writable(5);
    const auto head = driver.add(0, {driver.readable(testing::bytes_of("ignored")), first, second});
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 8}}));
    VirtioDriver other(EntropyOptions{5});
    other.start();
    const auto whole = other.writable(8);
    other.add(0, {whole});
    other.notify(0);
    other.run_events();
    auto bytes = driver.get(first.at, 3);
    const auto rest = driver.get(second.at, 5);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    EXPECT_EQ(bytes, other.get(whole.at, 8));
}

TEST_F(VirtioQueue, AnIndirectTableIsAChain) {
    driver.start(kIndirectFeature, 4);
    const auto few = driver.add_indirect(0, {driver.writable(3), driver.writable(4)});
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{few, 7}}));
    // As many entries as the largest queue has, and more than this one's size.
    const std::vector<DriverBuffer> many(virtio::Queue::kMaxSize, driver.writable(2));
    const auto head = driver.add_indirect(0, many);
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 2 * 256}}));
}

TEST_F(VirtioQueue, OrdinaryDescriptorsMayLeadToATable) {
    driver.start(kIndirectFeature, 8);
    const auto table = driver.allocate(16, 16);
    const auto inside = driver.writable(4), before = driver.writable(2);
    driver.put(table, Descriptor{inside.at, 4, kWrite, 0});
    driver.put_descriptor(0, 0, {before.at, 2, kNext | kWrite, 1});
    driver.put_descriptor(0, 1, {table, 16, kIndirect | kWrite, 0});  // the write flag says nothing there
    driver.make_available(0, 0);
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{0, 6}}));
}

TEST_F(VirtioQueue, IndicesWrapAround) {
    driver.start(virtio::kFeatureVersion1, 256);
    const auto buffer = driver.writable(1);
    for (int round = 0; round < 258; ++round) {
        std::vector<std::uint16_t> heads;
        for (int n = 0; n < 255; ++n) heads.push_back(driver.add(0, {buffer}));
        serve();
        const auto used = driver.used(0);
        ASSERT_EQ(used.size(), heads.size()) << round;
        for (std::size_t n = 0; n < used.size(); ++n) ASSERT_EQ(used[n].head, heads[n]);
    }
    EXPECT_LT(driver.ring(0).next_available, 1000u) << "more than 65536 have been made available";
}

TEST_F(VirtioQueue, WithoutTheEventIndexTheFlagsSayWhoIsInterrupted) {
    driver.start(virtio::kFeatureVersion1);
    constexpr std::uint16_t kNoInterrupt = 1;
    driver.put(driver.ring(0).available, kNoInterrupt);
    expect_served();
    EXPECT_FALSE(driver.line());
    driver.put(driver.ring(0).available, std::uint16_t{0});
    expect_served();
    EXPECT_EQ(driver.acknowledge(), Transport::kUsedBuffer);
}

TEST_F(VirtioQueue, TheUsedEventSaysWhichEntryInterrupts) {
    driver.start(kEventIndex);
    set_used_event(2);
    expect_served();
    expect_served();
    EXPECT_FALSE(driver.line());
    expect_served();  // the entry with index 2
    EXPECT_EQ(driver.acknowledge(), Transport::kUsedBuffer);
    expect_served();
    EXPECT_FALSE(driver.line());
    // One of many at once.
    set_used_event(6);
    for (int n = 0; n < 5; ++n) driver.add(0, {driver.writable(1)});
    serve();
    EXPECT_TRUE(driver.line());
}

TEST_F(VirtioQueue, TheAvailableEventAsksForTheNextChain) {
    driver.start(kEventIndex);
    expect_served();
    EXPECT_EQ(available_event(), 1u);
    for (int n = 0; n < 3; ++n) driver.add(0, {driver.writable(1)});
    serve();
    EXPECT_EQ(available_event(), 4u);
}

TEST_F(VirtioQueue, ATableAtTheVeryEndOfMemoryIsRead) {
    driver.negotiate(virtio::kFeatureVersion1);
    const auto available = driver.allocate(64), used = driver.allocate(64);
    driver.place_queue(0, 2, VirtioDriver::kRamEnd - 32, available, used);
    driver.write(Transport::Status, 15);
    const auto buffer = driver.writable(4);
    driver.put_descriptor(0, 1, {buffer.at, 4, kWrite, 0});
    driver.make_available(0, 1);
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{1, 4}}));
}

// ---- what no driver does --------------------------------------------------------------------------

TEST_F(VirtioQueue, ALoopBreaksTheQueue) {
    driver.start();
    const auto buffer = driver.writable(4);
    driver.put_descriptor(0, 1, {buffer.at, 4, kNext | kWrite, 0});
    expect_broken_by({buffer.at, 4, kNext | kWrite, 1});
}

TEST_F(VirtioQueue, ADescriptorBehindTheTableBreaksTheQueue) {
    driver.start(~std::uint64_t{0}, 16);
    expect_broken_by({driver.writable(4).at, 4, kNext | kWrite, 16});
}

TEST_F(VirtioQueue, AHeadBehindTheTableBreaksTheQueue) {
    driver.start(~std::uint64_t{0}, 16);
    driver.make_available(0, 16);
    expect_broken();
}

TEST_F(VirtioQueue, AReadableBufferBehindAWritableOneBreaksTheQueue) {
    driver.start();
    driver.put_descriptor(0, 1, {driver.writable(4).at, 4, 0, 0});
    expect_broken_by({driver.writable(4).at, 4, kNext | kWrite, 1});
}

TEST_F(VirtioQueue, ATableInATableBreaksTheQueue) {
    driver.start();
    const auto table = driver.allocate(16, 16);
    driver.put(table, Descriptor{table, 16, kIndirect, 0});
    expect_broken_by({table, 16, kIndirect, 0});
}

TEST_F(VirtioQueue, ATableOfABadSizeBreaksTheQueue) {
    for (const std::uint32_t length : {0u, 8u, 24u, 16u * 257, 0xffff'fff0u}) {
        driver.start();
        expect_broken_by({driver.allocate(16, 16), length, kIndirect, 0});
    }
}

TEST_F(VirtioQueue, ATableThatGoesOnBreaksTheQueue) {
    driver.start();
    const auto table = driver.allocate(16, 16);
    driver.put(table, Descriptor{driver.writable(4).at, 4, kWrite, 0});
    expect_broken_by({table, 16, kIndirect | kNext, 1});
}

TEST_F(VirtioQueue, ATableThatWasNotNegotiatedBreaksTheQueue) {
    driver.start(virtio::kFeatureVersion1);
    const auto table = driver.allocate(16, 16);
    driver.put(table, Descriptor{driver.writable(4).at, 4, kWrite, 0});
    expect_broken_by({table, 16, kIndirect, 0});
}

TEST_F(VirtioQueue, MoreChainsThanThereIsRoomForBreakTheQueue) {
    driver.start(~std::uint64_t{0}, 16);
    driver.put(driver.ring(0).available + 2, std::uint16_t{17});
    expect_broken();
}

TEST_F(VirtioQueue, BuffersThatAreNoMemoryBreakTheDevice) {
    for (const auto at : {memory_map::kUart.base.value, memory_map::kMaskRom.base.value,
                          VirtioDriver::kRamEnd - 2, ~std::uint64_t{0} - 1, VirtioDriver::kRam - 2}) {
        driver.start();
        expect_broken_by({at, 4, kWrite, 0});
    }
}

TEST_F(VirtioQueue, RingsThatAreNoMemoryBreakTheQueue) {
    const auto good = driver.allocate(4096, 16);
    const auto uart = memory_map::kUart.base.value;
    for (int which = 0; which < 3; ++which) {
        driver.negotiate();
        driver.place_queue(0, 16, which == 0 ? uart : good, which == 1 ? uart : good + 1024,
                           which == 2 ? uart : good + 2048);
        driver.write(Transport::Status, 15);
        if (which != 1) {
            driver.put(good, Descriptor{driver.writable(4).at, 4, kWrite, 0});
            driver.put(good + 1024 + 2, std::uint16_t{1});
            driver.put(good + 1024 + 4, std::uint16_t{0});
        }
        serve();
        EXPECT_TRUE(driver.needs_reset()) << which;
    }
}

TEST_F(VirtioQueue, ABufferOfFourGigabytesIsNotFollowed) {
    driver.start();
    const auto head = driver.add(0, {{driver.writable(4096).at, 0xffff'ffff, true}});
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 4096}}));
}

TEST_F(VirtioQueue, AChainOfNothingIsGivenBack) {
    driver.start();
    const auto head = driver.add(0, {driver.readable(testing::bytes_of("x"))});
    serve();
    EXPECT_EQ(driver.used(0), (std::vector<UsedEntry>{{head, 0}}));
}

}  // namespace
}  // namespace backspin::emu
