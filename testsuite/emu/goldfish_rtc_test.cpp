#include "emu/devices/goldfish_rtc.hpp"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using test::load_into;
using test::saved;
using Rtc = GoldfishRtc;

constexpr std::uint64_t kStart = 0x1234'ffff'fff0;
constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

DeviceContext at(std::uint64_t ns) {
    return {VirtualTime{ns}, nullptr};
}
std::uint64_t read(Rtc& rtc, std::uint64_t offset, std::uint64_t ns) {
    return rtc.read(offset, AccessSize::word, at(ns)).value();
}
void write(Rtc& rtc, std::uint64_t offset, std::uint64_t value, std::uint64_t ns) {
    ASSERT_TRUE(rtc.write(offset, AccessSize::word, value, at(ns)));
}
void set_alarm(Rtc& rtc, std::uint64_t time, std::uint64_t ns) {
    write(rtc, Rtc::ALARM_HIGH, time >> 32, ns);
    write(rtc, Rtc::ALARM_LOW, time & 0xffff'ffff, ns);
}

TEST(GoldfishRtc, CountsNanosecondsFromTheStart) {
    Rtc rtc(kStart);
    EXPECT_EQ(rtc.time({0}), kStart);
    EXPECT_EQ(rtc.time({1'000'000'007}), kStart + 1'000'000'007);
    EXPECT_EQ(Rtc{}.time({0}), 1'735'689'600'000'000'000u);
}

TEST(GoldfishRtc, TheLowHalfHoldsTheHighOne) {
    Rtc rtc(kStart);
    EXPECT_EQ(read(rtc, Rtc::TIME_LOW, 15), 0xffff'ffffu);
    EXPECT_EQ(read(rtc, Rtc::TIME_HIGH, 16), 0x1234u) << "as of the read of TIME_LOW, although time went on";
    EXPECT_EQ(read(rtc, Rtc::TIME_LOW, 16), 0u);
    EXPECT_EQ(read(rtc, Rtc::TIME_HIGH, 16), 0x1235u);
}

TEST(GoldfishRtc, GoesOnFromWhatIsWritten) {
    Rtc rtc(kStart);
    write(rtc, Rtc::TIME_HIGH, 0x9, 100);
    EXPECT_EQ(rtc.time({100}), 0x9'0000'0054u);
    write(rtc, Rtc::TIME_LOW, 0x7, 100);
    EXPECT_EQ(rtc.time({100}), 0x9'0000'0007u);
    EXPECT_EQ(rtc.time({150}), 0x9'0000'0039u);
}

TEST(GoldfishRtc, TheAlarmIsAnEvent) {
    Rtc rtc(kStart);
    write(rtc, Rtc::IRQ_ENABLED, 1, 0);
    EXPECT_EQ(rtc.next_event(), std::nullopt);
    set_alarm(rtc, kStart + 5000, 1000);
    EXPECT_EQ(rtc.next_event(), VirtualTime{5000});
    EXPECT_EQ(read(rtc, Rtc::ALARM_STATUS, 1000), 1u);
    EXPECT_EQ(read(rtc, Rtc::ALARM_LOW, 1000), (kStart + 5000) & 0xffff'ffff);
    EXPECT_EQ(read(rtc, Rtc::ALARM_HIGH, 1000), (kStart + 5000) >> 32);
    EXPECT_FALSE(rtc.interrupt_pending());
    rtc.event(at(5000));
    EXPECT_TRUE(rtc.interrupt_pending());
    EXPECT_EQ(rtc.next_event(), std::nullopt);
    EXPECT_EQ(read(rtc, Rtc::ALARM_STATUS, 5000), 0u);
    write(rtc, Rtc::CLEAR_INTERRUPT, 1, 6000);
    EXPECT_FALSE(rtc.interrupt_pending());
}

TEST(GoldfishRtc, AnAlarmThatIsNotLaterThanNowGoesOffAtOnce) {
    for (const std::uint64_t time : {kStart, kStart + 10, std::uint64_t{0}}) {
        Rtc rtc(kStart);
        write(rtc, Rtc::IRQ_ENABLED, 1, 0);
        set_alarm(rtc, time, 10);
        EXPECT_TRUE(rtc.interrupt_pending());
        EXPECT_EQ(rtc.next_event(), std::nullopt);
    }
}

TEST(GoldfishRtc, TheInterruptWaitsUntilItIsEnabled) {
    Rtc rtc(kStart);
    set_alarm(rtc, 0, 0);
    EXPECT_FALSE(rtc.interrupt_pending());
    write(rtc, Rtc::IRQ_ENABLED, 3, 0);
    EXPECT_TRUE(rtc.interrupt_pending());
    EXPECT_EQ(read(rtc, Rtc::IRQ_ENABLED, 0), 1u);
    write(rtc, Rtc::IRQ_ENABLED, 2, 0);
    EXPECT_FALSE(rtc.interrupt_pending());
}

TEST(GoldfishRtc, AnAlarmIsTakenBack) {
    Rtc rtc(kStart);
    set_alarm(rtc, kStart + 5000, 0);
    write(rtc, Rtc::CLEAR_ALARM, 0, 10);
    EXPECT_EQ(rtc.next_event(), std::nullopt);
    EXPECT_EQ(read(rtc, Rtc::ALARM_STATUS, 10), 0u);
}

TEST(GoldfishRtc, TheAlarmFollowsTheClockWhenThatIsSet) {
    Rtc rtc(0);
    write(rtc, Rtc::IRQ_ENABLED, 1, 0);
    set_alarm(rtc, 5000, 0);
    write(rtc, Rtc::TIME_LOW, 1000, 100);
    EXPECT_EQ(rtc.next_event(), VirtualTime{4100});
    write(rtc, Rtc::TIME_LOW, 6000, 100);
    EXPECT_EQ(rtc.next_event(), std::nullopt);
    EXPECT_TRUE(rtc.interrupt_pending());
}

TEST(GoldfishRtc, AnAlarmBeyondTheEndOfTimeIsAtItsEnd) {
    Rtc rtc(kStart);
    write(rtc, Rtc::TIME_HIGH, 0, 1000);
    write(rtc, Rtc::TIME_LOW, 0, 1000);
    set_alarm(rtc, kLast, 1000);
    EXPECT_EQ(rtc.next_event(), VirtualTime{kLast}) << "the sum of now and the wait is larger than any time";
}

// In words of the clock alone: when the alarm goes off, the clock shows its time.
TEST(GoldfishRtc, AtTheAlarmTheClockShowsItsTime) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 10'000; ++round) {
        Rtc rtc(random() >> (random() % 64));
        const auto now = random() >> (1 + random() % 63);
        const auto alarm = random() >> (random() % 64);
        write(rtc, Rtc::IRQ_ENABLED, 1, now);
        if (random() % 2 == 0) write(rtc, Rtc::TIME_HIGH, random() & 0xffff'ffff, now);
        set_alarm(rtc, alarm, now);
        ASSERT_EQ(rtc.next_event().has_value(), alarm > rtc.time({now}));
        ASSERT_EQ(rtc.next_event().has_value(), !rtc.interrupt_pending());
        if (!rtc.next_event() || rtc.next_event()->ns == kLast) continue;
        EXPECT_GT(rtc.next_event()->ns, now);
        EXPECT_EQ(rtc.time(*rtc.next_event()), alarm);
    }
}

TEST(GoldfishRtc, AccessesOfOtherSizesAndPlacesDoNotAnswer) {
    Rtc rtc(kStart);
    for (const auto size : {AccessSize::byte, AccessSize::half, AccessSize::doubleword}) {
        EXPECT_EQ(rtc.read(0, size, at(0)), std::nullopt);
        EXPECT_FALSE(rtc.write(Rtc::IRQ_ENABLED, size, 1, at(0)));
    }
    EXPECT_EQ(rtc.read(0x24, AccessSize::word, at(0)), std::nullopt);
    EXPECT_FALSE(rtc.write(0x24, AccessSize::word, 0, at(0)));
    EXPECT_EQ(read(rtc, 0x20, 0), 0u);
    const auto before = saved(rtc);
    write(rtc, 0x20, 1, 0);
    EXPECT_EQ(saved(rtc), before);
}

TEST(GoldfishRtc, PeekEqualsReadAndHoldsNothing) {
    Rtc rtc(kStart);
    set_alarm(rtc, kStart + 5000, 0);
    read(rtc, Rtc::TIME_LOW, 0);
    const auto before = saved(rtc);
    EXPECT_EQ(rtc.peek(Rtc::TIME_LOW, AccessSize::word, {100}), (kStart + 100) & 0xffff'ffff);
    EXPECT_EQ(rtc.peek(Rtc::TIME_HIGH, AccessSize::word, {100}), 0x1234u);
    EXPECT_EQ(saved(rtc), before);
    for (std::uint64_t offset = 4; offset < 0x30; offset += 4) {
        EXPECT_EQ(rtc.peek(offset, AccessSize::word, {100}), rtc.read(offset, AccessSize::word, at(100)));
    }
    EXPECT_EQ(saved(rtc), before);
}

TEST(GoldfishRtc, SaveLoadSaveGivesEqualBytesInRandomStates) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 200; ++round) {
        Rtc rtc(kStart);
        for (int i = 0; i < 20; ++i) {
            const auto now = random() >> 20;
            rtc.write(4 * (random() % 9), AccessSize::word, random() & 0xffff'ffff, at(now));
            rtc.read(Rtc::TIME_LOW, AccessSize::word, at(now));
        }
        const auto bytes = saved(rtc);
        Rtc loaded(kStart);
        load_into(loaded, bytes);
        EXPECT_EQ(saved(loaded), bytes);
        EXPECT_EQ(loaded.time({5}), rtc.time({5}));
        EXPECT_EQ(loaded.next_event(), rtc.next_event());
        EXPECT_EQ(loaded.interrupt_pending(), rtc.interrupt_pending());
    }
}

}  // namespace
}  // namespace backspin::emu
