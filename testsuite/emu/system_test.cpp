// Waiting for interrupts, and how a hart wakes. Source: The RISC-V Instruction Set Manual, Volume II,
// sections "Wait for Interrupt" and "Virtualization Support in mstatus Register".
#include "emu/system.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

Word wfi() {
    return op(Opcode::wfi);
}

void set_timer(Guest& guest, std::uint64_t mtimecmp) {
    guest.edit_board([&](Board& board) {
        board.aclint.write(Aclint::kMtimecmpOffset, AccessSize::doubleword, mtimecmp, board.device_context());
    });
}
void raise_software(Guest& guest) {
    guest.edit_board(
        [](Board& board) { board.aclint.write(0, AccessSize::word, 1, board.device_context()); });
}
void enable(Guest& guest, Interrupt which, bool globally) {
    guest.edit([&](Hart& hart) {
        hart.mie |= bit(which);
        if (globally) hart.mstatus |= mstatus::kMie;
    });
}

TEST(Wfi, WaitsAndTheClockJumpsToTheDeadline) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, Interrupt::machine_timer, true);
    expect_retiring_step(guest);
    EXPECT_TRUE(guest.hart().waiting);
    EXPECT_EQ(guest.pc(), Guest::kCode + 4);

    auto info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::idle_jump);
    EXPECT_EQ(guest.board().idle.ns, 5000 - Guest::kNsPerStep) << "exactly to 50 ticks of 100 ns";
    EXPECT_TRUE(guest.hart().waiting);
    EXPECT_EQ(guest.now(), StepCount{2});

    info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::interrupt);
    EXPECT_FALSE(guest.hart().waiting);
    EXPECT_EQ(guest.hart().mepc, Guest::kCode + 4) << "behind the wfi";
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7);
}

/// "The WFI instruction ... is unaffected by the global interrupt enables": the hart wakes without a trap.
TEST(Wfi, WakesWithInterruptsOffAndGoesOn) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, Interrupt::machine_timer, false);
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 1u);
    EXPECT_FALSE(guest.hart().waiting);
    EXPECT_EQ(guest.hart().mcause, 0u);
}

TEST(Wfi, DoesNotWaitForWhatIsAlreadyPending) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    raise_software(guest);
    enable(guest, Interrupt::machine_software, false);
    expect_retiring_step(guest);
    EXPECT_FALSE(guest.hart().waiting);
    guest.run(1);
    EXPECT_EQ(guest.x(a0), 1u);
}

/// Only interrupts enabled in mie wake.
TEST(Wfi, SleepsThroughWhatIsNotEnabled) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    raise_software(guest);
    set_timer(guest, 50);
    expect_retiring_step(guest);
    EXPECT_TRUE(guest.hart().waiting);
    // The timer's line rises at its time, wakes nobody, and then nothing is left to wait for.
    const auto info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::idle_jump);
    EXPECT_FALSE(guest.step());
    EXPECT_EQ(guest.machine().run(RunOptions{}), RunEnd::asleep);
    EXPECT_EQ(guest.x(a0), 0u);
    EXPECT_EQ(guest.now(), StepCount{2});
}

TEST(Wfi, WithoutAnyDeadlineTheMachineIsAsleep) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    enable(guest, Interrupt::machine_timer, true);
    guest.run(1);
    EXPECT_FALSE(guest.step());
    EXPECT_EQ(guest.machine().run(RunOptions{}), RunEnd::asleep);
    EXPECT_EQ(guest.machine().idle_deadline(), std::nullopt);
    EXPECT_EQ(guest.now(), StepCount{1});
}

/// Inputs still move a machine that is asleep; one that does not wake the hart leaves it waiting.
TEST(Wfi, ADebuggersWriteMayWakeTheHart) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    raise_software(guest);
    guest.run(1);
    EXPECT_FALSE(guest.step());
    guest.apply(RegisterWrite{HartId{0}, RegisterId{a1}, 5});
    EXPECT_TRUE(guest.hart().waiting);
    EXPECT_FALSE(guest.step());
    guest.apply(RegisterWrite{HartId{0}, RegisterId{65 + 0x304}, 8});
    guest.run(1);
    EXPECT_EQ(guest.x(a0), 1u);
}

TEST(Wfi, AWarpMovesTheClockInsteadOfTheJump) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, Interrupt::machine_timer, false);
    guest.run(1);
    EXPECT_EQ(guest.machine().idle_deadline(), VirtualTime{5000});
    guest.apply(IdleWarp{VirtualTime{1000}});
    EXPECT_EQ(guest.board().time(), VirtualTime{1020});
    EXPECT_EQ(guest.machine().idle_deadline(), VirtualTime{5000});
    guest.run(2);
    EXPECT_EQ(guest.board().time(), VirtualTime{5020}) << "the jump and the instruction are steps too";
    EXPECT_EQ(guest.x(a0), 1u);
}

/// The host may want to wait itself: it is told instead of the clock jumping.
TEST(Wfi, ARunMayPauseBeforeTheJump) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, Interrupt::machine_timer, false);
    guest.run(1);
    RunOptions options;
    options.pause_when_idle = true;
    EXPECT_EQ(guest.machine().run(options), RunEnd::idle);
    EXPECT_EQ(guest.machine().now(), StepCount{1});
    EXPECT_EQ(guest.machine().time(), VirtualTime{10});
}

TEST(Wfi, InUserModeItIsLegalUnlessTwIsSet) {
    Guest legal{wfi()};
    legal.edit([](Hart& hart) { hart.privilege = Privilege::user; });
    expect_retiring_step(legal);
    EXPECT_TRUE(legal.hart().waiting);

    Guest refused{wfi()};
    refused.edit([](Hart& hart) {
        hart.privilege = Privilege::user;
        hart.mstatus |= mstatus::kTw;
    });
    expect_trapping_step(refused, Cause::illegal_instruction, wfi());
    EXPECT_FALSE(refused.hart().waiting);

    Guest machine{wfi()};
    machine.edit([](Hart& hart) { hart.mstatus |= mstatus::kTw; });
    expect_retiring_step(machine);
}

/// In user mode interrupts are always on, whatever MIE says.
TEST(Wfi, InUserModeTheWakingInterruptIsTaken) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    guest.edit([](Hart& hart) { hart.privilege = Privilege::user; });
    set_timer(guest, 50);
    enable(guest, Interrupt::machine_timer, false);
    guest.run(3);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7);
    EXPECT_EQ(guest.x(a0), 0u);
}

/// A machine that was saved while waiting goes on waiting.
TEST(Wfi, WaitingIsPartOfTheState) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, Interrupt::machine_timer, false);
    guest.run(1);
    guest.edit([](Hart&) {});  // saves and loads
    EXPECT_TRUE(guest.machine().is_waiting(HartId{0}));
    const auto info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::idle_jump);
}

}  // namespace
}  // namespace backspin::emu
