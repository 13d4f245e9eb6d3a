// The clock that is the host's: an access that needs its time waits for a reading, which is an input.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "testsuite/emu/guest.hpp"
#include "testsuite/emu/paging.hpp"
#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using namespace testing;
using Rtc = GoldfishRtc;

constexpr std::uint64_t kRtc = memory_map::kRtc.base.value;
constexpr std::uint64_t kReading = 0x1234'5678'9abc'def0;

BoardOptions with_hosts_clock(std::size_t harts = 1) {
    auto options = Guest::board_options();
    options.rtc_is_hosts = true;
    options.harts = harts;
    return options;
}

Input reading(std::uint64_t value, std::size_t size = sizeof(std::uint64_t)) {
    std::vector<std::byte> bytes(size);
    std::ranges::copy(std::as_bytes(std::span(&value, 1)).first(std::min(size, sizeof value)), bytes.begin());
    return DeviceInput{kRtcChannel, bytes};
}

/// A load of TIME_LOW into a1, and one of TIME_HIGH into a2.
struct Reader : Guest {
    explicit Reader(std::size_t harts = 1)
        : Guest(with_hosts_clock(harts),
                {load(Opcode::lwu, a1, Rtc::TIME_LOW, a0), load(Opcode::lwu, a2, Rtc::TIME_HIGH, a0)}) {
        for (std::size_t i = 0; i < harts; ++i) set(a0, kRtc, i);
    }
};

TEST(HostClock, ALoadAsksAndIsMadeWhenTheAnswerHasCome) {
    Reader guest;
    const auto asked = guest.step();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->kind, StepKind::device_event);
    EXPECT_EQ(guest.pc(), Guest::kCode);
    EXPECT_EQ(guest.hart().mcycle, 0u) << "nobody attempted anything";
    EXPECT_TRUE(guest.board().waits_for_host());
    EXPECT_FALSE(guest.step()) << "the machine stands still";
    EXPECT_EQ(guest.machine().run(RunOptions{}), RunEnd::asleep);
    EXPECT_EQ(guest.machine().room_for_input(kRtcChannel), 8u);
    EXPECT_EQ(guest.machine().room_for_input(kSemihostingChannel), 0u);

    guest.apply(reading(kReading));
    EXPECT_EQ(guest.machine().room_for_input(kRtcChannel), 0u);
    guest.run(2);
    EXPECT_EQ(guest.x(a1), kReading & 0xffff'ffff);
    EXPECT_EQ(guest.x(a2), kReading >> 32);
    EXPECT_EQ(guest.hart().minstret, 2u);
}

TEST(HostClock, EveryReadIsAnotherReading) {
    Reader guest;
    for (const std::uint64_t value : {std::uint64_t{5}, std::uint64_t{3}, ~std::uint64_t{0}}) {
        guest.go_to(Guest::kCode);
        guest.run(1);
        guest.apply(reading(value));
        guest.run(2);
        EXPECT_EQ(guest.x(a1), value & 0xffff'ffff);
        EXPECT_EQ(guest.x(a2), value >> 32);
    }
}

TEST(HostClock, AnAnswerThatIsNoneLeavesTheQuestion) {
    Reader guest;
    guest.apply(reading(kReading));  // nobody asked
    guest.run(1);
    for (const std::size_t size : {0, 1, 7, 9}) {
        guest.apply(reading(kReading, size));
        EXPECT_TRUE(guest.board().waits_for_host());
    }
    guest.apply(IdleWarp{VirtualTime{5}});
    EXPECT_TRUE(guest.board().waits_for_host());
    guest.apply(reading(7));
    guest.run(1);
    EXPECT_EQ(guest.x(a1), 7u);
}

TEST(HostClock, AnInterruptMayComeBeforeTheAttempt) {
    Reader guest;
    guest.put(Guest::kHandler, {op(Opcode::mret)});
    guest.run(1);
    raise_software(guest);
    enable(guest, {Interrupt::machine_software});
    guest.apply(reading(kReading));
    EXPECT_EQ(guest.step()->kind, StepKind::interrupt);
    write_device(guest, memory_map::kAclint, 0, AccessSize::word, 0);
    guest.run(2);
    EXPECT_EQ(guest.x(a1), kReading & 0xffff'ffff) << "it was still fresh";
}

TEST(HostClock, AnAnswerThatNobodyTookGrowsOld) {
    Reader guest;
    guest.run(1);
    guest.apply(reading(kReading));
    guest.apply(IdleWarp{VirtualTime{Rtc::kFresh.ns - 20}});
    EXPECT_FALSE(guest.board().needs_host({kRtc}, AccessSize::word, false)) << "and two steps";
    guest.apply(IdleWarp{VirtualTime{1}});
    EXPECT_EQ(guest.step()->kind, StepKind::device_event);
    guest.apply(reading(kReading + 1));
    guest.run(1);
    EXPECT_EQ(guest.x(a1), (kReading + 1) & 0xffff'ffff);
}

TEST(HostClock, HartsAskOneAfterTheOther) {
    Reader guest(2);
    for (std::size_t i = 0; i < 2; ++i) {
        guest.edit_board([](Board& board) { board.end_turn(); });
        EXPECT_EQ(guest.step()->kind, StepKind::device_event);
        guest.apply(reading(10 + i));
        guest.run(2);
    }
    EXPECT_EQ(guest.x(a1, 0), 10u);
    EXPECT_EQ(guest.x(a1, 1), 11u);
}

TEST(HostClock, OnlyWhatDependsOnTheTimeAsks) {
    const Board board{with_hosts_clock()};
    for (std::uint64_t offset = 0; offset < Rtc::kEnd; offset += 4) {
        EXPECT_EQ(board.needs_host({kRtc + offset}, AccessSize::word, false), offset == Rtc::TIME_LOW);
        EXPECT_EQ(board.needs_host({kRtc + offset}, AccessSize::word, true),
                  offset == Rtc::TIME_LOW || offset == Rtc::TIME_HIGH || offset == Rtc::ALARM_LOW);
    }
    EXPECT_FALSE(board.needs_host({kRtc}, AccessSize::byte, false)) << "an access fault";
    EXPECT_FALSE(board.needs_host({memory_map::kUart.base}, AccessSize::byte, false));
    const Board other{Guest::board_options()};
    EXPECT_FALSE(other.needs_host({kRtc}, AccessSize::word, false));
}

TEST(HostClock, WhatTheGuestSetsStaysSet) {
    Guest guest(with_hosts_clock(),
                {store(Opcode::sw, a1, Rtc::TIME_HIGH, a0), store(Opcode::sw, a2, Rtc::TIME_LOW, a0),
                 load(Opcode::lwu, a3, Rtc::TIME_LOW, a0)});
    guest.set(a0, kRtc);
    guest.set(a1, 7);
    guest.set(a2, 100);
    constexpr std::uint64_t kClock = 5'000'000'000;
    for (const auto value : {kClock, kClock, kClock + 50}) {
        guest.run(1);
        guest.apply(reading(value));
        guest.run(1);
    }
    EXPECT_EQ(guest.x(a3), 150u) << "the host's clock went on by 50";
    EXPECT_EQ(guest.board().rtc.time(guest.board().time()) >> 32, 7u);
}

TEST(HostClock, AnAlarmFollowsTheReadings) {
    Rtc rtc(0, Rtc::Source::host);
    const auto at = [](std::uint64_t ns) { return DeviceContext{VirtualTime{ns}, nullptr}; };
    const auto give = [&](std::uint64_t value, std::uint64_t ns) {
        rtc.ask_host();
        rtc.answer(std::as_bytes(std::span(&value, 1)), VirtualTime{ns});
    };
    give(1000, 10);
    rtc.write(Rtc::ALARM_LOW, AccessSize::word, 5000, at(10));
    EXPECT_EQ(rtc.next_event(), VirtualTime{4010});
    give(2000, 100);
    EXPECT_EQ(rtc.next_event(), VirtualTime{4010}) << "not looked at yet";
    rtc.read(Rtc::TIME_LOW, AccessSize::word, at(100));
    EXPECT_EQ(rtc.next_event(), VirtualTime{3100});
    give(6000, 200);
    rtc.read(Rtc::TIME_LOW, AccessSize::word, at(200));
    EXPECT_EQ(rtc.next_event(), std::nullopt) << "it went off";
}

class Collector : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return Verdict::go_on;
    }
    std::vector<Hit> hits;
};

TEST(HostClock, StopsHoldBeforeTheLoadAndNotBeforeTheQuestion) {
    Reader guest;
    auto& machine = guest.machine();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{Guest::kCode}, 1},
                                        {StopKind::read, VirtualAddress{kRtc}, 4}};
    machine.set_stop_points(points);
    Collector collector;
    EXPECT_EQ(machine.run(RunOptions{}, &collector), RunEnd::asleep);
    EXPECT_EQ(machine.now(), StepCount{1});
    EXPECT_TRUE(collector.hits.empty());
    machine.apply(reading(kReading));
    RunOptions run;
    run.until = StepCount{3};
    EXPECT_EQ(machine.run(run, &collector), RunEnd::reached);
    ASSERT_EQ(collector.hits.size(), 2u);
    for (const auto& hit : collector.hits) EXPECT_EQ(hit.at, StepCount{2});
}

/// Nothing is marked in the page tables before the access is made.
TEST(HostClock, AskingLeavesThePageTablesAlone) {
    PagedGuest guest(kSv39,
                     {load(Opcode::lwu, a1, Rtc::TIME_LOW, a0), store(Opcode::sw, a1, Rtc::TIME_LOW, a0)},
                     with_hosts_clock());
    guest.edit([](Hart& hart) { hart.menvcfg |= envcfg::kAdue; });
    const auto at = PagedGuest::kVirtualData;
    const auto entry = pte::to(kRtc, pte::kV | pte::kR | pte::kW);
    guest.set_entry(at, entry);
    guest.map(PagedGuest::kVirtualCode, Guest::kCode, pte::kCode & ~pte::kA);
    const auto code = guest.entry(PagedGuest::kVirtualCode);
    guest.set(a0, at);
    EXPECT_EQ(guest.step()->kind, StepKind::device_event);
    EXPECT_EQ(guest.entry(at), entry);
    EXPECT_EQ(guest.entry(PagedGuest::kVirtualCode), code);
    guest.apply(reading(kReading));
    guest.run(1);
    EXPECT_EQ(guest.entry(at), entry | pte::kA);
    EXPECT_EQ(guest.entry(PagedGuest::kVirtualCode), code | pte::kA);
    EXPECT_EQ(guest.step()->kind, StepKind::device_event);
    EXPECT_EQ(guest.entry(at), entry | pte::kA);
    guest.apply(reading(kReading));
    guest.run(1);
    EXPECT_EQ(guest.entry(at), entry | pte::kA | pte::kD);
}

TEST(HostClock, SaveLoadSaveGivesEqualBytesAtEveryMoment) {
    Reader guest;
    auto& machine = guest.machine();
    const auto expect_equal = [&] {
        const auto first = machine.save();
        Board other(with_hosts_clock());
        other.load(first);
        SavedState second;
        other.save(second);
        EXPECT_EQ(first.fields, second.fields);
    };
    expect_equal();
    guest.run(1);
    expect_equal();
    guest.apply(reading(kReading));
    expect_equal();
    guest.run(2);
    expect_equal();
}

TEST(HostClock, RefusesAStateThatItCannotHave) {
    Rtc rtc(0, Rtc::Source::host);
    rtc.ask_host();
    auto bytes = test::saved(rtc);
    const auto asks = bytes.size() - 10;  // then the flag of presence, and when it came
    EXPECT_EQ(bytes[asks], std::byte{1});
    std::vector<std::byte> both(bytes.begin(), bytes.end() - 9);
    both.resize(both.size() + 1 + 8 + 8);
    both[asks + 1] = std::byte{1};
    EXPECT_THROW(test::load_into(rtc, both), BadState);
    bytes[asks] = std::byte{0};
    EXPECT_NO_THROW(test::load_into(rtc, bytes));
}

TEST(HostClock, AResetForgetsTheQuestion) {
    Reader guest;
    guest.run(1);
    guest.apply(DeviceInput{kPowerChannel, {static_cast<std::byte>(PowerButton::reset)}});
    EXPECT_FALSE(guest.step()) << "the clock is answered first";
    guest.apply(reading(1));
    EXPECT_EQ(guest.step()->kind, StepKind::device_event);
    EXPECT_FALSE(guest.board().waits_for_host());
    EXPECT_EQ(guest.pc(), memory_map::kMaskRom.base.value);
}

}  // namespace
}  // namespace backspin::emu
