// Into handlers and out of them. Source: The RISC-V Instruction Set Manual, Volume II, chapter "Machine-Level
// ISA".
#include "emu/trap.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kMppMachine = mstatus::kMpp;
constexpr std::uint64_t kMppSupervisor = std::uint64_t{1} << mstatus::kMppShift;

/// A guest in user mode.
Guest& as_user(Guest& guest) {
    guest.edit([](Hart& hart) { hart.privilege = Privilege::user; });
    return guest;
}

// ---- exceptions ---------------------------------------------------------------------------------

TEST(Trap, EcallTellsThePrivilegeItCameFrom) {
    Guest machine{op(Opcode::ecall)};
    expect_trapping_step(machine, Cause::ecall_from_m, 0);
    Guest user{op(Opcode::ecall)};
    expect_trapping_step(as_user(user), Cause::ecall_from_u, 0);
    Guest supervisor{op(Opcode::ecall)};
    supervisor.go_to(Guest::kCode, Privilege::supervisor);
    expect_trapping_step(supervisor, Cause::ecall_from_s, 0);
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

/// Of modes and extensions that are not there, or with operands where there must be none.
TEST(Trap, OtherPrivilegedInstructionsAreIllegal) {
    for (const Word word : {0x00200073u /* uret */, 0x7b200073u /* dret */, 0x70200073u /* mnret */,
                            0x22000073u /* hfence.vvma */, 0x62000073u /* hfence.gvma */,
                            0x30200173u /* mret with rd */, 0x10208073u /* sret with rs1 */,
                            0x105000f3u /* wfi with rd */, 0x120000f3u /* sfence.vma with rd */}) {
        Guest guest{word};
        expect_trapping_step(guest, Cause::illegal_instruction, word);
    }
}

TEST(Trap, OnlyTheirModeAndThoseAboveReturnFromTraps) {
    for (const auto opcode : {Opcode::mret, Opcode::sret}) {
        for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            Guest guest{op(opcode)};
            guest.go_to(Guest::kCode, privilege);
            guest.edit([](Hart& hart) { hart.mepc = hart.sepc = Guest::kCode + 8; });
            const auto lowest = opcode == Opcode::mret ? Privilege::machine : Privilege::supervisor;
            if (privilege < lowest) {
                expect_trapping_step(guest, Cause::illegal_instruction, op(opcode));
            } else {
                expect_retiring_step(guest);
                EXPECT_EQ(guest.pc(), Guest::kCode + 8);
            }
        }
    }
}

/// mstatus keeps where the trap came from and whether interrupts were on.
TEST(Trap, EntrySavesPrivilegeAndInterruptEnable) {
    struct Case {
        Privilege privilege;
        std::uint64_t before, after;
    };
    using mstatus::kMie, mstatus::kMpie, mstatus::kMpp, mstatus::kMprv, mstatus::kTw;
    for (const auto& [privilege, before, after] :
         std::initializer_list<Case>{{Privilege::machine, kMie, kMpie | kMppMachine},
                                     {Privilege::machine, kMpie, kMppMachine},
                                     {Privilege::machine, 0, kMppMachine},
                                     {Privilege::user, kMie | kMpie | kMpp, kMpie},
                                     {Privilege::user, kMpp, 0},
                                     {Privilege::supervisor, kMie, kMpie | kMppSupervisor},
                                     {Privilege::user, kMprv | kTw, kMprv | kTw}}) {
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
             {kMpp | kMpie, kMie | kMpie, Privilege::machine},
             {kMpp | kMie, kMpie, Privilege::machine},
             {kMpie, kMie | kMpie, Privilege::user},
             {kMie, kMpie, Privilege::user},
             {kMppSupervisor | kMpie, kMie | kMpie, Privilege::supervisor},
             {kMppSupervisor | kMprv, kMpie, Privilege::supervisor},
             // MPRV is cleared on the way to user mode, and kept on the way to machine mode.
             {kMprv | kTw, kMpie | kTw, Privilege::user},
             {kMpp | kMprv, kMpie | kMprv, Privilege::machine}}) {
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
    EXPECT_EQ(guest.hart().mstatus, mstatus::kMpie | kMppMachine);
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

/// Source: section "Machine Interrupt Registers (mip and mie)": MEI, MSI, MTI, SEI, SSI, STI in decreasing
/// order.
TEST(Interrupt, PrioritiesAreTheManuals) {
    constexpr std::array kOrder{Interrupt::machine_external,    Interrupt::machine_software,
                                Interrupt::machine_timer,       Interrupt::supervisor_external,
                                Interrupt::supervisor_software, Interrupt::supervisor_timer};
    Hart hart;
    hart.mstatus |= mstatus::kMie;
    // Every set of pending ones, and every set of those enabled.
    for (std::uint32_t pending = 0; pending < 64; ++pending) {
        for (std::uint32_t enabled = 0; enabled < 64; ++enabled) {
            std::uint64_t mip = 0;
            std::optional<Interrupt> expected;
            hart.mie = 0;
            for (std::size_t i = 0; i < kOrder.size(); ++i) {
                if ((pending >> i & 1) != 0) mip |= bit(kOrder[i]);
                if ((enabled >> i & 1) != 0) hart.mie |= bit(kOrder[i]);
                if ((pending >> i & enabled >> i & 1) != 0 && !expected) expected = kOrder[i];
            }
            ASSERT_EQ(interrupt_to_take(hart, mip), expected) << pending << " " << enabled;
        }
    }

    Guest guest{nop()};
    raise_software(guest);
    set_timer(guest, 0);
    enable(guest, {Interrupt::machine_timer, Interrupt::machine_software});
    guest.run(1);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 3);
    Guest external{nop()};
    raise_software(external);
    raise_external(external, Privilege::machine);
    enable(external, {Interrupt::machine_external, Interrupt::machine_software});
    external.run(1);
    EXPECT_EQ(external.hart().mcause, kInterruptCause | 11);
}

TEST(Interrupt, MachineModeTakesItOnlyWithMieTheOthersAlways) {
    for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
        Guest guest{nop(), nop()};
        raise_software(guest);
        enable(guest, {Interrupt::machine_software}, false);
        guest.go_to(Guest::kCode, privilege);
        const auto info = guest.step();
        ASSERT_TRUE(info);
        const bool taken = privilege != Privilege::machine;
        EXPECT_EQ(info->kind, taken ? StepKind::interrupt : StepKind::attempt);
        if (taken) {
            EXPECT_EQ((guest.hart().mstatus & mstatus::kMpp) >> mstatus::kMppShift,
                      static_cast<std::uint64_t>(privilege));
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
    guest.steps(30);
    EXPECT_EQ(guest.pc(), Guest::kCode);
    EXPECT_EQ(guest.hart().mcause, 0u);
    guest.steps(1);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7);
    EXPECT_EQ(guest.pc(), Guest::kHandler);
    EXPECT_EQ(guest.now(), StepCount{31});
    guest.run(9);
}

TEST(Interrupt, TheTimerFallsDueAtItsPositionWhateverAStepTakes) {
    for (const std::uint64_t ns : {1u, 7u, 99u, 100u, 101u, 5000u}) {
        Guest guest({jal(zero, 0)}, ns);
        set_timer(guest, 2);
        enable(guest, {Interrupt::machine_timer});
        const auto steps = (200 + ns - 1) / ns;
        guest.steps(steps);
        EXPECT_EQ(guest.hart().mcause, 0u) << ns;
        guest.steps(1);
        EXPECT_EQ(guest.hart().mcause, kInterruptCause | 7) << ns;
        guest.run(9);
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
