// The console device as its driver sees it. Source: VIRTIO 1.2, section 5.3.
#include "emu/devices/virtio/console.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using namespace testing;
using virtio::Console;

constexpr auto kReceive = Console::kReceive, kTransmit = Console::kTransmit;

class VirtioConsoleTest : public ::testing::Test {
  protected:
    void SetUp() override { driver_.start(); }
    /// Sends one message as a driver does, and lets the device look at it.
    void send(std::string_view text) {
        driver_.add(kTransmit, {driver_.readable(bytes_of(text))});
        driver_.notify(kTransmit);
        driver_.run_events();
    }
    std::string shown() {
        const auto bytes = driver_.output().stream();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    std::string text_at(const DriverBuffer& buffer, std::size_t length) const {
        const auto bytes = driver_.get(buffer.at, length);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    VirtioDriver driver_{virtio::ConsoleOptions{}};
};

TEST_F(VirtioConsoleTest, IsAConsoleWithTwoQueuesAndNoFeaturesOfItsOwn) {
    EXPECT_EQ(driver_.read(virtio::Transport::DeviceID), 3u);
    EXPECT_EQ(driver_.offered_features() & 0xff'ffff, 0u);
    EXPECT_TRUE(driver_.queue_exists(1));
    EXPECT_FALSE(driver_.queue_exists(2));
    EXPECT_EQ(driver_.configuration<std::uint32_t>(0), 0u);
}

TEST_F(VirtioConsoleTest, GivesOutWhatTheDriverSends) {
    send("Hello, ");
    EXPECT_EQ(shown(), "Hello, ");
    EXPECT_EQ(driver_.used(kTransmit), (std::vector<UsedEntry>{{0, 0}}));
    EXPECT_TRUE(driver_.line());
    EXPECT_EQ(driver_.acknowledge(), virtio::Transport::kUsedBuffer);
    driver_.add(kTransmit, {driver_.readable(bytes_of("wor")), driver_.readable(bytes_of("ld"))});
    driver_.add(kTransmit, {driver_.readable(bytes_of("!"))});
    EXPECT_EQ(shown(), "Hello, ") << "it has not been notified";
    driver_.notify(kTransmit);
    EXPECT_EQ(driver_.run_events(), 1u);
    EXPECT_EQ(shown(), "Hello, world!");
    EXPECT_EQ(driver_.output().items.back().channel, driver_.channel());
}

TEST_F(VirtioConsoleTest, WhatIsLongComesInSteps) {
    std::string text(3 * Console::kMostOutput + 5, '.');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
    const auto half = std::string_view(text).substr(0, text.size() / 2);
    driver_.add(kTransmit, {driver_.readable(bytes_of(half)),
                            driver_.readable(bytes_of(std::string_view(text).substr(half.size())))});
    driver_.add(kTransmit, {driver_.readable(bytes_of("the end"))});
    driver_.notify(kTransmit);
    for (int i = 1; i <= 3; ++i) {
        ASSERT_TRUE(driver_.event());
        EXPECT_EQ(shown().size(), i * Console::kMostOutput);
        EXPECT_TRUE(driver_.used(kTransmit).empty());
        driver_.through_a_snapshot();
    }
    ASSERT_TRUE(driver_.event());
    EXPECT_EQ(shown(), text + "the end");
    EXPECT_EQ(driver_.used(kTransmit).size(), 2u);
    EXPECT_FALSE(driver_.event());
}

TEST_F(VirtioConsoleTest, NotifyingOnceMoreDoesNotHurryIt) {
    const auto text = std::string(2 * Console::kMostOutput, 'x');
    driver_.add(kTransmit, {driver_.readable(bytes_of(text))});
    driver_.notify(kTransmit);
    ASSERT_TRUE(driver_.event());
    for (int i = 0; i < 5; ++i) driver_.notify(kTransmit);
    driver_.run_events();
    EXPECT_EQ(shown(), text);
}

TEST_F(VirtioConsoleTest, InputFillsTheBufferThatIsNext) {
    EXPECT_EQ(driver_.room(), 0u);
    const auto first = driver_.writable(8), second = driver_.writable(4), third = driver_.writable(100);
    driver_.add(kReceive, {first});
    driver_.add(kReceive, {second, third});
    driver_.notify(kReceive);
    driver_.run_events();
    EXPECT_EQ(driver_.room(), 8u);
    driver_.input(bytes_of("abc"));
    EXPECT_EQ(driver_.used(kReceive), (std::vector<UsedEntry>{{0, 3}}));
    EXPECT_EQ(text_at(first, 3), "abc");
    EXPECT_TRUE(driver_.line());
    driver_.through_a_snapshot();
    EXPECT_EQ(driver_.room(), 104u);
    driver_.input(bytes_of("defghij"));
    EXPECT_EQ(driver_.used(kReceive), (std::vector<UsedEntry>{{1, 7}}));
    EXPECT_EQ(text_at(second, 4), "defg");
    EXPECT_EQ(text_at(third, 3), "hij");
    EXPECT_EQ(driver_.room(), 0u);
}

TEST_F(VirtioConsoleTest, OneInputIsBounded) {
    driver_.add(kReceive, {driver_.writable(2 * Console::kMostInput)});
    EXPECT_EQ(driver_.room(), Console::kMostInput);
}

/// As a recording that was damaged has it.
TEST_F(VirtioConsoleTest, InputWithoutRoomDoesNothing) {
    driver_.input(bytes_of("lost"));
    EXPECT_FALSE(driver_.needs_reset());
    const auto buffer = driver_.writable(4);
    driver_.add(kReceive, {buffer});
    driver_.input(bytes_of("too long"));
    EXPECT_EQ(text_at(buffer, 4), "too ");
    EXPECT_EQ(driver_.used(kReceive), (std::vector<UsedEntry>{{0, 4}}));
}

TEST_F(VirtioConsoleTest, AResetEndsWhatIsUnderWay) {
    driver_.add(kTransmit, {driver_.readable(bytes_of(std::string(3 * Console::kMostOutput, 'x')))});
    driver_.notify(kTransmit);
    ASSERT_TRUE(driver_.event());
    driver_.start();
    EXPECT_FALSE(driver_.event());
    const auto before = shown().size();
    send("anew");
    EXPECT_EQ(shown().substr(before), "anew");
}

// ---- drivers that mean ill ----------------------------------------------------------------------

TEST_F(VirtioConsoleTest, ABufferThatIsNotMemoryEndsTheDevice) {
    driver_.add(kTransmit, {DriverBuffer{0x10, 4, false}});
    driver_.notify(kTransmit);
    driver_.run_events();
    EXPECT_TRUE(driver_.needs_reset());
    EXPECT_EQ(shown(), "");
    driver_.through_a_snapshot();
    driver_.start();
    driver_.add(kReceive, {DriverBuffer{VirtioDriver::kRamEnd - 2, 4, true}});
    EXPECT_EQ(driver_.room(), 4u);
    driver_.input(bytes_of("text"));
    EXPECT_TRUE(driver_.needs_reset());
}

TEST_F(VirtioConsoleTest, BuffersOfTheOtherDirectionAreEmpty) {
    driver_.add(kTransmit, {driver_.writable(16)});
    driver_.add(kReceive, {driver_.readable(bytes_of("mine"))});
    driver_.notify(kTransmit);
    driver_.notify(kReceive);
    driver_.run_events();
    EXPECT_EQ(shown(), "");
    EXPECT_EQ(driver_.used(kTransmit).size(), 1u);
    EXPECT_EQ(driver_.room(), 0u);
}

TEST_F(VirtioConsoleTest, ALoopOfDescriptorsEndsTheDevice) {
    driver_.put_descriptor(kTransmit, 0, {VirtioDriver::kHeap, 4, kNext, 0});
    driver_.make_available(kTransmit, 0);
    driver_.notify(kTransmit);
    driver_.run_events();
    EXPECT_TRUE(driver_.needs_reset());
}

/// Each used entry makes another chain available: still one step ends, and the next too.
TEST_F(VirtioConsoleTest, RingsThatLieUponEachOtherDoNotHoldTheMachine) {
    driver_.negotiate();
    driver_.set_up_queue(0, 64);
    const auto table = driver_.allocate(16 * 64, 16), rings = driver_.allocate(4096, 8);
    driver_.place_queue(kTransmit, 64, table, rings, rings);
    driver_.write(virtio::Transport::Status, driver_.read(virtio::Transport::Status) | 4);
    const auto text = driver_.readable(bytes_of("x"));
    for (std::uint16_t i = 0; i < 64; ++i) driver_.put_descriptor(kTransmit, i, {text.at, 1, 0, 0});
    driver_.make_available(kTransmit, 0);
    driver_.notify(kTransmit);
    EXPECT_LE(driver_.run_events(100), 100u);
    EXPECT_LE(shown().size(), 100u * virtio::Queue::kMaxSize);
}

/// A message of terabytes is one of many steps, and ends with the driver's reset.
TEST_F(VirtioConsoleTest, AMessageLargerThanMemoryIsSentInSteps) {
    std::vector<DriverBuffer> buffers(60, DriverBuffer{VirtioDriver::kRam, 8u << 20, false});
    driver_.add(kTransmit, buffers);
    driver_.notify(kTransmit);
    EXPECT_EQ(driver_.run_events(10), 10u);
    EXPECT_EQ(shown().size(), 10 * Console::kMostOutput);
    driver_.write(virtio::Transport::Status, 0);
    EXPECT_FALSE(driver_.event());
}

TEST_F(VirtioConsoleTest, AChainThatShrinksMeanwhileIsDone) {
    const auto text = driver_.readable(bytes_of(std::string(2 * Console::kMostOutput, 'x')));
    driver_.add(kTransmit, {text});
    driver_.notify(kTransmit);
    ASSERT_TRUE(driver_.event());
    driver_.put_descriptor(kTransmit, 0, {text.at, 3, 0, 0});
    driver_.run_events();
    EXPECT_EQ(shown().size(), Console::kMostOutput);
    EXPECT_EQ(driver_.used(kTransmit).size(), 1u);
    send("next");
    EXPECT_EQ(shown().substr(Console::kMostOutput), "next");
}

TEST(VirtioConsole, RefusesAStateThatItCannotHave) {
    VirtioDriver driver{virtio::ConsoleOptions{}};
    driver.start();
    driver.add(kTransmit, {driver.readable(bytes_of(std::string(2 * Console::kMostOutput, 'x')))});
    driver.notify(kTransmit);
    ASSERT_TRUE(driver.event());
    SavedState state;
    driver.board().save(state);
    state.trusted = false;
    // The last component is the console: how much is out, and a time that is there.
    auto bytes = state.fields;
    ASSERT_EQ(bytes[bytes.size() - 9], std::byte{1});
    bytes.erase(bytes.end() - 9, bytes.end());
    bytes.push_back(std::byte{0});
    state.fields = bytes;
    state.ends.back() -= 8;
    Board other(driver.board().options);
    EXPECT_THROW(other.load(state), BadState);
}

}  // namespace
}  // namespace backspin::emu
