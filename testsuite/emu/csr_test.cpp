// Which CSRs there are, who may reach them, and what their fields can hold. Source: The RISC-V Instruction
// Set Manual, Volume II, chapters "Control and Status Registers" and "Machine-Level ISA"; Volume I, chapter
// "Zicsr".
#include "emu/csr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

/// csrrw a0, number, a1: what it held, and what it holds afterwards.
struct Written {
    std::uint64_t before = 0, after = 0;
};
Written write(unsigned number, std::uint64_t value) {
    Guest guest{csr(Opcode::csrrw, a0, number, a1), csr(Opcode::csrrs, a2, number, zero)};
    guest.set(a1, value);
    guest.run(2);
    EXPECT_EQ(guest.pc(), Guest::kCode + 8) << std::hex << number;
    return {guest.x(a0), guest.x(a2)};
}

/// The state of a hart that has just executed one CSR instruction.
bool is_legal(Word word, Privilege privilege = Privilege::machine, std::uint64_t mcounteren = 0) {
    Guest guest{word};
    guest.edit([&](Hart& hart) {
        hart.privilege = privilege;
        hart.mcounteren = mcounteren;
    });
    guest.run(1);
    if (guest.pc() == Guest::kCode + 4) return true;
    expect_trap(guest, Cause::illegal_instruction, Guest::kCode, word);
    return false;
}

// ---- which there are ----------------------------------------------------------------------------

TEST(Csr, TheTableIsAscendingAndWithoutRepetition) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < csrs().size(); ++i) {
        if (i > 0) {
            EXPECT_LT(csrs()[i - 1].number, csrs()[i].number);
        }
        EXPECT_TRUE(names.insert(csrs()[i].name).second) << csrs()[i].name;
        EXPECT_EQ(find_csr(CsrNumber{csrs()[i].number}), &csrs()[i]);
        EXPECT_NE(csrs()[i].read, nullptr);
        // Bits 11:10 say which are read-only.
        if (csrs()[i].number >> 10 == 3) {
            EXPECT_EQ(csrs()[i].write, nullptr) << csrs()[i].name;
        }
    }
}

/// What a hart with M and U mode must have, and what one without S mode must not have.
TEST(Csr, WhatIsThereIsWhatMAndUModeNeed) {
    for (const unsigned number :
         {0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0x300, 0x301, 0x304, 0x305, 0x306, 0x30a,
          0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0xb00, 0xb02, 0xc00, 0xc01, 0xc02}) {
        EXPECT_NE(find_csr(CsrNumber{static_cast<std::uint16_t>(number)}), nullptr) << std::hex << number;
    }
    for (unsigned i = 3; i < 32; ++i) {
        EXPECT_NE(find_csr(CsrNumber{static_cast<std::uint16_t>(0xb00 + i)}), nullptr);
        EXPECT_NE(find_csr(CsrNumber{static_cast<std::uint16_t>(0x320 + i)}), nullptr);
    }
    for (const unsigned number :
         {0x100, 0x104, 0x105, 0x140, 0x180 /* S mode */, 0x302, 0x303 /* delegation */,
          0x310 /* mstatush: RV32 only */, 0xb80, 0xc80 /* high halves: RV32 only */, 0x3a1,
          0x3a3 /* odd pmpcfg: RV32 only */, 0xb01 /* there is no mtime CSR */, 0x001, 0x002,
          0x003 /* floating point */, 0x7a0, 0x7b0 /* debug */, 0xfff}) {
        EXPECT_EQ(find_csr(CsrNumber{static_cast<std::uint16_t>(number)}), nullptr) << std::hex << number;
        EXPECT_FALSE(is_legal(csr(Opcode::csrrs, a0, number, zero))) << std::hex << number;
    }
}

/// All 4096 numbers, read and written, from both modes: legal exactly if the CSR is there, the privilege
/// suffices, and a read-only one is not written.
TEST(Csr, EveryNumberIsLegalOrIllegalByItsBits) {
    Hart hart;
    for (std::uint32_t n = 0; n < 4096; ++n) {
        const CsrNumber number{static_cast<std::uint16_t>(n)};
        const bool read_only = (n & 0xc00) == 0xc00;
        const bool for_machine = (n & 0x300) == 0x300;
        hart.privilege = Privilege::machine;
        hart.mcounteren = 0;
        EXPECT_TRUE(csr_is_accessible(hart, number, false)) << n;
        EXPECT_EQ(csr_is_accessible(hart, number, true), !read_only) << n;
        hart.privilege = Privilege::user;
        hart.mcounteren = 7;
        EXPECT_EQ(csr_is_accessible(hart, number, false), (n & 0x300) == 0) << n;
        EXPECT_EQ(csr_is_accessible(hart, number, true), (n & 0x300) == 0 && !read_only) << n;
        if (for_machine) {
            EXPECT_FALSE(csr_is_accessible(hart, number, false)) << n;
        }
    }
}

// ---- Zicsr --------------------------------------------------------------------------------------

TEST(Csr, EachOperationDoesItsOwn) {
    struct Case {
        Opcode opcode;
        unsigned source;  // register a1, or the immediate
        std::uint64_t after;
    };
    constexpr std::uint64_t kBefore = 0x00ff'00ff'00ff'00ff, kOperand = 0x0f0f'0f0f'0f0f'0f0f;
    for (const auto& [opcode, source, after] :
         std::initializer_list<Case>{{Opcode::csrrw, a1, kOperand},
                                     {Opcode::csrrs, a1, kBefore | kOperand},
                                     {Opcode::csrrc, a1, kBefore & ~kOperand},
                                     {Opcode::csrrwi, 21, 21},
                                     {Opcode::csrrsi, 31, kBefore | 31},
                                     {Opcode::csrrci, 21, kBefore & ~std::uint64_t{21}},
                                     {Opcode::csrrw, zero, 0},
                                     {Opcode::csrrs, zero, kBefore},
                                     {Opcode::csrrc, zero, kBefore},
                                     {Opcode::csrrwi, 0, 0},
                                     {Opcode::csrrsi, 0, kBefore},
                                     {Opcode::csrrci, 0, kBefore}}) {
        Guest guest{csr(opcode, a0, 0x340, source)};
        guest.set(a1, kOperand);
        guest.edit([](Hart& hart) { hart.mscratch = kBefore; });
        guest.run(1);
        EXPECT_EQ(guest.x(a0), kBefore) << definition(opcode).name;
        EXPECT_EQ(guest.hart().mscratch, after) << definition(opcode).name << " " << source;
    }
}

TEST(Csr, SourceAndDestinationMayBeTheSameRegister) {
    Guest guest{csr(Opcode::csrrw, a0, 0x340, a0)};
    guest.set(a0, 1);
    guest.edit([](Hart& hart) { hart.mscratch = 2; });
    guest.run(1);
    EXPECT_EQ(guest.x(a0), 2u);
    EXPECT_EQ(guest.hart().mscratch, 1u);
}

/// Set and clear with x0 do not write, so that they may read what is read-only; with a register that happens
/// to hold 0 they do.
TEST(Csr, OnlyAWriteIsRefusedByAReadOnlyRegister) {
    for (const unsigned number : {0xc00u, 0xf14u}) {
        EXPECT_TRUE(is_legal(csr(Opcode::csrrs, a0, number, zero)));
        EXPECT_TRUE(is_legal(csr(Opcode::csrrc, a0, number, zero)));
        EXPECT_TRUE(is_legal(csr(Opcode::csrrsi, a0, number, 0)));
        EXPECT_TRUE(is_legal(csr(Opcode::csrrci, a0, number, 0)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrs, a0, number, a1)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrc, a0, number, a1)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrw, a0, number, zero)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrwi, zero, number, 0)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrsi, a0, number, 1)));
    }
}

TEST(Csr, AnIllegalAccessChangesNothing) {
    Guest guest{csr(Opcode::csrrw, a0, 0xc00, a1)};
    guest.set(a0, 5);
    guest.set(a1, 6);
    expect_trapping_step(guest, Cause::illegal_instruction, csr(Opcode::csrrw, a0, 0xc00, a1));
    EXPECT_EQ(guest.x(a0), 5u);
}

TEST(Csr, UserModeReachesNoMachineRegister) {
    for (const auto& entry : csrs()) {
        if ((entry.number & 0x300) != 0x300) continue;
        EXPECT_FALSE(is_legal(csr(Opcode::csrrs, a0, entry.number, zero), Privilege::user, 7)) << entry.name;
    }
}

TEST(Csr, CounterEnableDecidesForUserModeAlone) {
    for (unsigned counter = 0; counter < 3; ++counter) {
        const auto word = csr(Opcode::csrrs, a0, 0xc00 + counter, zero);
        EXPECT_TRUE(is_legal(word, Privilege::user, 1u << counter));
        EXPECT_FALSE(is_legal(word, Privilege::user, 7u & ~(1u << counter)));
        EXPECT_TRUE(is_legal(word, Privilege::machine, 0));
    }
    EXPECT_FALSE(is_legal(csr(Opcode::csrrs, a0, 0xc03, zero), Privilege::user, 7))
        << "there is no hpmcounter3";
}

// ---- what the fields hold -----------------------------------------------------------------------

TEST(Csr, IdentityRegisters) {
    Guest guest;
    const auto read = [&](std::uint16_t number) {
        return find_csr(CsrNumber{number})->read(guest.board(), guest.hart());
    };
    EXPECT_EQ(read(0xf14), 0u) << "mhartid";
    // MXL = 2 for 64 bits, and the letters A, C, I, M and U.
    EXPECT_EQ(read(0x301), std::uint64_t{2} << 62 | 1u << 0 | 1u << 2 | 1u << 8 | 1u << 12 | 1u << 20);
    for (const std::uint16_t number : {0xf11, 0xf12, 0xf13, 0xf15}) EXPECT_EQ(read(number), 0u);
}

TEST(Csr, FieldsTakeOnlyWhatTheyCanHold) {
    const auto holds = [](unsigned number, std::uint64_t value, std::uint64_t after) {
        EXPECT_EQ(write(number, value).after, after) << std::hex << number << " written " << value;
    };
    constexpr std::uint64_t kInterrupts = 1u << 3 | 1u << 7 | 1u << 11;
    holds(0x300, kAll,
          mstatus::kUxl64 | mstatus::kMie | mstatus::kMpie | mstatus::kMpp | mstatus::kMprv | mstatus::kTw);
    holds(0x300, 0, mstatus::kUxl64);
    holds(0x304, kAll, kInterrupts);
    holds(0x305, kAll, ~std::uint64_t{2});  // modes 0 and 1 only
    holds(0x305, 0x8000'0002, 0x8000'0000);
    holds(0x305, 0x8000'0005, 0x8000'0005);
    holds(0x306, kAll, 7);
    holds(0x320, kAll, 5);  // time cannot be inhibited
    holds(0x340, kAll, kAll);
    holds(0x341, kAll, ~std::uint64_t{1});  // with the C extension, only bit 0 is fixed
    holds(0x342, kAll, kAll);
    holds(0x343, kAll, kAll);
    holds(0x344, kAll, 0);  // the lines of devices
    holds(0x30a, kAll, 0);
    for (unsigned i = 0; i < 16; ++i) holds(0x3b0 + i, kAll, 0);
    holds(0x3a0, kAll, 0);
    holds(0x3a2, kAll, 0);
    for (unsigned i = 3; i < 32; ++i) {
        holds(0xb00 + i, kAll, 0);
        holds(0x320 + i, kAll, 0);
    }
    const auto misa = write(0x301, 0);
    EXPECT_EQ(misa.after, misa.before);
}

TEST(Csr, MppKeepsWhatItWasWhenWrittenWithAnAbsentMode) {
    for (const std::uint64_t mpp : {0u, 3u}) {
        for (const std::uint64_t written : {0u, 1u, 2u, 3u}) {
            Guest guest{csr(Opcode::csrrw, zero, 0x300, a0)};
            guest.edit([&](Hart& hart) { hart.mstatus |= mpp << mstatus::kMppShift; });
            guest.set(a0, written << mstatus::kMppShift);
            guest.run(1);
            const auto expected = written == 1 || written == 2 ? mpp : written;
            EXPECT_EQ((guest.hart().mstatus & mstatus::kMpp) >> mstatus::kMppShift, expected);
        }
    }
}

TEST(Csr, MipShowsTheLevelsOfTheDevices) {
    Guest guest;
    const auto mip = [&] { return find_csr(CsrNumber{0x344})->read(guest.board(), guest.hart()); };
    EXPECT_EQ(mip(), 0u);
    guest.edit_board([](Board& board) {
        board.aclint.write(0, AccessSize::word, 1, board.device_context());
        board.aclint.write(Aclint::kMtimecmpOffset, AccessSize::doubleword, 1, board.device_context());
    });
    EXPECT_EQ(mip(), 1u << 3);
    guest.edit_board([](Board& board) { board.idle = VirtualTime{100}; });
    EXPECT_EQ(mip(), 1u << 3 | 1u << 7);
}

// ---- counters -----------------------------------------------------------------------------------

/// "The value written is the value read by the following instruction": the writing one is not counted in it.
TEST(Csr, AWrittenCounterCountsFromTheNextInstructionOn) {
    for (const unsigned number : {0xb00u, 0xb02u}) {
        Guest guest{csr(Opcode::csrrw, zero, number, a0), csr(Opcode::csrrs, a1, number, zero),
                    csr(Opcode::csrrs, a2, number, zero)};
        guest.set(a0, 1000);
        guest.run(3);
        EXPECT_EQ(guest.x(a1), 1000u) << std::hex << number;
        EXPECT_EQ(guest.x(a2), 1001u) << std::hex << number;
    }
}

TEST(Csr, AWrittenCounterMayWrap) {
    Guest guest{csr(Opcode::csrrw, zero, 0xb00, a0), nop(), csr(Opcode::csrrs, a1, 0xb00, zero)};
    guest.set(a0, kAll);
    guest.run(3);
    EXPECT_EQ(guest.x(a1), 0u);
}

TEST(Csr, CyclesAreStepsAndRetirementsAreNot) {
    Guest guest{op(Opcode::ecall)};
    guest.put(Guest::kHandler, {csr(Opcode::csrrs, a0, 0xc00, zero), csr(Opcode::csrrs, a1, 0xc02, zero)});
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 1u);
    EXPECT_EQ(guest.x(a1), 1u) << "the ecall did not retire, the read of cycle did";
}

TEST(Csr, InhibitedCountersStand) {
    Guest guest{csr(Opcode::csrrwi, zero, 0x320, 5),
                nop(),  // both
                nop(),
                csr(Opcode::csrrs, a0, 0xb00, zero),
                csr(Opcode::csrrs, a1, 0xb02, zero),
                csr(Opcode::csrrwi, zero, 0xb00, 9),  // they can still be written
                nop(),
                csr(Opcode::csrrs, a2, 0xb00, zero),
                csr(Opcode::csrrwi, zero, 0x320, 1),  // instret counts again
                nop(),
                csr(Opcode::csrrs, a3, 0xb02, zero),
                csr(Opcode::csrrs, a4, 0xb00, zero)};
    guest.run(12);
    EXPECT_EQ(guest.x(a0), 0u) << "an instruction that inhibits is not counted itself";
    EXPECT_EQ(guest.x(a1), 0u);
    EXPECT_EQ(guest.x(a2), 9u);
    EXPECT_EQ(guest.x(a3), 2u) << "one that lifts it is";
    EXPECT_EQ(guest.x(a4), 9u);
}

/// Counting by whole blocks must not be seen by a read in the middle of one.
TEST(Csr, CountersAreExactInTheMiddleOfABlock) {
    Guest guest{nop(), nop(), csr(Opcode::csrrs, a0, 0xb02, zero), nop(),
                csr(Opcode::csrrs, a1, 0xb00, zero)};
    guest.run(5);
    EXPECT_EQ(guest.x(a0), 2u);
    EXPECT_EQ(guest.x(a1), 4u);
}

/// The clock that time shows is the one of mtime, at the position before the reading step.
TEST(Csr, TimeIsMtime) {
    Guest guest({csr(Opcode::csrrs, a0, 0xc01, zero), load(Opcode::ld, a1, 0, a2),
                 csr(Opcode::csrrs, a3, 0xc01, zero)},
                100);
    guest.set(a2, memory_map::kAclint.base.value + Aclint::kMtimeOffset);
    guest.edit_board([](Board& board) {
        board.aclint.write(Aclint::kMtimeOffset, AccessSize::doubleword, 5000, board.device_context());
    });
    guest.run(3);
    EXPECT_EQ(guest.x(a0), 5000u);
    EXPECT_EQ(guest.x(a1), 5001u);
    EXPECT_EQ(guest.x(a3), 5002u);
}

}  // namespace
}  // namespace backspin::emu
