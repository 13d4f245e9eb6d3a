// Semihosting calls that the machine answers by itself: what is a call, the console, the clock, the end.
// Source: Semihosting for AArch32 and AArch64 (Arm), chapter "Semihosting operations"; RISC-V Semihosting.
#include "emu/semihosting.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/semihosting_caller.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

class SemihostingCallTest : public SemihostingTest {};
INSTANTIATE_TEST_SUITE_P(BothWidths, SemihostingCallTest, ::testing::Values(32u, 64u));

// ---- what is a call -----------------------------------------------------------------------------

void expect_breakpoint(Caller& caller, std::uint64_t at, const char* why) {
    SCOPED_TRACE(why);
    caller.set(a0, 0x13);
    caller.go_to(at);
    expect_trapping_step(caller, Cause::breakpoint, at);
    EXPECT_EQ(caller.x(a0), 0x13u);
}

TEST_P(SemihostingCallTest, OnlyTheWholeSequenceIsACall) {
    caller.edit_board([](Board& board) { board.semihosting.error = HostError::fault; });
    EXPECT_EQ(caller.call(0x13), 14u);
    expect_breakpoint(caller, (caller.put(Guest::kCode, {nop(), kBreak, kBehind}), Guest::kCode + 4),
                      "nothing before");
    expect_breakpoint(caller, (caller.put(Guest::kCode, {kBefore, kBreak, nop()}), Guest::kCode + 4),
                      "nothing behind");
    const auto page = Guest::kCode + 0x1000;
    caller.put(page - 4, {kBefore, kBreak, kBehind});
    expect_breakpoint(caller, page, "the first in another page");
    caller.put(page - 8, {kBefore, kBreak, kBehind});
    expect_breakpoint(caller, page - 4, "the last in another page");
    caller.put_halves(Guest::kCode + 0x100, {0x1013, 0x01f0, 0x9002, 0x5013, 0x4070});
    expect_breakpoint(caller, Guest::kCode + 0x104, "a compressed ebreak");
}

TEST_P(SemihostingCallTest, TheSequenceMayLieAtAnyHalfWordUpToThePageEnd) {
    for (const std::uint64_t at : {0x102u, 0xff4u}) {
        caller.put_halves(Guest::kCode + at, {0x1013, 0x01f0, 0x0073, 0x0010, 0x5013, 0x4070});
        caller.set(a0, 0x31);
        caller.go_to(Guest::kCode + at + 4);
        caller.run(1);
        EXPECT_EQ(caller.pc(), Guest::kCode + at + 8);
        EXPECT_EQ(caller.x(a0), 1'000'000'000u);
    }
}

TEST_P(SemihostingCallTest, SwitchedOffItIsABreakpoint) {
    auto options = semihosting_options(GetParam());
    options.semihosting = false;
    Caller off(options);
    expect_breakpoint(off, Guest::kCode + 4, "off");
}

TEST_P(SemihostingCallTest, SupervisorsMayCallAndUsersMayNot) {
    caller.privilege = Privilege::supervisor;
    EXPECT_EQ(caller.call(0x31), 1'000'000'000u);
    caller.go_to(Guest::kCode + 4, Privilege::user);
    expect_trapping_step(caller, Cause::breakpoint, Guest::kCode + 4);
}

TEST_P(SemihostingCallTest, TheUpperHalfOfTheOperationDoesNotCount) {
    if (GetParam() == 64) {
        EXPECT_EQ(caller.call(0xffff'ffff'0000'0031), 1'000'000'000u);
    }
    EXPECT_EQ(caller.call(0x32), minus_one) << "there is no such call";
    EXPECT_EQ(caller.error(), 88u);
}

// ---- the console --------------------------------------------------------------------------------

TEST_P(SemihostingCallTest, WritesToTheConsole) {
    caller.put_text("hello");
    caller.call(0x03, Caller::kText);
    EXPECT_EQ(caller.shown, "h");
    caller.call(0x04, Caller::kText);
    EXPECT_EQ(caller.shown, "hello");
    for (const std::uint64_t handle : {1u, 2u}) {
        EXPECT_EQ(caller.call(0x05, {handle, Caller::kText, 4}), 0u);
        EXPECT_EQ(caller.shown, "hell");
    }
    EXPECT_EQ(caller.call(0x05, {0, Caller::kText, 4}), 4u) << "the console's input takes nothing";
    EXPECT_EQ(caller.shown, "");
    EXPECT_EQ(caller.error(), 9u);
}

TEST_P(SemihostingCallTest, TextGoesOnOverPagesAndEndsWithMemory) {
    const std::string text(9000, 'x');
    caller.put_text(text);
    caller.call(0x04, Caller::kText);
    EXPECT_EQ(caller.shown, text);
    caller.put(Guest::kRamEnd - 8, 0x4141'4141'4141'4141u);
    caller.call(0x04, Guest::kRamEnd - 8);
    EXPECT_EQ(caller.shown, "AAAAAAAA");
    caller.call(0x04, 0x40);
    EXPECT_EQ(caller.shown, "");
}

TEST_P(SemihostingCallTest, OneCallWritesAMebibyteAtMost) {
    auto options = semihosting_options(GetParam());
    const std::uint64_t asked = caller.mask;
    EXPECT_EQ(caller.call(0x05, {1, Guest::kCode, asked}), asked - 0x10'0000);
    EXPECT_EQ(caller.shown.size(), 0x10'0000u);
}

TEST_P(SemihostingCallTest, ReadsACharacterAndAnyNumberOfThem) {
    caller.call(0x07);
    ASSERT_TRUE(caller.request());
    EXPECT_EQ(caller.request()->kind, HostRequest::Kind::read_console);
    EXPECT_EQ(caller.request()->length, 1u);
    EXPECT_EQ(caller.answer(HostError::none, "\xe4"), 0xe4u);

    caller.call(0x06, {0, Caller::kBuffer, 100});
    ASSERT_TRUE(caller.request());
    EXPECT_EQ(caller.request()->kind, HostRequest::Kind::read_console);
    EXPECT_EQ(caller.request()->length, 100u);
    EXPECT_EQ(caller.answer(HostError::none, "typed"), 95u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 6), std::string("typed\0", 6));
}

/// There is one console: what is typed before anybody asks for it waits in the UART.
TEST_P(SemihostingCallTest, WhatTheUartHasReceivedComesFirst) {
    write_device(caller, memory_map::kUart, Uart16550::FCR, AccessSize::byte, 1);
    const std::string typed = "typed";
    const auto bytes = std::as_bytes(std::span(typed));
    caller.apply(DeviceInput{kConsoleChannel, {bytes.begin(), bytes.end()}});
    EXPECT_EQ(caller.call(0x07), static_cast<std::uint64_t>('t'));
    EXPECT_EQ(caller.call(0x06, {0, Caller::kBuffer, 2}), 0u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 3), std::string("yp\0", 3));
    EXPECT_EQ(caller.call(0x06, {0, Caller::kBuffer, 100}), 98u);
    EXPECT_FALSE(caller.request());
    caller.call(0x07);
    EXPECT_TRUE(caller.request()) << "now it is empty";
    caller.answer(HostError::none, "x");

    caller.apply(DeviceInput{kConsoleChannel, {bytes.begin(), bytes.end()}});
    write_device(caller, memory_map::kUart, Uart16550::LCR, AccessSize::byte, 0x80);
    caller.call(0x07);
    EXPECT_TRUE(caller.request()) << "the register is not the buffer's now";
}

TEST_P(SemihostingCallTest, OpensTheConsoleByItsName) {
    const auto input = caller.open(":tt", 0);
    const auto output = caller.open(":tt", 4);
    const auto errors = caller.open(":tt", 8);
    EXPECT_EQ(input, 3u);
    EXPECT_EQ(output, 4u);
    EXPECT_EQ(errors, 5u);
    for (const auto handle : {input, output, errors}) EXPECT_EQ(caller.call(0x09, {handle}), 1u);
    caller.put_text("x");
    for (const auto handle : {output, errors}) {
        EXPECT_EQ(caller.call(0x05, {handle, Caller::kText, 1}), 0u);
        EXPECT_EQ(caller.shown, "x");
    }
    EXPECT_EQ(caller.call(0x06, {output, Caller::kText, 1}), 1u) << "an output cannot be read";
    EXPECT_EQ(caller.call(0x0c, {input}), minus_one);
    EXPECT_EQ(caller.call(0x0a, {input, 0}), minus_one);
    EXPECT_EQ(caller.error(), 29u);
}

// ---- the program --------------------------------------------------------------------------------

TEST_P(SemihostingCallTest, TellsTheTime) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    caller.apply(IdleWarp{VirtualTime{3 * kSecond + kSecond / 2}});
    const auto now = caller.board().time().ns;
    EXPECT_EQ(caller.call(0x10), 350u);
    EXPECT_EQ(caller.call(0x11), GoldfishRtc::kDefaultStart / kSecond + 3);
    EXPECT_EQ(caller.call(0x30, Caller::kBuffer), 0u);
    EXPECT_EQ(caller.doubleword(Caller::kBuffer), now + 2 * Guest::kNsPerStep);
    EXPECT_EQ(caller.x(a1), Caller::kBuffer);
    EXPECT_EQ(caller.call(0x30, 0x40), minus_one);
    EXPECT_EQ(caller.x(a1), minus_one);
    EXPECT_EQ(caller.call(0x31), kSecond);
}

TEST_P(SemihostingCallTest, TellsTheCommandLine) {
    const std::string line = "program one two";
    EXPECT_EQ(caller.call(0x15, {Caller::kBuffer, line.size()}), minus_one) << "no room for its end";
    EXPECT_EQ(caller.error(), 7u);
    EXPECT_EQ(caller.call(0x15, {Caller::kBuffer, line.size() + 1}), 0u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, line.size() + 1), line + '\0');
    EXPECT_EQ(caller.field(0), Caller::kBuffer);
    EXPECT_EQ(caller.field(1), line.size());
    EXPECT_EQ(caller.call(0x15, {0x40, 100}), minus_one);
    EXPECT_EQ(caller.error(), 14u);
}

/// In one run: what the engine knows of the code must not outlive the call.
TEST_P(SemihostingCallTest, CodeThatACallWritesIsRun) {
    auto options = semihosting_options(GetParam());
    options.semihosting_arguments = "\x37\x56\x34\x12";  // lui a2, 0x12345
    Caller guest(options);
    guest.put(Guest::kCode, {jalr(ra, s0, 0), addi(a0, zero, 0x15), addi(a1, s1, 0), kBefore, kBreak, kBehind,
                             jalr(ra, s0, 0)});
    guest.put(Caller::kBuffer, {addi(a2, zero, 2), jalr(zero, ra, 0)});
    guest.put_block({Caller::kBuffer, 100});
    guest.set(s0, Caller::kBuffer);
    guest.set(s1, Caller::kBlock);
    guest.run(10);
    EXPECT_EQ(guest.x(a0), 0u);
    EXPECT_EQ(guest.x(a2), 0x1234'5000u);
}

TEST_P(SemihostingCallTest, KnowsNoHeap) {
    for (std::uint64_t i = 0; i < 5; ++i) caller.put(Caller::kBuffer + 8 * i, ~std::uint64_t{0});
    EXPECT_EQ(caller.call(0x16, {Caller::kBuffer}), 0u);
    const auto size = 4u * caller.xlen / 8;
    EXPECT_EQ(caller.text_at(Caller::kBuffer, size + 1), std::string(size, '\0') + '\xff');
}

TEST_P(SemihostingCallTest, TellsErrorsFromOtherResults) {
    EXPECT_EQ(caller.call(0x08, {minus_one}), 1u);
    EXPECT_EQ(caller.call(0x08, {0}), 0u);
    EXPECT_EQ(caller.call(0x08, {5}), 0u);
}

struct End {
    std::uint64_t reason, code;
    PowerRequest::Kind kind;
    std::uint16_t told;
};
class SemihostingExitTest : public ::testing::TestWithParam<End> {};
using Kind = PowerRequest::Kind;
INSTANTIATE_TEST_SUITE_P(Ends, SemihostingExitTest,
                         ::testing::Values(End{0x20026, 0, Kind::pass, 0}, End{0x20026, 3, Kind::fail, 3},
                                           End{0x20026, 0x1'0000, Kind::fail, 0xffff},
                                           End{0x20026, 0xffff'ffff, Kind::fail, 0xffff},
                                           End{0x20023, 0, Kind::fail, 1}, End{0, 5, Kind::fail, 1}));

void expect_end(Caller& caller, std::uint64_t operation, const End& end) {
    caller.call(operation, {end.reason, end.code});
    EXPECT_TRUE(caller.board().powered_off());
    EXPECT_EQ(caller.board().finisher.request(), (PowerRequest{end.kind, end.told}));
    EXPECT_EQ(caller.step(), std::nullopt);
}

TEST_P(SemihostingExitTest, EndsTheRun) {
    Caller rv64(64), rv64_extended(64), rv32_extended(32);
    expect_end(rv64, 0x18, GetParam());
    expect_end(rv64_extended, 0x20, GetParam());
    expect_end(rv32_extended, 0x20, GetParam());
}

TEST(SemihostingCall, On32BitsAnExitHasNoCode) {
    Caller good(32), bad(32);
    good.call(0x18, 0x20026);
    EXPECT_EQ(good.board().finisher.request(), (PowerRequest{Kind::pass, 0}));
    bad.call(0x18, 0x20023);
    EXPECT_EQ(bad.board().finisher.request(), (PowerRequest{Kind::fail, 1}));
}

TEST(SemihostingCall, AResetClosesEverything) {
    Caller caller(64);
    caller.open_file("file");
    caller.edit_board([](Board& board) { board.reset(); });
    EXPECT_FALSE(caller.board().semihosting.files[3]);
    EXPECT_TRUE(caller.board().semihosting.files[2]);
}

}  // namespace
}  // namespace backspin::emu
