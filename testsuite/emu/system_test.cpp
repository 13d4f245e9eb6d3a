// Waiting for interrupts, and how a hart wakes; what mstatus lets S and U mode do; and other instructions
// that reach beyond registers and memory. Source: The RISC-V Instruction Set Manual, Volume II, sections
// "Wait for Interrupt", "Virtualization Support in mstatus Register" and "Extension Context Status"; Volume
// I, chapters "Zawrs" and "RV32I".
#include "emu/system.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

Word wfi() {
    return op(Opcode::wfi);
}

TEST(Wfi, WaitsAndTheClockJumpsToTheDeadline) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, {Interrupt::machine_timer}, true);
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
    enable(guest, {Interrupt::machine_timer}, false);
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 1u);
    EXPECT_FALSE(guest.hart().waiting);
    EXPECT_EQ(guest.hart().mcause, 0u);
}

TEST(Wfi, DoesNotWaitForWhatIsAlreadyPending) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    raise_software(guest);
    enable(guest, {Interrupt::machine_software}, false);
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
    enable(guest, {Interrupt::machine_timer}, true);
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
    enable(guest, {Interrupt::machine_timer}, false);
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
    enable(guest, {Interrupt::machine_timer}, false);
    guest.run(1);
    RunOptions options;
    options.pause_when_idle = true;
    EXPECT_EQ(guest.machine().run(options), RunEnd::idle);
    EXPECT_EQ(guest.machine().now(), StepCount{1});
    EXPECT_EQ(guest.machine().time(), VirtualTime{10});
}

/// With S mode there, U mode may not wait at all; TW keeps S mode from it, and nothing keeps M mode.
TEST(Wfi, WhoMayWait) {
    for (const bool tw : {false, true}) {
        for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            Guest guest{wfi()};
            guest.go_to(Guest::kCode, privilege);
            guest.edit([&](Hart& hart) { hart.mstatus = tw ? mstatus::kTw : 0; });
            const bool legal = privilege == Privilege::machine || (privilege == Privilege::supervisor && !tw);
            if (legal) {
                expect_retiring_step(guest);
            } else {
                expect_trapping_step(guest, Cause::illegal_instruction, wfi());
            }
            EXPECT_EQ(guest.hart().waiting, legal);
        }
    }
}

/// Below M mode its interrupts are always on, whatever MIE says.
TEST(Wfi, InSupervisorModeTheMachinesWakingInterruptIsTaken) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    guest.go_to(Guest::kCode, Privilege::supervisor);
    set_timer(guest, 50);
    enable(guest, {Interrupt::machine_timer}, false);
    guest.run(3);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7);
    EXPECT_EQ(guest.x(a0), 0u);
}

/// "WFI ... must resume ... when there is any locally enabled interrupt pending, even if it has been
/// delegated": in M mode, which never takes it, and in S mode with SIE off.
TEST(Wfi, ADelegatedInterruptWakesWithoutBeingTaken) {
    for (const auto privilege : {Privilege::machine, Privilege::supervisor}) {
        Guest guest{wfi(), addi(a0, zero, 1)};
        guest.go_to(Guest::kCode, privilege);
        guest.edit([](Hart& hart) {
            hart.mideleg = hart.mie = 1 << 5;
            hart.mstatus = mstatus::kMie;
            hart.menvcfg = envcfg::kStce;
            hart.stimecmp = 50;
        });
        guest.run(1);
        EXPECT_TRUE(guest.hart().waiting);
        EXPECT_EQ(guest.machine().idle_deadline(), VirtualTime{5000});
        guest.run(2);
        EXPECT_EQ(guest.x(a0), 1u);
        EXPECT_EQ(guest.hart().mcause | guest.hart().scause, 0u);
    }
}

TEST(Wfi, WithSieADelegatedInterruptIsTakenInSupervisorMode) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    guest.go_to(Guest::kCode, Privilege::supervisor);
    guest.edit([](Hart& hart) {
        hart.mideleg = hart.mie = 1 << 5;
        hart.mstatus = mstatus::kSie;
        hart.menvcfg = envcfg::kStce;
        hart.stimecmp = 50;
    });
    guest.run(3);
    EXPECT_EQ(guest.hart().scause, kInterruptCause | 5);
    EXPECT_EQ(guest.hart().sepc, Guest::kCode + 4);
    EXPECT_FALSE(guest.hart().waiting);
}

/// Without STCE the comparator is silent, and no deadline.
TEST(Wfi, StimecmpIsADeadlineOnlyWithStce) {
    Guest guest{wfi()};
    guest.edit([](Hart& hart) {
        hart.mie = 1 << 5;
        hart.stimecmp = 50;
    });
    guest.run(1);
    EXPECT_EQ(guest.machine().idle_deadline(), std::nullopt);
    EXPECT_FALSE(guest.step());
}

/// A character that is typed is what everybody waits for.
TEST(Wfi, AnInputWakesThroughThePlic) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    raise_external(guest, Privilege::supervisor);
    write_device(guest, memory_map::kUart, Uart16550::IER, AccessSize::byte, 1);
    guest.edit([](Hart& hart) { hart.mie = 1 << 9; });
    guest.edit_board([](Board& board) {
        const PhysicalAddress claim{memory_map::kPlic.base.value + 0x20'1004};
        const auto source = *board.read_device(claim, AccessSize::word);
        board.write_device(claim, AccessSize::word, source);
    });
    guest.run(1);
    EXPECT_FALSE(guest.step()) << "asleep";
    guest.apply(DeviceInput{kConsoleChannel, {std::byte{'x'}}});
    guest.run(1);
    EXPECT_EQ(guest.x(a0), 1u);
}

/// A machine that was saved while waiting goes on waiting.
TEST(Wfi, WaitingIsPartOfTheState) {
    Guest guest{wfi(), addi(a0, zero, 1)};
    set_timer(guest, 50);
    enable(guest, {Interrupt::machine_timer}, false);
    guest.run(1);
    guest.edit([](Hart&) {});  // saves and loads
    EXPECT_TRUE(guest.machine().is_waiting(HartId{0}));
    const auto info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::idle_jump);
}

// ---- waiting a little ---------------------------------------------------------------------------

/// A hart alone goes on at once.
TEST(Pause, RetiresAndChangesNothing) {
    for (const auto opcode : {Opcode::pause, Opcode::wrs_nto, Opcode::wrs_sto}) {
        for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            Guest guest{op(opcode), addi(a0, zero, 1)};
            guest.go_to(Guest::kCode, privilege);
            const auto before = guest.hart().x;
            expect_retiring_step(guest);
            EXPECT_EQ(guest.hart().x, before);
            EXPECT_FALSE(guest.hart().waiting);
            guest.run(1);
            EXPECT_EQ(guest.x(a0), 1u);
        }
    }
}

/// "When the TW bit is set ... WRS.NTO executed in any mode less privileged than M ... raises an illegal
/// instruction"; WRS.STO ends by itself in time.
TEST(Pause, TwTrapsTheWaitWithoutATimeout) {
    for (const auto opcode : {Opcode::pause, Opcode::wrs_nto, Opcode::wrs_sto}) {
        for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            Guest guest{op(opcode)};
            guest.go_to(Guest::kCode, privilege);
            guest.edit([](Hart& hart) { hart.mstatus = mstatus::kTw; });
            if (opcode == Opcode::wrs_nto && privilege != Privilege::machine) {
                expect_trapping_step(guest, Cause::illegal_instruction, op(opcode));
            } else {
                expect_retiring_step(guest);
            }
        }
    }
}

// ---- fences of address translation --------------------------------------------------------------

TEST(TranslationFence, IsForSupervisorModeUnlessTvmTrapsIt) {
    struct Case {
        Opcode opcode;
        bool trapped_by_tvm;
    };
    for (const auto& [opcode, trapped_by_tvm] :
         std::initializer_list<Case>{{Opcode::sfence_vma, true},
                                     {Opcode::sinval_vma, true},
                                     {Opcode::sfence_w_inval, false},
                                     {Opcode::sfence_inval_ir, false}}) {
        for (const bool tvm : {false, true}) {
            for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
                const auto word = op(opcode, 0, trapped_by_tvm ? a0 : zero, trapped_by_tvm ? a1 : zero);
                Guest guest{word};
                guest.go_to(Guest::kCode, privilege);
                guest.edit([&](Hart& hart) { hart.mstatus = tvm ? mstatus::kTvm : 0; });
                const bool trapped = privilege == Privilege::user ||
                                     (tvm && trapped_by_tvm && privilege == Privilege::supervisor);
                if (trapped) {
                    expect_trapping_step(guest, Cause::illegal_instruction, word);
                } else {
                    expect_retiring_step(guest);
                }
            }
        }
    }
}

TEST(TranslationFence, ThoseOfSvinvalAreAnExtension) {
    BoardOptions options;
    options.isa = Isa::parse("rv64,-svinval");
    for (const auto opcode : {Opcode::sinval_vma, Opcode::sfence_w_inval, Opcode::sfence_inval_ir}) {
        Guest guest(options, {op(opcode)});
        expect_trapping_step(guest, Cause::illegal_instruction, op(opcode));
    }
    Guest guest(options, {op(Opcode::sfence_vma)});
    expect_retiring_step(guest);
}

// ---- floating point switched off ------------------------------------------------------------------

/// "When an extension's status is set to Off, any instruction that attempts to read or write the
/// corresponding state will cause an illegal-instruction exception": every one of the table.
TEST(FloatingPointOff, MakesItsInstructionsIllegal) {
    Guest guest;
    guest.set(a0, Guest::kData);
    for (const auto& row : definitions()) {
        const bool floating =
            row.kind == Kind::floating || row.kind == Kind::floating_load || row.kind == Kind::floating_store;
        if (!floating || !guest.board().isa().has(row.needs)) continue;
        const auto word = encode(row.opcode, {a1, a0, a2, 0});
        for (const auto privilege : {Privilege::user, Privilege::machine}) {
            for (const std::uint64_t fs : {0u, 1u, 2u, 3u}) {
                guest.put(Guest::kCode, {word});
                guest.go_to(Guest::kCode, privilege);
                guest.edit([&](Hart& hart) { hart.mstatus = fs << 13; });
                guest.run(1);
                if (fs == 0) {
                    expect_trap(guest, Cause::illegal_instruction, Guest::kCode, word);
                } else {
                    EXPECT_EQ(guest.pc(), Guest::kCode + 4) << row.name;
                }
            }
        }
    }
}

/// What changes a floating-point register makes the state dirty; what only reads them does not.
TEST(FloatingPointOff, TheStateIsDirtyAfterAWrite) {
    struct Case {
        Word word;
        bool dirty;
    };
    for (const auto& [word, dirty] :
         std::initializer_list<Case>{{load(Opcode::fld, a1, 0, a0), true},
                                     {store(Opcode::fsd, a1, 0, a0), false},
                                     {encode(Opcode::fadd_s, {a1, a2, a3, 0}), true},
                                     {encode(Opcode::fmv_x_d, {a1, a2, 0, 0}), false},
                                     {encode(Opcode::fmv_d_x, {a1, a0, 0, 0}), true},
                                     {encode(Opcode::fclass_s, {a1, a2, 0, 0}), false}}) {
        Guest guest{word};
        guest.set(a0, Guest::kData);
        guest.edit([](Hart& hart) { hart.mstatus = std::uint64_t{1} << 13; });
        expect_retiring_step(guest);
        EXPECT_EQ((guest.hart().mstatus & mstatus::kFs) == mstatus::kFsDirty, dirty) << std::hex << word;
    }
}

// ---- jumps without compressed instructions --------------------------------------------------------

BoardOptions whole_words(unsigned xlen) {
    BoardOptions options;
    options.isa = Isa::parse(xlen == 64 ? "rv64,-c,-zca" : "rv32,-c,-zca");
    return options;
}

/// Not the target but the jump is at fault, and its link register is not written.
TEST(MisalignedJump, TrapsAtTheJump) {
    for (const unsigned xlen : {64u, 32u}) {
        for (const Word word : {jal(ra, 6), jal(ra, -2), jalr(ra, a0, 2), jalr(ra, a0, 3),
                                branch(Opcode::beq, zero, zero, 10), branch(Opcode::bne, a0, zero, -6)}) {
            Guest guest(whole_words(xlen), {});
            guest.put(Guest::kCode + 8, {word});
            guest.go_to(Guest::kCode + 8);
            guest.set(a0, Guest::kCode);
            guest.set(ra, 7);
            std::uint64_t target = Guest::kCode + 2;
            const auto instruction = guest.board().decoder->decode(word);
            if (instruction.opcode != Opcode::jalr)
                target = Guest::kCode + 8 + static_cast<std::uint64_t>(std::int64_t{instruction.imm});
            expect_trapping_step(guest, Cause::instruction_address_misaligned, target);
            EXPECT_EQ(guest.x(ra), 7u);
        }
    }
}

TEST(MisalignedJump, IsNoneIfTheBranchIsNotTaken) {
    Guest guest(whole_words(64), {branch(Opcode::bne, zero, zero, 6), jalr(ra, a0, 1)});
    guest.set(a0, Guest::kCode + 0x100);
    guest.run(2);
    EXPECT_EQ(guest.pc(), Guest::kCode + 0x100) << "bit 0 of the target is cleared";
    EXPECT_EQ(guest.hart().mcause, 0u);
}

/// mepc and sepc cannot name such a place either, so that no xRET leads there.
TEST(MisalignedJump, NoReturnLeadsToOne) {
    Guest guest(whole_words(64), {csr(Opcode::csrrw, zero, 0x341, a0), op(Opcode::mret)});
    guest.set(a0, Guest::kCode + 0x102);
    guest.edit([](Hart& hart) { hart.mstatus = mstatus::kMpp; });
    guest.run(2);
    EXPECT_EQ(guest.pc(), Guest::kCode + 0x100);
}

}  // namespace
}  // namespace backspin::emu
