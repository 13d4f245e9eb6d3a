#include "emu/devices/virtio/net.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/random.hpp"
#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using testing::DriverBuffer;
using testing::Random;
using testing::UsedEntry;
using testing::VirtioDriver;
using virtio::Net;
using virtio::NetOptions;

using Bytes = std::vector<std::byte>;

constexpr auto kReceive = Net::kReceive;
constexpr auto kTransmit = Net::kTransmit;
constexpr std::uint32_t kWholeBuffer = Net::kHeaderBytes + Net::kMostFrameBytes;

/// Bytes that tell one frame from another.
Bytes frame(std::size_t length, unsigned number = 1) {
    Bytes bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(number * 37 + i);
    return bytes;
}
Bytes with_header(const Bytes& bytes) {
    Bytes whole(Net::kHeaderBytes);
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    return whole;
}

class VirtioNet : public ::testing::Test {
  protected:
    VirtioDriver driver{NetOptions{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}}, {}, 3};

    std::uint16_t send(const Bytes& bytes) {
        const auto head = driver.add(kTransmit, {driver.readable(with_header(bytes))});
        driver.notify(kTransmit);
        return head;
    }
    DriverBuffer offer(std::uint32_t length = kWholeBuffer) {
        const auto buffer = driver.writable(length);
        driver.add(kReceive, {buffer});
        driver.notify(kReceive);
        driver.run_events();
        return buffer;
    }
    const std::vector<testing::OutputLog::Item>& sent() { return driver.output().items; }
};

// ---- what the driver sees before it starts ------------------------------------------------------

TEST_F(VirtioNet, TellsItsAddressAndThatTheCableIsIn) {
    EXPECT_EQ(driver.read(virtio::Transport::DeviceID), 1u);
    EXPECT_EQ(driver.offered_features() & 0xffff'ffu, Net::kFeatureMac | Net::kFeatureStatus)
        << "and nothing offloaded";
    const std::array<std::uint8_t, 8> expected{0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 1, 0};
    for (std::uint64_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(driver.configuration<std::uint8_t>(i), expected[i]) << i;
    EXPECT_EQ(driver.configuration<std::uint16_t>(6), Net::kLinkUp);
    EXPECT_EQ(driver.configuration<std::uint32_t>(4), 0x0001'5544u);
    EXPECT_EQ(driver.configuration<std::uint32_t>(8), 0u) << "behind the end";
    EXPECT_EQ(driver.configuration<std::uint16_t>(0xe00), 0u);
    EXPECT_TRUE(driver.queue_exists(1));
    EXPECT_FALSE(driver.queue_exists(2)) << "one pair";
}

// ---- sending ------------------------------------------------------------------------------------

TEST_F(VirtioNet, AFrameGoesOutWithoutItsHeaderAndByItsChannel) {
    driver.start();
    const auto head = send(frame(60));
    EXPECT_TRUE(sent().empty()) << "not before the latency";
    EXPECT_EQ(driver.run_events(), 1u);
    ASSERT_EQ(sent().size(), 1u);
    EXPECT_EQ(sent()[0].bytes, frame(60));
    EXPECT_EQ(sent()[0].channel, virtio_channel(3));
    EXPECT_EQ(driver.used(kTransmit), (std::vector<UsedEntry>{{head, 0}}));
    EXPECT_TRUE(driver.line());
    EXPECT_EQ(driver.field("sent"), "0x1");
    EXPECT_EQ(driver.field("sent_bytes"), "0x3c");
}

TEST_F(VirtioNet, AFrameMayLieInManyPieces) {
    driver.start();
    const auto whole = with_header(frame(900));
    std::vector<DriverBuffer> pieces;
    for (std::size_t at = 0; at < whole.size(); at += 7)
        pieces.push_back(
            driver.readable(std::span(whole).subspan(at, std::min<std::size_t>(7, whole.size() - at))));
    driver.add_indirect(kTransmit, pieces);
    driver.notify(kTransmit);
    driver.run_events();
    ASSERT_EQ(sent().size(), 1u);
    EXPECT_EQ(sent()[0].bytes, frame(900));
}

TEST_F(VirtioNet, OneEventSendsABoundedNumberAndTheRestFollowsAtTheSameTime) {
    driver.start();
    constexpr std::size_t kFrames = 2 * Net::kFramesPerEvent + 3;
    for (unsigned i = 0; i < kFrames; ++i)
        driver.add(kTransmit, {driver.readable(with_header(frame(64, i)))});
    driver.notify(kTransmit);
    ASSERT_TRUE(driver.event());
    const auto since = driver.now();
    EXPECT_EQ(sent().size(), std::size_t{Net::kFramesPerEvent});
    EXPECT_EQ(driver.device().next_event(), since - VirtualTime{driver.board().options.ns_per_step});
    driver.through_a_snapshot();
    EXPECT_EQ(driver.run_events(), 2u);
    ASSERT_EQ(sent().size(), kFrames);
    for (unsigned i = 0; i < kFrames; ++i) EXPECT_EQ(sent()[i].bytes, frame(64, i)) << i;
    EXPECT_EQ(driver.used(kTransmit).size(), kFrames);
    EXPECT_EQ(driver.device().next_event(), std::nullopt);
}

TEST_F(VirtioNet, WithNothingLeftThereIsNoFurtherEvent) {
    driver.start();
    for (int i = 0; i < Net::kFramesPerEvent; ++i) send(frame(64));
    EXPECT_EQ(driver.run_events(), 1u);
    EXPECT_EQ(sent().size(), std::size_t{Net::kFramesPerEvent});
}

TEST_F(VirtioNet, TheLongestFrameHasAVlanTagAndWhatIsLongerIsDropped) {
    driver.start();
    send(frame(Net::kMostFrameBytes));
    send(frame(Net::kMostFrameBytes + 1));
    send(frame(1));
    send({});
    driver.add(kTransmit, {driver.readable(Bytes(Net::kHeaderBytes - 1))});
    driver.notify(kTransmit);
    driver.run_events();
    ASSERT_EQ(sent().size(), 2u);
    EXPECT_EQ(sent()[0].bytes.size(), Net::kMostFrameBytes);
    EXPECT_EQ(sent()[1].bytes, frame(1));
    EXPECT_EQ(driver.field("dropped"), "0x3");
    EXPECT_EQ(driver.used(kTransmit).size(), 5u) << "what is dropped is given back too";
}

TEST_F(VirtioNet, ABufferThatOnlyTheDeviceMayWriteHoldsNoFrame) {
    driver.start();
    driver.add(kTransmit, {driver.writable(100)});
    driver.notify(kTransmit);
    driver.run_events();
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(driver.used(kTransmit).size(), 1u);
}

// ---- receiving ----------------------------------------------------------------------------------

TEST_F(VirtioNet, ThereIsRoomOnceTheDriverOffersABufferForAWholeFrame) {
    EXPECT_EQ(driver.room(), 0u) << "no driver";
    driver.negotiate();
    driver.set_up_queue(0, 8);
    driver.set_up_queue(1, 8);
    offer();
    EXPECT_EQ(driver.room(), 0u) << "not started";
    driver.start();
    EXPECT_EQ(driver.room(), 0u) << "no buffer";
    offer(Net::kHeaderBytes + Net::kFrameBytes - 1);
    EXPECT_EQ(driver.room(), 0u) << "too small";
    driver.start();
    offer(Net::kHeaderBytes + Net::kFrameBytes);
    EXPECT_EQ(driver.room(), Net::kFrameBytes);
    driver.start();
    offer(65'536);
    EXPECT_EQ(driver.room(), Net::kMostFrameBytes);
}

TEST_F(VirtioNet, AFrameArrivesBehindAHeaderThatSaysOneBuffer) {
    driver.start();
    const auto buffer = offer();
    driver.acknowledge();
    driver.input(frame(60));
    EXPECT_EQ(driver.used(kReceive), (std::vector<UsedEntry>{{0, Net::kHeaderBytes + 60}}));
    auto header = Bytes(Net::kHeaderBytes);
    header[10] = std::byte{1};
    EXPECT_EQ(driver.get(buffer.at, Net::kHeaderBytes), header);
    EXPECT_EQ(driver.get(buffer.at + Net::kHeaderBytes, 60), frame(60));
    EXPECT_EQ(driver.get(buffer.at + Net::kHeaderBytes + 60, 8), Bytes(8)) << "and nothing behind it";
    EXPECT_TRUE(driver.line());
    EXPECT_EQ(driver.room(), 0u);
    EXPECT_EQ(driver.field("received"), "0x1");
    EXPECT_EQ(driver.field("received_bytes"), "0x3c");
}

TEST_F(VirtioNet, AHeaderAndItsFrameMayHaveBuffersOfTheirOwn) {
    driver.start();
    const auto header = driver.writable(Net::kHeaderBytes);
    const auto first = driver.writable(100);
    const auto second = driver.writable(Net::kMostFrameBytes);
    driver.add(kReceive, {header, first, second});
    EXPECT_EQ(driver.room(), Net::kMostFrameBytes);
    const auto whole = frame(150);
    driver.input(whole);
    EXPECT_EQ(driver.get(first.at, 100), Bytes(whole.begin(), whole.begin() + 100));
    EXPECT_EQ(driver.get(second.at, 50), Bytes(whole.begin() + 100, whole.end()));
}

TEST_F(VirtioNet, WhatDoesNotFitOrIsNotAskedForIsDropped) {
    driver.start();
    driver.input(frame(60));
    EXPECT_EQ(driver.field("dropped"), "0x1") << "no buffer";
    const auto buffer = offer(Net::kHeaderBytes + Net::kFrameBytes);
    driver.input(frame(Net::kFrameBytes + 1));
    driver.input({});
    EXPECT_EQ(driver.field("dropped"), "0x3");
    EXPECT_TRUE(driver.used(kReceive).empty());
    EXPECT_EQ(driver.get(buffer.at, 32), Bytes(32));
    driver.input(frame(Net::kFrameBytes));
    EXPECT_EQ(driver.used(kReceive).size(), 1u) << "the buffer is still there for what fits";
}

// ---- saved, reset, and hostile drivers ----------------------------------------------------------

/// The same work with and without a snapshot before each of its moves: the same frames, rings and memory.
TEST_F(VirtioNet, ASnapshotAnywhereChangesNothing) {
    VirtioDriver other{NetOptions{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}}, {}, 3};
    Random random(11);
    driver.start();
    other.start();
    for (int round = 0; round < 400; ++round) {
        driver.through_a_snapshot();
        const auto what = random.any(0, 3);
        const auto bytes = frame(random.any(1, Net::kMostFrameBytes), static_cast<unsigned>(round));
        for (auto* one : {&driver, &other}) {
            if (what == 0) {
                one->add(kTransmit, {one->readable(with_header(bytes))});
                one->notify(kTransmit);
            } else if (what == 1) {
                one->add(kReceive, {one->writable(kWholeBuffer)});
                one->notify(kReceive);
            } else if (what == 2 && one->room() > 0) {
                one->input(bytes);
            } else {
                one->event();
            }
            // The ring has room for what is in flight.
            if (round % 16 == 15) one->run_events();
        }
        ASSERT_EQ(driver.used(kReceive), other.used(kReceive)) << round;
        ASSERT_EQ(driver.used(kTransmit), other.used(kTransmit)) << round;
    }
    SavedState first, second;
    driver.board().save(first);
    other.board().save(second);
    EXPECT_TRUE(first.fields == second.fields);
    EXPECT_EQ(driver.output().stream(), other.output().stream());
    EXPECT_FALSE(driver.output().items.empty());
    EXPECT_EQ(driver.get(VirtioDriver::kRam, VirtioDriver::kRamBytes),
              other.get(VirtioDriver::kRam, VirtioDriver::kRamBytes));
}

TEST_F(VirtioNet, AResetForgetsWhatWasLeftToSend) {
    driver.start();
    for (int i = 0; i <= Net::kFramesPerEvent; ++i) send(frame(64));
    ASSERT_TRUE(driver.event());
    ASSERT_TRUE(driver.device().next_event());
    driver.start();
    EXPECT_EQ(driver.device().next_event(), std::nullopt);
    EXPECT_EQ(driver.field("sent"), "0x0");
    driver.run_events();
    EXPECT_EQ(sent().size(), std::size_t{Net::kFramesPerEvent});
}

TEST_F(VirtioNet, BuffersThatAreNotRamEndTheDeviceUntilItIsReset) {
    for (const auto queue : {kTransmit, kReceive}) {
        driver.start();
        EXPECT_FALSE(driver.needs_reset());
        driver.add(queue, {{VirtioDriver::kRamEnd - 16, 1530, queue == kReceive}});
        driver.notify(static_cast<std::uint32_t>(queue));
        driver.run_events();
        if (queue == kReceive) driver.input(frame(60));
        EXPECT_TRUE(driver.needs_reset());
        EXPECT_TRUE(driver.used(queue).empty());
        EXPECT_EQ(driver.room(), 0u);
        EXPECT_EQ(driver.device().next_event(), std::nullopt);
    }
    EXPECT_TRUE(sent().empty());
    driver.start();
    send(frame(60));
    driver.run_events();
    EXPECT_EQ(sent().size(), 1u);
}

TEST_F(VirtioNet, ABrokenRingIsReportedWhenTheDeviceLooksAtIt) {
    for (const auto queue : {kTransmit, kReceive}) {
        driver.start();
        driver.put_descriptor(queue, 0, {VirtioDriver::kHeap, 1530, testing::kNext, 0});  // a loop
        driver.make_available(queue, 0);
        EXPECT_EQ(driver.room(), 0u);
        EXPECT_FALSE(driver.needs_reset()) << "a look from outside changes nothing";
        driver.notify(static_cast<std::uint32_t>(queue));
        driver.run_events();
        EXPECT_TRUE(driver.needs_reset());
    }
}

/// Rings full of anything: the device ends, or goes on, but never without bound.
TEST_F(VirtioNet, AnyRingsAtAllAreSurvived) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        driver.start(~std::uint64_t{0}, 16);
        for (const auto queue : {kReceive, kTransmit}) {
            for (std::uint16_t i = 0; i < 16; ++i) {
                const auto at =
                    random.chance(80) ? VirtioDriver::kHeap + random.any(0, 1 << 16) : random.bits();
                const auto length = random.chance(80) ? random.any(0, 2000) : random.bits();
                driver.put_descriptor(
                    queue, i,
                    {at, static_cast<std::uint32_t>(length), static_cast<std::uint16_t>(random.any(0, 7)),
                     static_cast<std::uint16_t>(random.any(0, random.chance(90) ? 15 : 999))});
            }
            for (auto chains = random.any(1, 20); chains > 0; --chains)
                driver.make_available(queue, static_cast<std::uint16_t>(random.any(0, 16)));
            driver.notify(static_cast<std::uint32_t>(queue));
        }
        EXPECT_LT(driver.run_events(), 10u);
        driver.through_a_snapshot();
        driver.input(frame(random.any(0, 2000)));
        EXPECT_LE(driver.room(), Net::kMostFrameBytes);
    }
}

}  // namespace
}  // namespace backspin::emu
