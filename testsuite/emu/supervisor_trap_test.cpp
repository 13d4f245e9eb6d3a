// Delegation: what S mode handles itself, and the way into its handlers and out of them. Source: The RISC-V
// Instruction Set Manual, Volume II, sections "Machine Trap Delegation", "Supervisor Status", "Supervisor
// Interrupt", "Supervisor-Level Privileged Instructions"; extension Sstc.
#include <gtest/gtest.h>

#include <random>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kNowhere = 0x4000'0000;

// ---- exceptions ---------------------------------------------------------------------------------

/// A program whose first instruction raises this.
struct Raised {
    Cause cause;
    Word word;
    std::uint64_t a0_value;
    std::uint64_t tval;
    Privilege privilege = Privilege::user;
};
const std::array kRaised{
    Raised{Cause::instruction_address_misaligned, jalr(zero, a0, 0), Guest::kCode + 6, Guest::kCode + 6},
    Raised{Cause::illegal_instruction, 0xffffffff, 0, 0xffffffff},
    Raised{Cause::breakpoint, op(Opcode::ebreak), 0, Guest::kCode},
    Raised{Cause::load_address_misaligned, atomic(Opcode::lr_w, a1, zero, a0), Guest::kData + 2,
           Guest::kData + 2},
    Raised{Cause::load_access_fault, load(Opcode::lw, a1, 0, a0), kNowhere, kNowhere},
    Raised{Cause::store_address_misaligned, atomic(Opcode::amoadd_w, a1, a1, a0), Guest::kData + 1,
           Guest::kData + 1},
    Raised{Cause::store_access_fault, store(Opcode::sw, a1, 0, a0), kNowhere, kNowhere},
    Raised{Cause::ecall_from_u, op(Opcode::ecall), 0, 0},
    Raised{Cause::ecall_from_s, op(Opcode::ecall), 0, 0, Privilege::supervisor},
};

BoardOptions whole_words() {
    BoardOptions options;
    options.isa = Isa::parse("rv64,-c,-zca");
    return options;
}

/// Its own bit of medeleg decides, and no other.
TEST(Delegation, EachExceptionHasItsBit) {
    for (const auto& raised : kRaised) {
        const auto own = std::uint64_t{1} << static_cast<unsigned>(raised.cause);
        for (const auto medeleg : {own, 0xb3ff & ~own}) {
            SCOPED_TRACE(::testing::Message()
                         << static_cast<int>(raised.cause) << " " << std::hex << medeleg);
            Guest guest(whole_words(), {raised.word});
            guest.set(a0, raised.a0_value);
            guest.go_to(Guest::kCode, raised.privilege);
            guest.edit([&](Hart& hart) { hart.medeleg = medeleg; });
            guest.run(1);
            if (medeleg == own) {
                expect_supervisor_trap(guest, raised.cause, Guest::kCode, raised.tval);
                EXPECT_EQ(guest.hart().mcause, 0u);
                EXPECT_EQ(guest.hart().mepc, 0u);
            } else {
                expect_trap(guest, raised.cause, Guest::kCode, raised.tval);
                EXPECT_EQ(guest.hart().scause, 0u);
                EXPECT_EQ(guest.hart().sepc, 0u);
            }
        }
    }
}

TEST(Delegation, MachineModeNeverHandsItsTrapsDown) {
    for (const auto& raised : kRaised) {
        if (raised.cause == Cause::ecall_from_u || raised.cause == Cause::ecall_from_s) continue;
        Guest guest(whole_words(), {raised.word});
        guest.set(a0, raised.a0_value);
        guest.edit([](Hart& hart) { hart.medeleg = 0xb3ff; });
        guest.run(1);
        expect_trap(guest, raised.cause, Guest::kCode, raised.tval);
    }
}

TEST(Delegation, AFetchFaultIsDelegatedToo) {
    Guest guest;
    guest.go_to(kNowhere, Privilege::user);
    guest.edit([](Hart& hart) { hart.medeleg = 2; });
    guest.run(1);
    expect_supervisor_trap(guest, Cause::instruction_access_fault, kNowhere, kNowhere);
}

/// sstatus keeps where the trap came from; what belongs to M mode stays.
TEST(Delegation, EntrySavesPrivilegeAndInterruptEnable) {
    struct Case {
        Privilege privilege;
        std::uint64_t before, after;
    };
    using namespace mstatus;
    for (const auto& [privilege, before, after] : std::initializer_list<Case>{
             {Privilege::supervisor, kSie, kSpie | kSpp},
             {Privilege::supervisor, kSpie, kSpp},
             {Privilege::supervisor, 0, kSpp},
             {Privilege::user, kSie | kSpp, kSpie},
             {Privilege::user, kSpp | kSpie, 0},
             {Privilege::user, kMie | kMpie | kMpp | kMprv | kSum, kMie | kMpie | kMpp | kMprv | kSum}}) {
        Guest guest{0xffffffff};
        guest.go_to(Guest::kCode, privilege);
        guest.edit([b = before](Hart& hart) {
            hart.mstatus = b;
            hart.medeleg = 4;
        });
        guest.run(1);
        EXPECT_EQ(guest.hart().mstatus, after) << std::hex << before;
        EXPECT_EQ(guest.hart().privilege, Privilege::supervisor);
    }
}

TEST(Delegation, ExceptionsIgnoreTheVectorMode) {
    Guest guest{op(Opcode::ecall)};
    guest.go_to(Guest::kCode, Privilege::user);
    guest.edit([](Hart& hart) {
        hart.stvec = Guest::kSupervisorHandler | 1;
        hart.medeleg = 1 << 8;
    });
    guest.run(1);
    EXPECT_EQ(guest.pc(), Guest::kSupervisorHandler);
}

TEST(Delegation, ADelegatedTrapBreaksTheReservation) {
    Guest guest{atomic(Opcode::lr_w, a1, zero, a0), op(Opcode::ecall)};
    guest.set(a0, Guest::kData);
    guest.go_to(Guest::kCode, Privilege::user);
    guest.edit([](Hart& hart) { hart.medeleg = 1 << 8; });
    guest.run(1);
    EXPECT_TRUE(guest.hart().reservation);
    guest.run(1);
    EXPECT_FALSE(guest.hart().reservation);
}

// ---- sret ---------------------------------------------------------------------------------------

TEST(Sret, GoesBackToTheSavedPrivilege) {
    struct Case {
        std::uint64_t before, after;
        Privilege privilege;
    };
    using namespace mstatus;
    for (const auto from : {Privilege::supervisor, Privilege::machine}) {
        for (const auto& [before, after, privilege] : std::initializer_list<Case>{
                 {kSpp | kSpie, kSie | kSpie, Privilege::supervisor},
                 {kSpp | kSie, kSpie, Privilege::supervisor},
                 {kSpie, kSie | kSpie, Privilege::user},
                 {kSie, kSpie, Privilege::user},
                 {kMprv | kSum, kSpie | kSum, Privilege::user},
                 {kMprv | kSpp, kSpie, Privilege::supervisor},
                 {kMie | kMpie | kMpp | kSpp, kMie | kMpie | kMpp | kSpie, Privilege::supervisor}}) {
            Guest guest{op(Opcode::sret)};
            guest.go_to(Guest::kCode, from);
            guest.edit([b = before](Hart& hart) {
                hart.mstatus = b;
                hart.sepc = Guest::kCode + 0x102;
                hart.mepc = Guest::kCode + 0x200;
            });
            const auto info = guest.step();
            ASSERT_TRUE(info);
            EXPECT_TRUE(info->returned_from_trap);
            EXPECT_EQ(guest.hart().mstatus, after) << std::hex << before;
            EXPECT_EQ(guest.hart().privilege, privilege);
            EXPECT_EQ(guest.pc(), Guest::kCode + 0x102);
        }
    }
}

TEST(Sret, BreaksTheReservation) {
    Guest guest{atomic(Opcode::lr_w, a1, zero, a0), op(Opcode::sret)};
    guest.set(a0, Guest::kData);
    guest.go_to(Guest::kCode, Privilege::supervisor);
    guest.run(2);
    EXPECT_FALSE(guest.hart().reservation);
}

/// "Trap SRET": only S mode is kept from it.
TEST(Sret, TsrTrapsItInSupervisorMode) {
    for (const auto privilege : {Privilege::supervisor, Privilege::machine}) {
        Guest guest{op(Opcode::sret)};
        guest.go_to(Guest::kCode, privilege);
        guest.edit([](Hart& hart) { hart.mstatus = mstatus::kTsr; });
        if (privilege == Privilege::supervisor) {
            expect_trapping_step(guest, Cause::illegal_instruction, op(Opcode::sret));
        } else {
            expect_retiring_step(guest);
            EXPECT_EQ(guest.hart().privilege, Privilege::user);
        }
    }
}

/// A call from a process to its kernel and back, with machine mode never in it.
TEST(Sret, UserCodeCallsTheKernelAndGoesOn) {
    Guest guest{addi(a0, zero, 5), op(Opcode::ecall), addi(a1, a0, 1)};
    guest.put(Guest::kSupervisorHandler,
              {csr(Opcode::csrrs, t0, 0x141, zero), addi(t0, t0, 4), csr(Opcode::csrrw, zero, 0x141, t0),
               addi(a0, a0, 100), op(Opcode::sret)});
    guest.go_to(Guest::kCode, Privilege::user);
    guest.edit([](Hart& hart) { hart.medeleg = 1 << 8; });
    guest.run(8);
    EXPECT_EQ(guest.x(a1), 106u);
    EXPECT_EQ(guest.hart().privilege, Privilege::user);
    EXPECT_EQ(guest.hart().minstret, 7u);
    EXPECT_EQ(guest.hart().mcause, 0u);
}

// ---- interrupts ---------------------------------------------------------------------------------

/// Which interrupt is taken, said once more in the manual's words: "an interrupt i will trap to M-mode if all
/// of the following are true: (a) either the current privilege mode is M and the MIE bit is set, or the
/// current privilege mode has less privilege than M-mode; (b) bit i is set in both mip and mie; and (c) bit i
/// is not set in mideleg." The same for S mode with SIE, sip and sie. "Interrupts to M-mode take priority
/// over any interrupts to lower privilege modes."
std::optional<Interrupt> expected_interrupt(const Hart& hart, std::uint64_t mip) {
    constexpr std::array<unsigned, 6> kOrder{11, 3, 7, 9, 1, 5};
    const bool to_machine = hart.privilege == Privilege::machine ? (hart.mstatus & mstatus::kMie) != 0 : true;
    const bool to_supervisor = hart.privilege == Privilege::supervisor ? (hart.mstatus & mstatus::kSie) != 0
                                                                       : hart.privilege == Privilege::user;
    for (const bool machine : {true, false}) {
        for (const auto i : kOrder) {
            const bool pending = (mip >> i & hart.mie >> i & 1) != 0;
            const bool delegated = (hart.mideleg >> i & 1) != 0;
            if (pending && delegated != machine && (machine ? to_machine : to_supervisor))
                return static_cast<Interrupt>(i);
        }
    }
    return std::nullopt;
}

TEST(SupervisorInterrupt, IsTakenAsTheManualSays) {
    std::mt19937_64 random(1);
    int taken = 0;
    for (int i = 0; i < 50'000; ++i) {
        Hart hart;
        hart.privilege = std::array{Privilege::user, Privilege::supervisor, Privilege::machine}[random() % 3];
        hart.mstatus = random() & (mstatus::kMie | mstatus::kSie);
        hart.mie = random() & 0xaaa;
        hart.mideleg = random() & 0x222;
        const auto mip = random() & 0xaaa;
        const auto interrupt = interrupt_to_take(hart, mip);
        ASSERT_EQ(interrupt, expected_interrupt(hart, mip));
        if (interrupt) ++taken;
    }
    EXPECT_GT(taken, 10'000);
}

/// Delegated ones end in S mode, others in M mode; their cause has the topmost bit of its register.
TEST(SupervisorInterrupt, GoesWhereMidelegSays) {
    for (const unsigned xlen : {64u, 32u}) {
        for (const unsigned code : {1u, 5u, 9u}) {
            for (const bool delegated : {false, true}) {
                for (const bool vectored : {false, true}) {
                    Guest guest(Guest::board_options(10, xlen), {nop()});
                    guest.go_to(Guest::kCode, Privilege::user);
                    guest.edit([&](Hart& hart) {
                        hart.mip = hart.mie = 1u << code;
                        hart.mideleg = delegated ? 0x222 : 0;
                        hart.mtvec |= vectored ? 1 : 0;
                        hart.stvec |= vectored ? 1 : 0;
                        hart.stval = hart.mtval = 99;
                    });
                    const auto info = guest.step();
                    ASSERT_TRUE(info);
                    EXPECT_EQ(info->kind, StepKind::interrupt);
                    const auto& hart = guest.hart();
                    const auto base = delegated ? Guest::kSupervisorHandler : Guest::kHandler;
                    EXPECT_EQ(hart.pc, base + (vectored ? 4 * code : 0));
                    EXPECT_EQ(delegated ? hart.scause : hart.mcause, std::uint64_t{1} << (xlen - 1) | code);
                    EXPECT_EQ(delegated ? hart.sepc : hart.mepc, Guest::kCode);
                    EXPECT_EQ(delegated ? hart.stval : hart.mtval, 0u);
                    EXPECT_EQ(delegated ? hart.mtval : hart.stval, 99u) << "the other mode's is not touched";
                    EXPECT_EQ(hart.privilege, delegated ? Privilege::supervisor : Privilege::machine);
                }
            }
        }
    }
}

/// Each way to raise one reaches the handler at the next position.
TEST(SupervisorInterrupt, IsTakenRightAfterItBecamePossible) {
    const auto prepare = [](Guest& guest, Privilege privilege) {
        guest.go_to(Guest::kCode, privilege);
        guest.edit([](Hart& hart) {
            hart.mideleg = hart.mie = 0x222;
            hart.mstatus = mstatus::kSie;
        });
    };
    const auto expect_taken = [](Guest& guest, unsigned code) {
        guest.run(2);
        EXPECT_EQ(guest.hart().scause, kInterruptCause | code);
        EXPECT_EQ(guest.hart().sepc, Guest::kCode + 4);
    };
    Guest by_sip{csr(Opcode::csrrsi, zero, 0x144, 2), nop()};
    prepare(by_sip, Privilege::supervisor);
    expect_taken(by_sip, 1);

    Guest by_sie{csr(Opcode::csrrs, zero, 0x104, a0), nop()};
    prepare(by_sie, Privilege::supervisor);
    by_sie.edit([](Hart& hart) {
        hart.mie = 0;
        hart.mip = 1 << 9;
    });
    by_sie.set(a0, 1 << 9);
    expect_taken(by_sie, 9);

    Guest by_sstatus{csr(Opcode::csrrsi, zero, 0x100, 2), nop()};
    prepare(by_sstatus, Privilege::supervisor);
    by_sstatus.edit([](Hart& hart) {
        hart.mstatus = 0;
        hart.mip = 1 << 5;
    });
    expect_taken(by_sstatus, 5);

    Guest by_stimecmp{csr(Opcode::csrrw, zero, 0x14d, zero), nop()};
    prepare(by_stimecmp, Privilege::supervisor);
    by_stimecmp.edit([](Hart& hart) {
        hart.menvcfg = envcfg::kStce;
        hart.mcounteren = 2;
    });
    expect_taken(by_stimecmp, 5);

    // M mode raises it for S mode, and takes nothing of it itself.
    Guest by_machine{csr(Opcode::csrrsi, zero, 0x344, 2), op(Opcode::mret)};
    prepare(by_machine, Privilege::machine);
    by_machine.edit([](Hart& hart) {
        hart.mstatus =
            mstatus::kSie | mstatus::kMie | mstatus::kMpie | std::uint64_t{1} << mstatus::kMppShift;
        hart.mepc = Guest::kCode + 4;
    });
    by_machine.run(1);
    expect_taken(by_machine, 1);
}

TEST(SupervisorInterrupt, OfTheUartComesThroughThePlic) {
    Guest guest{nop()};
    raise_external(guest, Privilege::supervisor);
    guest.go_to(Guest::kCode, Privilege::supervisor);
    guest.edit([](Hart& hart) {
        hart.mideleg = hart.mie = 0x222;
        hart.mstatus = mstatus::kSie;
    });
    guest.run(1);
    EXPECT_EQ(guest.hart().scause, kInterruptCause | 9);
}

/// mtime has ticks of 100 ns and a step takes 10: stimecmp = 3 is reached after 30 steps exactly.
TEST(SupervisorInterrupt, TheTimerFallsDueAtItsPosition) {
    for (const std::uint64_t ns : {7u, 10u, 100u, 101u}) {
        Guest guest({jal(zero, 0)}, ns);
        guest.go_to(Guest::kCode, Privilege::supervisor);
        guest.edit([](Hart& hart) {
            hart.mideleg = hart.mie = 1 << 5;
            hart.mstatus = mstatus::kSie;
            hart.menvcfg = envcfg::kStce;
            hart.stimecmp = 3;
        });
        guest.steps((300 + ns - 1) / ns);
        EXPECT_EQ(guest.hart().scause, 0u);
        guest.steps(1);
        EXPECT_EQ(guest.hart().scause, kInterruptCause | 5) << ns;
        EXPECT_EQ(guest.pc(), Guest::kSupervisorHandler);
        guest.run(9);
    }
}

/// Writing mtime moves the comparison of stimecmp, too.
TEST(SupervisorInterrupt, TheTimerFollowsMtime) {
    Guest guest{store(Opcode::sd, a0, 0, a1), nop(), nop()};
    guest.set(a0, 1000);
    guest.set(a1, memory_map::kAclint.base.value + Aclint::kMtimeOffset);
    guest.go_to(Guest::kCode, Privilege::supervisor);
    guest.edit([](Hart& hart) {
        hart.mideleg = hart.mie = 1 << 5;
        hart.mstatus = mstatus::kSie;
        hart.menvcfg = envcfg::kStce;
        hart.stimecmp = 1000;
    });
    guest.run(2);
    EXPECT_EQ(guest.hart().scause, kInterruptCause | 5);
    EXPECT_EQ(guest.hart().sepc, Guest::kCode + 4);
}

TEST(SupervisorInterrupt, OneForTheMachineComesFirst) {
    Guest guest{nop()};
    raise_software(guest);
    guest.go_to(Guest::kCode, Privilege::supervisor);
    guest.edit([](Hart& hart) {
        hart.mideleg = hart.mip = 0x222;
        hart.mie = 0xaaa;
        hart.mstatus = mstatus::kSie;
    });
    guest.run(1);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 3);
    EXPECT_EQ(guest.hart().scause, 0u);
}

}  // namespace
}  // namespace backspin::emu
