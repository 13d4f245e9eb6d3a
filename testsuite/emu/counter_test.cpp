// The counters: what they count, who may look at them, and that counting by whole blocks is never seen.
// Source: The RISC-V Instruction Set Manual, Volume II, sections "Hardware Performance Monitor", "Machine
// Counter-Enable" and "Machine Counter-Inhibit"; Volume I, chapter "Counters".
#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr unsigned kMcycleNumber = 0xb00, kMinstretNumber = 0xb02, kInhibit = 0x320;

Guest rv32(std::initializer_list<Word> program) {
    return Guest(Guest::board_options(Guest::kNsPerStep, 32), program);
}

// ---- who may look -------------------------------------------------------------------------------

/// mcounteren opens a counter for S mode, and both registers together for U mode; M mode needs neither.
TEST(Counter, EnableBitsDecideBelowMachineMode) {
    Guest guest;
    for (const unsigned counter : {0u, 1u, 2u, 3u, 17u, 31u}) {
        const auto word = csr(Opcode::csrrs, a0, 0xc00 + counter, zero);
        guest.put(Guest::kCode, {word});
        const auto bit = std::uint64_t{1} << counter;
        for (const bool by_machine : {false, true}) {
            for (const bool by_supervisor : {false, true}) {
                for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
                    guest.go_to(Guest::kCode, privilege);
                    guest.edit([&](Hart& hart) {
                        hart.mcounteren = 0xffff'ffff & (by_machine ? kAll : ~bit);
                        hart.scounteren = 0xffff'ffff & (by_supervisor ? kAll : ~bit);
                    });
                    const bool legal = privilege == Privilege::machine ||
                                       (by_machine && (by_supervisor || privilege == Privilege::supervisor));
                    guest.run(1);
                    EXPECT_EQ(guest.pc() == Guest::kCode + 4, legal)
                        << counter << by_machine << by_supervisor << static_cast<int>(privilege);
                    if (!legal) expect_trap(guest, Cause::illegal_instruction, Guest::kCode, word);
                }
            }
        }
    }
}

TEST(Counter, TheUpperHalvesOfRv32HaveTheSameGates) {
    auto guest = rv32({});
    for (const unsigned number : {0xc80u, 0xc81u, 0xc82u, 0xc83u}) {
        guest.put(Guest::kCode, {csr(Opcode::csrrs, a0, number, zero)});
        for (const bool open : {false, true}) {
            guest.go_to(Guest::kCode, Privilege::user);
            guest.edit([&](Hart& hart) {
                hart.mcounteren = 0xf;
                hart.scounteren = open ? 1u << (number & 31) : 0;
            });
            guest.run(1);
            EXPECT_EQ(guest.pc() == Guest::kCode + 4, open) << std::hex << number;
        }
    }
}

// ---- what they count ----------------------------------------------------------------------------

/// "The value written is the value read by the following instruction": the writing one is not counted in it.
TEST(Counter, AWrittenCounterCountsFromTheNextInstructionOn) {
    for (const unsigned number : {kMcycleNumber, kMinstretNumber}) {
        Guest guest{csr(Opcode::csrrw, zero, number, a0), csr(Opcode::csrrs, a1, number, zero),
                    csr(Opcode::csrrs, a2, number, zero)};
        guest.set(a0, 1000);
        guest.run(3);
        EXPECT_EQ(guest.x(a1), 1000u) << std::hex << number;
        EXPECT_EQ(guest.x(a2), 1001u) << std::hex << number;
    }
}

TEST(Counter, SettingAndClearingBitsWriteToo) {
    Guest guest{csr(Opcode::csrrw, zero, kMinstretNumber, a0), csr(Opcode::csrrsi, a1, kMinstretNumber, 16),
                csr(Opcode::csrrci, a2, kMinstretNumber, 16), csr(Opcode::csrrs, a3, kMinstretNumber, zero)};
    guest.set(a0, 64);
    guest.run(4);
    EXPECT_EQ(guest.x(a1), 64u);
    EXPECT_EQ(guest.x(a2), 80u);
    EXPECT_EQ(guest.x(a3), 64u);
}

TEST(Counter, AWrittenCounterMayWrap) {
    for (const unsigned number : {kMcycleNumber, kMinstretNumber}) {
        Guest guest{csr(Opcode::csrrw, zero, number, a0), nop(), csr(Opcode::csrrs, a1, number, zero)};
        guest.set(a0, kAll);
        guest.run(3);
        EXPECT_EQ(guest.x(a1), 0u);
    }
}

/// The lower half's carry goes into the upper half, and writing one half keeps the other.
TEST(Counter, TheHalvesOfRv32AreOneCounter) {
    for (const unsigned low : {kMcycleNumber, kMinstretNumber}) {
        const auto high = low + 0x80;
        auto guest = rv32({csr(Opcode::csrrw, zero, high, a1), csr(Opcode::csrrw, zero, low, a0),
                           csr(Opcode::csrrs, a2, low, zero), csr(Opcode::csrrs, a3, low, zero),
                           csr(Opcode::csrrs, a4, high, zero), csr(Opcode::csrrw, zero, high, zero),
                           csr(Opcode::csrrs, a5, low, zero), csr(Opcode::csrrs, t0, high, zero)});
        guest.set(a0, 0xffff'ffff);
        guest.set(a1, 5);
        guest.run(8);
        EXPECT_EQ(guest.x(a2), 0xffff'ffffu);
        EXPECT_EQ(guest.x(a3), 0u);
        EXPECT_EQ(guest.x(a4), 6u);
        EXPECT_EQ(guest.x(a5), 2u) << "the write of the upper half is not counted, the read before it is";
        EXPECT_EQ(guest.x(t0), 0u);
        EXPECT_EQ(guest.x(t0), 0u);
    }
}

TEST(Counter, CyclesAreStepsAndRetirementsAreNot) {
    Guest guest{op(Opcode::ecall)};
    guest.put(Guest::kHandler, {csr(Opcode::csrrs, a0, 0xc00, zero), csr(Opcode::csrrs, a1, 0xc02, zero)});
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 1u);
    EXPECT_EQ(guest.x(a1), 1u) << "the ecall did not retire, the read of cycle did";
}

TEST(Counter, InhibitedCountersStand) {
    Guest guest{csr(Opcode::csrrwi, zero, kInhibit, 5),
                nop(),  // both
                nop(),
                csr(Opcode::csrrs, a0, kMcycleNumber, zero),
                csr(Opcode::csrrs, a1, kMinstretNumber, zero),
                csr(Opcode::csrrwi, zero, kMcycleNumber, 9),  // they can still be written
                nop(),
                csr(Opcode::csrrs, a2, kMcycleNumber, zero),
                csr(Opcode::csrrwi, zero, kInhibit, 1),  // instret counts again
                nop(),
                csr(Opcode::csrrs, a3, kMinstretNumber, zero),
                csr(Opcode::csrrs, a4, kMcycleNumber, zero)};
    guest.run(12);
    EXPECT_EQ(guest.x(a0), 0u) << "an instruction that inhibits is not counted itself";
    EXPECT_EQ(guest.x(a1), 0u);
    EXPECT_EQ(guest.x(a2), 9u);
    EXPECT_EQ(guest.x(a3), 2u) << "one that lifts it is";
    EXPECT_EQ(guest.x(a4), 9u);
}

/// Each counter has a bit of its own; traps and interrupts count as little as instructions do.
TEST(Counter, OneIsInhibitedWithoutTheOther) {
    for (const std::uint64_t inhibit : {0u, 1u, 4u, 5u}) {
        Guest guest{nop(), op(Opcode::ecall)};
        guest.put(Guest::kHandler, {nop(), nop()});
        guest.edit([&](Hart& hart) { hart.mcountinhibit = inhibit; });
        guest.run(4);
        EXPECT_EQ(guest.hart().mcycle, (inhibit & 1) != 0 ? 0u : 4u);
        EXPECT_EQ(guest.hart().minstret, (inhibit & 4) != 0 ? 0u : 3u);
    }
}

/// Counting by whole blocks must not be seen by a read in the middle of one.
TEST(Counter, IsExactInTheMiddleOfABlock) {
    Guest guest{nop(), nop(), csr(Opcode::csrrs, a0, kMinstretNumber, zero), nop(),
                csr(Opcode::csrrs, a1, kMcycleNumber, zero)};
    guest.run(5);
    EXPECT_EQ(guest.x(a0), 2u);
    EXPECT_EQ(guest.x(a1), 4u);
}

/// The clock that time shows is the one of mtime, at the position before the reading step.
TEST(Counter, TimeIsMtime) {
    Guest guest({csr(Opcode::csrrs, a0, 0xc01, zero), load(Opcode::ld, a1, 0, a2),
                 csr(Opcode::csrrs, a3, 0xc01, zero)},
                100);
    const PhysicalAddress mtime{memory_map::kAclint.base.value + Aclint::kMtimeOffset};
    guest.set(a2, mtime.value);
    guest.edit_board([&](Board& board) { board.write_device(mtime, AccessSize::doubleword, 5000); });
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 5000u);
    EXPECT_EQ(guest.x(a1), 5001u);
    EXPECT_EQ(guest.x(a3), 5002u);
}

TEST(Counter, TimeOfRv32ComesInHalves) {
    Guest guest(Guest::board_options(100, 32),
                {csr(Opcode::csrrs, a0, 0xc01, zero), csr(Opcode::csrrs, a1, 0xc81, zero)});
    guest.edit_board([](Board& board) { board.idle = VirtualTime{0x3'ffff'ffffull * 100}; });
    guest.run(2);
    EXPECT_EQ(guest.x(a0), 0xffff'ffffu);
    EXPECT_EQ(guest.x(a1), 4u) << "one step later";
}

/// Each hart has its own, and counts its own steps alone.
TEST(Counter, EachHartCountsForItself) {
    auto options = Guest::board_options();
    options.harts = 3;
    options.quantum = 4;
    Guest guest(options, {nop(), jal(zero, -4)});
    guest.run(4 + 4 + 2);
    for (const std::size_t hart : {0, 1, 2}) {
        EXPECT_EQ(guest.hart(hart).mcycle, hart == 2 ? 2u : 4u);
        EXPECT_EQ(guest.hart(hart).minstret, hart == 2 ? 2u : 4u);
    }
}

}  // namespace
}  // namespace backspin::emu
