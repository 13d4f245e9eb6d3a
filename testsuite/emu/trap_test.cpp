// Into handlers and out of them. Source: The RISC-V Instruction Set Manual, Volume II, chapter "Machine-Level
// ISA".
#include "emu/trap.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kStatus = mstatus::kUxl64;  // with every other field 0
constexpr std::uint64_t kMppMachine = mstatus::kMpp;

/// A guest in user mode.
Guest& as_user(Guest& guest) {
    guest.edit([](Hart& hart) { hart.privilege = Privilege::user; });
    return guest;
}

void raise_software(Guest& guest) {
    guest.edit_board(
        [](Board& board) { board.aclint.write(0, AccessSize::word, 1, board.device_context()); });
}
void set_timer(Guest& guest, std::uint64_t mtimecmp) {
    guest.edit_board([&](Board& board) {
        board.aclint.write(Aclint::kMtimecmpOffset, AccessSize::doubleword, mtimecmp, board.device_context());
    });
}
void enable(Guest& guest, std::initializer_list<Interrupt> which, bool globally = true) {
    guest.edit([&](Hart& hart) {
        for (const auto interrupt : which) hart.mie |= bit(interrupt);
        if (globally) hart.mstatus |= mstatus::kMie;
    });
}

// ---- exceptions ---------------------------------------------------------------------------------

TEST(Trap, EcallTellsThePrivilegeItCameFrom) {
    Guest machine{op(Opcode::ecall)};
    expect_trapping_step(machine, Cause::ecall_from_m, 0);
    Guest user{op(Opcode::ecall)};
    expect_trapping_step(as_user(user), Cause::ecall_from_u, 0);
}

TEST(Trap, EbreakShowsItsOwnAddress) {
    Guest guest{op(Opcode::ebreak)};
    expect_trapping_step(guest, Cause::breakpoint, Guest::kCode);
    Guest compressed;
    compressed.put_halves(Guest::kCode, {0x0001, 0x9002});
    compressed.run(1);
    expect_trapping_step(compressed, Cause::breakpoint, Guest::kCode + 2);
}

TEST(Trap, AnIllegalInstructionShowsItsBits) {
    Guest guest{0xffffffff};
    expect_trapping_step(guest, Cause::illegal_instruction, 0xffffffff);
    Guest compressed;
    compressed.put_halves(Guest::kCode, {0x8002, 0xabcd});
    expect_trapping_step(compressed, Cause::illegal_instruction, 0x8002);
    Guest zeros;
    expect_trapping_step(zeros, Cause::illegal_instruction, 0);
}

TEST(Trap, SupervisorInstructionsAreIllegal) {
    for (const Word word : {0x10200073u /* sret */, 0x12000073u /* sfence.vma */, 0x00200073u /* uret */,
                            0x7b200073u /* dret */, 0x18000073u, 0x30200173u /* mret with rd */}) {
        Guest guest{word};
        expect_trapping_step(guest, Cause::illegal_instruction, word);
    }
}

TEST(Trap, UserModeMayNotReturnFromTraps) {
    Guest guest{op(Opcode::mret)};
    as_user(guest);
    expect_trapping_step(guest, Cause::illegal_instruction, op(Opcode::mret));
}

/// mstatus keeps where the trap came from and whether interrupts were on.
TEST(Trap, EntrySavesPrivilegeAndInterruptEnable) {
    struct Case {
        Privilege privilege;
        std::uint64_t before, after;
    };
    using mstatus::kMie, mstatus::kMpie, mstatus::kMpp, mstatus::kMprv, mstatus::kTw;
    for (const auto& [privilege, before, after] :
         std::initializer_list<Case>{{Privilege::machine, kStatus | kMie, kStatus | kMpie | kMppMachine},
                                     {Privilege::machine, kStatus | kMpie, kStatus | kMppMachine},
                                     {Privilege::machine, kStatus, kStatus | kMppMachine},
                                     {Privilege::user, kStatus | kMie | kMpie | kMpp, kStatus | kMpie},
                                     {Privilege::user, kStatus | kMpp, kStatus},
                                     {Privilege::user, kStatus | kMprv | kTw, kStatus | kMprv | kTw}}) {
        Guest guest{op(Opcode::ecall)};
        guest.edit([&, p = privilege, b = before](Hart& hart) {
            hart.privilege = p;
            hart.mstatus = b;
        });
        guest.run(1);
        EXPECT_EQ(guest.hart().mstatus, after) << std::hex << before;
        EXPECT_EQ(guest.hart().privilege, Privilege::machine);
    }
}

TEST(Trap, ExceptionsIgnoreTheVectorMode) {
    Guest guest{op(Opcode::ecall)};
    guest.edit([](Hart& hart) { hart.mtvec = Guest::kHandler | 1; });
    guest.run(1);
    EXPECT_EQ(guest.pc(), Guest::kHandler);
}

TEST(Trap, AHandlerThatIsNowhereTrapsAgain) {
    Guest guest{op(Opcode::ecall)};
    guest.edit([](Hart& hart) { hart.mtvec = 0x4000'0000; });
    guest.run(1);
    EXPECT_EQ(guest.pc(), 0x4000'0000u);
    for (int i = 0; i < 3; ++i) expect_trapping_step(guest, Cause::instruction_access_fault, 0x4000'0000);
}

// ---- mret ---------------------------------------------------------------------------------------

TEST(Trap, MretGoesBackToTheSavedPrivilege) {
    struct Case {
        std::uint64_t before, after;
        Privilege privilege;
    };
    using mstatus::kMie, mstatus::kMpie, mstatus::kMpp, mstatus::kMprv, mstatus::kTw;
    for (const auto& [before, after, privilege] : std::initializer_list<Case>{
             {kStatus | kMpp | kMpie, kStatus | kMie | kMpie, Privilege::machine},
             {kStatus | kMpp | kMie, kStatus | kMpie, Privilege::machine},
             {kStatus | kMpie, kStatus | kMie | kMpie, Privilege::user},
             {kStatus | kMie, kStatus | kMpie, Privilege::user},
             // MPRV is cleared on the way to user mode, and kept on the way to machine mode.
             {kStatus | kMprv | kTw, kStatus | kMpie | kTw, Privilege::user},
             {kStatus | kMpp | kMprv, kStatus | kMpie | kMprv, Privilege::machine}}) {
        Guest guest{op(Opcode::mret)};
        guest.edit([b = before](Hart& hart) {
            hart.mstatus = b;
            hart.mepc = Guest::kCode + 0x102;
        });
        const auto info = guest.step();
        ASSERT_TRUE(info);
        EXPECT_TRUE(info->returned_from_trap);
        EXPECT_EQ(guest.hart().mstatus, after) << std::hex << before;
        EXPECT_EQ(guest.hart().privilege, privilege);
        EXPECT_EQ(guest.pc(), Guest::kCode + 0x102);
        EXPECT_EQ(guest.hart().minstret, 1u);
    }
}

/// A whole call of a handler: user code, ecall, handler, back behind the ecall in user mode.
TEST(Trap, UserCodeCallsAHandlerAndGoesOn) {
    Guest guest{
        addi(a0, zero, 5),
        op(Opcode::ecall),
        addi(a1, a0, 1),
    };
    guest.put(Guest::kHandler, {
                                   csr(Opcode::csrrs, t0, 0x341, zero),
                                   addi(t0, t0, 4),
                                   csr(Opcode::csrrw, zero, 0x341, t0),
                                   addi(a0, a0, 100),
                                   op(Opcode::mret),
                               });
    as_user(guest).run(8);
    EXPECT_EQ(guest.x(a1), 106u);
    EXPECT_EQ(guest.hart().privilege, Privilege::user);
    EXPECT_EQ(guest.hart().minstret, 7u) << "the ecall did not retire";
    EXPECT_EQ(guest.hart().mcycle, 8u);
}

// ---- interrupts ---------------------------------------------------------------------------------

TEST(Interrupt, IsAStepOfItsOwnBeforeTheInstruction) {
    Guest guest{addi(a0, zero, 1)};
    raise_software(guest);
    enable(guest, {Interrupt::machine_software});
    guest.edit([](Hart& hart) { hart.mtval = 99; });
    const auto info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::interrupt);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 3);
    EXPECT_EQ(guest.hart().mepc, Guest::kCode);
    EXPECT_EQ(guest.hart().mtval, 0u);
    EXPECT_EQ(guest.hart().mstatus, kStatus | mstatus::kMpie | kMppMachine);
    EXPECT_EQ(guest.pc(), Guest::kHandler);
    EXPECT_EQ(guest.x(a0), 0u) << "the instruction has not been executed";
    EXPECT_EQ(guest.hart().mcycle, 1u);
    EXPECT_EQ(guest.hart().minstret, 0u);
    EXPECT_EQ(guest.now(), StepCount{1});
}

TEST(Interrupt, VectoredOnesGoToTheirOwnPlace) {
    for (const auto which : {Interrupt::machine_software, Interrupt::machine_timer}) {
        Guest guest{nop()};
        guest.edit([](Hart& hart) { hart.mtvec = Guest::kHandler | 1; });
        raise_software(guest);
        set_timer(guest, 0);
        enable(guest, {which});
        guest.run(1);
        EXPECT_EQ(guest.pc(), Guest::kHandler + 4 * static_cast<std::uint64_t>(which));
        EXPECT_EQ(guest.hart().mcause, kInterruptCause | static_cast<std::uint64_t>(which));
    }
}

/// Source: section "Machine Interrupt Registers (mip and mie)": MEI, MSI, MTI in decreasing order.
TEST(Interrupt, PrioritiesAreTheManuals) {
    const auto all =
        bit(Interrupt::machine_external) | bit(Interrupt::machine_software) | bit(Interrupt::machine_timer);
    Hart hart;
    hart.mie = all;
    hart.mstatus |= mstatus::kMie;
    EXPECT_EQ(interrupt_to_take(hart, all), Interrupt::machine_external);
    EXPECT_EQ(interrupt_to_take(hart, all & ~bit(Interrupt::machine_external)), Interrupt::machine_software);
    EXPECT_EQ(interrupt_to_take(hart, bit(Interrupt::machine_timer)), Interrupt::machine_timer);
    hart.mie = bit(Interrupt::machine_timer);
    EXPECT_EQ(interrupt_to_take(hart, all), Interrupt::machine_timer) << "only enabled ones count";
    EXPECT_EQ(interrupt_to_take(hart, all & ~bit(Interrupt::machine_timer)), std::nullopt);

    Guest guest{nop()};
    raise_software(guest);
    set_timer(guest, 0);
    enable(guest, {Interrupt::machine_timer, Interrupt::machine_software});
    guest.run(1);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 3);
}

TEST(Interrupt, MachineModeTakesItOnlyWithMieUserModeAlways) {
    for (const bool user : {false, true}) {
        Guest guest{nop(), nop()};
        raise_software(guest);
        enable(guest, {Interrupt::machine_software}, false);
        if (user) as_user(guest);
        const auto info = guest.step();
        ASSERT_TRUE(info);
        EXPECT_EQ(info->kind, user ? StepKind::interrupt : StepKind::attempt);
        if (user) {
            EXPECT_EQ(guest.hart().mstatus & mstatus::kMpp, 0u);
        }
    }
}

/// What makes an interrupt possible takes effect before the next instruction: the CSR write, the store to the
/// device, the return.
TEST(Interrupt, IsTakenRightAfterItBecamePossible) {
    Guest by_mstatus{csr(Opcode::csrrsi, zero, 0x300, 8), nop()};
    raise_software(by_mstatus);
    enable(by_mstatus, {Interrupt::machine_software}, false);
    by_mstatus.run(2);
    EXPECT_EQ(by_mstatus.hart().mepc, Guest::kCode + 4);
    EXPECT_EQ(by_mstatus.hart().mcause, kInterruptCause | 3);

    Guest by_mie{csr(Opcode::csrrsi, zero, 0x304, 8), nop()};
    raise_software(by_mie);
    enable(by_mie, {});
    by_mie.run(2);
    EXPECT_EQ(by_mie.hart().mepc, Guest::kCode + 4);

    Guest by_store{store(Opcode::sw, a0, 0, a1), nop()};
    enable(by_store, {Interrupt::machine_software});
    by_store.set(a0, 1);
    by_store.set(a1, memory_map::kAclint.base.value);
    by_store.run(2);
    EXPECT_EQ(by_store.hart().mepc, Guest::kCode + 4);
    EXPECT_EQ(by_store.hart().mcause, kInterruptCause | 3);

    Guest by_return{op(Opcode::mret)};
    raise_software(by_return);
    enable(by_return, {Interrupt::machine_software}, false);
    by_return.edit([](Hart& hart) {
        hart.mstatus |= mstatus::kMpie | mstatus::kMpp;
        hart.mepc = Guest::kCode + 0x200;
    });
    by_return.run(2);
    EXPECT_EQ(by_return.hart().mepc, Guest::kCode + 0x200);
    EXPECT_EQ(by_return.hart().mcause, kInterruptCause | 3);
}

/// A store to the device that takes the interrupt back is in time, too.
TEST(Interrupt, IsGoneAsSoonAsItsCauseIs) {
    Guest guest{store(Opcode::sw, zero, 0, a1), csr(Opcode::csrrsi, zero, 0x300, 8), addi(a0, zero, 7)};
    raise_software(guest);
    enable(guest, {Interrupt::machine_software}, false);
    guest.set(a1, memory_map::kAclint.base.value);
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 7u);
}

/// mtime has ticks of 100 ns and a step takes 10: mtimecmp = 3 is reached after 30 steps exactly.
TEST(Interrupt, TheTimerFallsDueAtItsPosition) {
    Guest guest{jal(zero, 0)};
    set_timer(guest, 3);
    enable(guest, {Interrupt::machine_timer});
    guest.run(30);
    EXPECT_EQ(guest.pc(), Guest::kCode);
    EXPECT_EQ(guest.hart().mcause, 0u);
    guest.run(1);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7);
    EXPECT_EQ(guest.pc(), Guest::kHandler);
    EXPECT_EQ(guest.now(), StepCount{31});
}

TEST(Interrupt, TheTimerFallsDueAtItsPositionWhateverAStepTakes) {
    for (const std::uint64_t ns : {1u, 7u, 99u, 100u, 101u, 5000u}) {
        Guest guest({jal(zero, 0)}, ns);
        set_timer(guest, 2);
        enable(guest, {Interrupt::machine_timer});
        const auto steps = (200 + ns - 1) / ns;
        guest.run(steps);
        EXPECT_EQ(guest.hart().mcause, 0u) << ns;
        guest.run(1);
        EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7) << ns;
    }
}

TEST(Interrupt, APendingTimerThatIsMovedAwayIsNotTaken) {
    Guest guest{store(Opcode::sd, a0, 0, a1), csr(Opcode::csrrsi, zero, 0x300, 8), addi(a2, zero, 7)};
    set_timer(guest, 0);
    enable(guest, {Interrupt::machine_timer}, false);
    guest.set(a0, ~std::uint64_t{0});
    guest.set(a1, memory_map::kAclint.base.value + Aclint::kMtimecmpOffset);
    guest.run(3);
    EXPECT_EQ(guest.x(a2), 7u);
}

TEST(Interrupt, ComesBeforeAFetchFault) {
    Guest guest;
    guest.edit([](Hart& hart) { hart.pc = 0x4000'0000; });
    raise_software(guest);
    enable(guest, {Interrupt::machine_software});
    guest.run(1);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 3);
    EXPECT_EQ(guest.hart().mepc, 0x4000'0000u);
}

}  // namespace
}  // namespace backspin::emu
