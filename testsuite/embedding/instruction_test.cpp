// Each instruction by itself: results and flags as ARM DDI 0419, A6.7, has them. Encodings are the
// assembler's.
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "testsuite/embedding/guest.hpp"

namespace backspin::m0 {
namespace {

std::uint32_t flags(const std::string& text) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= (text.at(i) != '-' ? 1u : 0u) << (31 - i);
    return value;
}

std::string flags_of(const Guest& guest) {
    std::string text = "----";
    for (unsigned i = 0; i < 4; ++i)
        if ((guest.reg(Reg::xpsr) >> (31 - i) & 1) != 0) text[i] = "NZCV"[i];
    return text;
}

struct Row {
    const char* text;
    std::uint16_t code;
    std::array<std::uint32_t, 3> in;  ///< r0, r1, r2; r8 is 0
    const char* flags_in;
    std::uint32_t r0;
    const char* flags_out;
};

const Row kRows[] = {
    {"adcs r0, r1", 0x4148, {1, 2, 0}, "----", 3, "----"},
    {"adcs r0, r1", 0x4148, {1, 2, 0}, "--C-", 4, "----"},
    {"adcs r0, r1", 0x4148, {0xffffffff, 0, 0}, "--C-", 0, "-ZC-"},
    {"adcs r0, r1", 0x4148, {0x7fffffff, 0, 0}, "--C-", 0x80000000, "N--V"},
    {"adcs r0, r1", 0x4148, {0xffffffff, 0xffffffff, 0}, "--C-", 0xffffffff, "N-C-"},
    {"sbcs r0, r1", 0x4188, {5, 3, 0}, "--C-", 2, "--C-"},
    {"sbcs r0, r1", 0x4188, {5, 3, 0}, "----", 1, "--C-"},
    {"sbcs r0, r1", 0x4188, {3, 3, 0}, "----", 0xffffffff, "N---"},
    {"sbcs r0, r1", 0x4188, {0x80000000, 0, 0}, "----", 0x7fffffff, "--CV"},
    {"sbcs r0, r1", 0x4188, {0, 0xffffffff, 0}, "--C-", 1, "----"},
    {"sbcs r0, r1", 0x4188, {0, 0xffffffff, 0}, "----", 0, "-Z--"},
    {"adds r0, r1, r2", 0x1888, {0, 0x7fffffff, 1}, "--C-", 0x80000000, "N--V"},
    {"adds r0, r1, r2", 0x1888, {0, 0xffffffff, 1}, "---V", 0, "-ZC-"},
    {"adds r0, r1, #7", 0x1dc8, {0, 0xfffffff9, 0}, "----", 0, "-ZC-"},
    {"adds r0, #255", 0x30ff, {0xffffff01, 0, 0}, "----", 0, "-ZC-"},
    {"subs r0, r1, r2", 0x1a88, {0, 5, 5}, "----", 0, "-ZC-"},
    {"subs r0, r1, r2", 0x1a88, {0, 4, 5}, "--CV", 0xffffffff, "N---"},
    {"subs r0, r1, r2", 0x1a88, {0, 0x80000000, 1}, "----", 0x7fffffff, "--CV"},
    {"subs r0, r1, #1", 0x1e48, {0, 0, 0}, "----", 0xffffffff, "N---"},
    {"subs r0, #1", 0x3801, {1, 0, 0}, "----", 0, "-ZC-"},
    {"rsbs r0, r1, #0", 0x4248, {0, 1, 0}, "----", 0xffffffff, "N---"},
    {"rsbs r0, r1, #0", 0x4248, {0, 0, 0}, "----", 0, "-ZC-"},
    {"rsbs r0, r1, #0", 0x4248, {0, 0x80000000, 0}, "----", 0x80000000, "N--V"},
    {"cmp r0, #4", 0x2804, {4, 0, 0}, "----", 4, "-ZC-"},
    {"cmp r0, r1", 0x4288, {3, 4, 0}, "-ZCV", 3, "N---"},
    {"cmp r0, r8", 0x4540, {3, 0, 0}, "----", 3, "--C-"},
    {"cmn r0, r1", 0x42c8, {0xffffffff, 1, 0}, "----", 0xffffffff, "-ZC-"},
    {"tst r0, r1", 0x4208, {0xf0, 0xf, 0}, "N-CV", 0xf0, "-ZCV"},
    {"ands r0, r1", 0x4008, {0xff0000ff, 0xf000000f, 0}, "--CV", 0xf000000f, "N-CV"},
    {"eors r0, r1", 0x4048, {0xff, 0xff, 0}, "---V", 0, "-Z-V"},
    {"orrs r0, r1", 0x4308, {0x80000000, 1, 0}, "--C-", 0x80000001, "N-C-"},
    {"bics r0, r1", 0x4388, {0xff, 0xf, 0}, "N---", 0xf0, "----"},
    {"mvns r0, r1", 0x43c8, {0, 0xffffffff, 0}, "----", 0, "-Z--"},
    {"muls r0, r1, r0", 0x4348, {0x10001, 0x10001, 0}, "--CV", 0x20001, "--CV"},
    {"muls r0, r1, r0", 0x4348, {0x80000000, 2, 0}, "N---", 0, "-Z--"},
    {"movs r0, #0", 0x2000, {5, 0, 0}, "N-CV", 0, "-ZCV"},
    {"movs r0, #200", 0x20c8, {5, 0, 0}, "N---", 0xc8, "----"},
    {"movs r0, r1", 0x0008, {5, 0x80000000, 0}, "-ZCV", 0x80000000, "N-CV"},
    {"mov r0, r1", 0x4608, {5, 0, 0}, "N-C-", 0, "N-C-"},
    {"add r0, r8", 0x4440, {5, 0, 0}, "-Z-V", 5, "-Z-V"},
    {"lsls r0, r1, #1", 0x0048, {0, 0x80000001, 0}, "---V", 2, "--CV"},
    {"lsls r0, r1, #31", 0x07c8, {0, 3, 0}, "----", 0x80000000, "N-C-"},
    {"lsrs r0, r1, #1", 0x0848, {0, 3, 0}, "----", 1, "--C-"},
    {"lsrs r0, r1, #32", 0x0808, {0, 0x80000000, 0}, "----", 0, "-ZC-"},
    {"lsrs r0, r1, #32", 0x0808, {0, 0x7fffffff, 0}, "--C-", 0, "-Z--"},
    {"asrs r0, r1, #1", 0x1048, {0, 0x80000000, 0}, "--C-", 0xc0000000, "N---"},
    {"asrs r0, r1, #32", 0x1008, {0, 0x80000000, 0}, "----", 0xffffffff, "N-C-"},
    {"asrs r0, r1, #32", 0x1008, {0, 0x7fffffff, 0}, "--C-", 0, "-Z--"},
    {"lsls r0, r1", 0x4088, {1, 0, 0}, "--C-", 1, "--C-"},
    {"lsls r0, r1", 0x4088, {1, 0x100, 0}, "--C-", 1, "--C-"},
    {"lsls r0, r1", 0x4088, {1, 0x1f, 0}, "--C-", 0x80000000, "N---"},
    {"lsls r0, r1", 0x4088, {3, 0x20, 0}, "----", 0, "-ZC-"},
    {"lsls r0, r1", 0x4088, {3, 0x21, 0}, "--C-", 0, "-Z--"},
    {"lsls r0, r1", 0x4088, {3, 0xff, 0}, "--C-", 0, "-Z--"},
    {"lsrs r0, r1", 0x40c8, {0x80000000, 0x1f, 0}, "--C-", 1, "----"},
    {"lsrs r0, r1", 0x40c8, {0x80000000, 0x20, 0}, "----", 0, "-ZC-"},
    {"lsrs r0, r1", 0x40c8, {0xffffffff, 0x21, 0}, "--C-", 0, "-Z--"},
    {"asrs r0, r1", 0x4108, {0x80000000, 0x1f, 0}, "--C-", 0xffffffff, "N---"},
    {"asrs r0, r1", 0x4108, {0x80000000, 0x20, 0}, "----", 0xffffffff, "N-C-"},
    {"asrs r0, r1", 0x4108, {0x80000000, 0xff, 0}, "----", 0xffffffff, "N-C-"},
    {"asrs r0, r1", 0x4108, {0x40000000, 0xff, 0}, "--C-", 0, "-Z--"},
    {"rors r0, r1", 0x41c8, {1, 1, 0}, "----", 0x80000000, "N-C-"},
    {"rors r0, r1", 0x41c8, {2, 1, 0}, "--C-", 1, "----"},
    {"rors r0, r1", 0x41c8, {0x80000001, 0x20, 0}, "----", 0x80000001, "N-C-"},
    {"rors r0, r1", 0x41c8, {1, 0x40, 0}, "--C-", 1, "----"},
    {"rors r0, r1", 0x41c8, {1, 0, 0}, "--C-", 1, "--C-"},
    {"rors r0, r1", 0x41c8, {1, 0x21, 0}, "----", 0x80000000, "N-C-"},
    {"sxth r0, r1", 0xb208, {0, 0x12348001, 0}, "--CV", 0xffff8001, "--CV"},
    {"sxtb r0, r1", 0xb248, {0, 0x12348081, 0}, "----", 0xffffff81, "----"},
    {"uxth r0, r1", 0xb288, {0, 0x1234f001, 0}, "N---", 0xf001, "N---"},
    {"uxtb r0, r1", 0xb2c8, {0, 0x12348081, 0}, "----", 0x81, "----"},
    {"rev r0, r1", 0xba08, {0, 0x11223344, 0}, "----", 0x44332211, "----"},
    {"rev16 r0, r1", 0xba48, {0, 0x11223344, 0}, "----", 0x22114433, "----"},
    {"revsh r0, r1", 0xbac8, {0, 0x11223384, 0}, "----", 0xffff8433, "----"},
};

TEST(Instruction, ComputesAndSetsFlags) {
    for (const auto& row : kRows) {
        SCOPED_TRACE(row.text + std::string(" with flags ") + row.flags_in);
        Guest guest({row.code});
        for (std::uint32_t i = 0; i < 3; ++i) guest.set(i, row.in.at(i));
        guest.set(Reg::xpsr, flags(row.flags_in)).steps(1);
        EXPECT_EQ(guest.reg(0), row.r0);
        EXPECT_EQ(flags_of(guest), row.flags_out);
        EXPECT_EQ(guest.reg(Reg::pc), kMain + 2);
    }
}

// ---- loads and stores ---------------------------------------------------------------------------

constexpr std::uint32_t kData = kRam + 0x100;

struct Move {
    const char* text;
    std::uint16_t code;
    std::uint32_t at;      ///< which word of memory: bytes from kData
    std::uint32_t memory;  ///< afterwards
    std::uint32_t r2;      ///< afterwards
};

// With r0 = 0x89abcdef, r1 = kData, r2 = 3 and r3 = 2; every word of memory is 0x80a18283.
const Move kMoves[] = {
    {"str r0, [r1, #8]", 0x6088, 8, 0x89abcdef, 3},
    {"strh r0, [r1, #6]", 0x80c8, 4, 0xcdef8283, 3},
    {"strb r0, [r1, #31]", 0x77c8, 28, 0xefa18283, 3},
    {"strb r0, [r1, r2]", 0x5488, 0, 0xefa18283, 3},
    {"strh r0, [r1, r3]", 0x52c8, 0, 0xcdef8283, 3},
    {"ldr r2, [r1, #124]", 0x6fca, 0, 0x80a18283, 0x80a18283},
    {"ldrh r2, [r1, #2]", 0x884a, 0, 0x80a18283, 0x80a1},
    {"ldrb r2, [r1, #3]", 0x78ca, 0, 0x80a18283, 0x80},
    {"ldrsb r2, [r1, r3]", 0x56ca, 0, 0x80a18283, 0xffffffa1},
    {"ldrsh r2, [r1, r3]", 0x5eca, 0, 0x80a18283, 0xffff80a1},
};

TEST(Instruction, LoadsAndStores) {
    for (const auto& move : kMoves) {
        SCOPED_TRACE(move.text);
        Guest guest({move.code});
        for (std::uint32_t i = 0; i < 40; ++i) guest.poke(kData + 4 * i, 0x80a18283);
        guest.set(0, 0x89abcdef).set(1, kData).set(2, 3).set(3, 2).steps(1);
        EXPECT_EQ(guest.peek(kData + move.at), move.memory);
        EXPECT_EQ(guest.reg(2), move.r2);
        EXPECT_EQ(guest.reg(Reg::pc), kMain + 2);
    }
}

TEST(Instruction, LoadsRelativeToThePcFromAWordsBegin) {
    Guest guest({0x46c0, 0x4a01});  // nop; ldr r2, [pc, #4]
    guest.poke(kMain + 8, 0x12345678).steps(2);
    EXPECT_EQ(guest.reg(2), 0x12345678);
    Guest aligned({0x46c0, 0xa001});  // nop; adr r0
    EXPECT_EQ(aligned.steps(2).reg(0), kMain + 8);
}

TEST(Instruction, UnalignedIsAFault) {
    for (const std::uint16_t code : {0x6088, 0x80c8, 0x6fca, 0x884a}) {
        Guest guest({code});
        guest.set(1, kData + 1).steps(1);
        EXPECT_EQ(guest.reg(Reg::pc), handler_of(kHardFault)) << code;
    }
}

TEST(Instruction, FlashAndWhatIsNotThereCannotBeWritten) {
    for (const std::uint32_t address : {0x200u, 0x1'0000u, 0x3000'0000u, 0xffff'fff0u}) {
        Guest guest({0x6008});  // str r0, [r1]
        guest.set(1, address).steps(1);
        EXPECT_EQ(guest.reg(Reg::pc), handler_of(kHardFault)) << address;
        EXPECT_EQ(guest.state().cpu.ipsr, kHardFault);
    }
}

TEST(Instruction, MovesSeveralRegisters) {
    Guest guest(
        {0xc10d, 0x3910, 0xc90d, 0x3910, 0xc907});  // stmia r1!, {r0, r2, r3}; subs r1, #16; ldmia ...
    guest.set(0, 10).set(1, kData).set(2, 12).set(3, 13).steps(1);
    EXPECT_EQ(guest.peek(kData), 10u);
    EXPECT_EQ(guest.peek(kData + 4), 12u);
    EXPECT_EQ(guest.peek(kData + 8), 13u);
    EXPECT_EQ(guest.reg(1), kData + 12);
    guest.poke(kData - 4, 7).set(0, 0).set(2, 0).steps(2);
    EXPECT_EQ(guest.reg(0), 7u);
    EXPECT_EQ(guest.reg(2), 10u);
    EXPECT_EQ(guest.reg(3), 12u);
    EXPECT_EQ(guest.reg(1), kData + 8);
    guest.poke(kData - 8, 1)
        .poke(kData - 4, 0x99)
        .poke(kData, 3)
        .steps(2);  // the base is in the list: loaded
    EXPECT_EQ(guest.reg(0), 1u);
    EXPECT_EQ(guest.reg(1), 0x99u);
    EXPECT_EQ(guest.reg(2), 3u);
}

TEST(Instruction, AMoveOfSeveralThatFaultsLeavesItsBase) {
    Guest guest({0xc10d});
    guest.set(1, kRam + kMemoryEach - 4).steps(1);
    EXPECT_EQ(guest.reg(1), kRam + kMemoryEach - 4);
    EXPECT_EQ(guest.reg(Reg::pc), handler_of(kHardFault));
}

TEST(Instruction, PushesAndPops) {
    Guest guest({0xb511, 0x9800, 0x9903, 0xb001, 0xb081, 0xbd11});  // push {r0, r4, lr}; ldr r0, [sp]; ...
    guest.set(0, 1).set(4, 4).set(Reg::lr, kMain + 0x41).poke(kStackTop - 12, 0).steps(1);
    EXPECT_EQ(guest.reg(Reg::sp), kStackTop - 12);
    EXPECT_EQ(guest.peek(kStackTop - 12), 1u);
    EXPECT_EQ(guest.peek(kStackTop - 8), 4u);
    EXPECT_EQ(guest.peek(kStackTop - 4), kMain + 0x41);
    guest.set(0, 0).set(4, 0).steps(1);
    EXPECT_EQ(guest.reg(0), 1u);
    guest.set(Reg::pc, kMain + 6).set(0, 0).steps(3);
    EXPECT_EQ(guest.reg(0), 1u);
    EXPECT_EQ(guest.reg(4), 4u);
    EXPECT_EQ(guest.reg(Reg::sp), kStackTop);
    EXPECT_EQ(guest.reg(Reg::pc), kMain + 0x40);
}

// ---- branches -----------------------------------------------------------------------------------

TEST(Instruction, BranchesOnConditions) {
    // For each of the 16 settings of NZCV whether EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE
    // hold.
    for (std::uint32_t nzcv = 0; nzcv < 16; ++nzcv) {
        const bool n = (nzcv & 8) != 0;
        const bool z = (nzcv & 4) != 0;
        const bool c = (nzcv & 2) != 0;
        const bool v = (nzcv & 1) != 0;
        const std::array holds{z,  !z,      c,       !c,     n,      !n,           v,
                               !v, c && !z, !c || z, n == v, n != v, !z && n == v, z || n != v};
        for (std::uint32_t condition = 0; condition < holds.size(); ++condition) {
            Guest guest({static_cast<std::uint16_t>(0xd07e | condition << 8)});
            guest.set(Reg::xpsr, nzcv << 28).steps(1);
            EXPECT_EQ(guest.reg(Reg::pc), holds.at(condition) ? kMain + 4 + 0xfc : kMain + 2)
                << nzcv << " " << condition;
        }
    }
}

TEST(Instruction, BranchesFarAndBack) {
    Guest near({0xe7fe});
    EXPECT_EQ(near.steps(3).reg(Reg::pc), kMain);
    Guest back({0x46c0, 0xd0fd});  // nop; beq to it
    EXPECT_EQ(back.set(Reg::xpsr, 1u << 30).steps(2).reg(Reg::pc), kMain);
    Guest call({0xf000, 0xf8fe});  // bl forward 0x1fc
    call.steps(1);
    EXPECT_EQ(call.reg(Reg::pc), kMain + 4 + 0x1fc);
    EXPECT_EQ(call.reg(Reg::lr), kMain + 5);
    Guest call_back({0xf7ff, 0xfffe});  // bl to itself
    call_back.steps(1);
    EXPECT_EQ(call_back.reg(Reg::pc), kMain);
    Guest exchange({0x4798});  // blx r3
    exchange.set(3, 0x201).steps(1);
    EXPECT_EQ(exchange.reg(Reg::pc), 0x200u);
    EXPECT_EQ(exchange.reg(Reg::lr), kMain + 3);
    Guest moved({0x469f});  // mov pc, r3: stays in Thumb state whatever bit 0 says
    EXPECT_EQ(moved.set(3, 0x300).steps(1).reg(Reg::pc), 0x300u);
    EXPECT_TRUE(moved.state().cpu.t);
}

TEST(Instruction, LeavingThumbStateFaultsAtTheTarget) {
    Guest guest({0x4718});  // bx r3
    guest.set(3, 0x200).steps(1);
    EXPECT_EQ(guest.reg(Reg::pc), 0x200u);
    guest.steps(1);
    EXPECT_EQ(guest.reg(Reg::pc), handler_of(kHardFault));
    EXPECT_EQ(guest.peek(guest.reg(Reg::sp) + 24), 0x200u) << "the return address";
    EXPECT_EQ(guest.peek(guest.reg(Reg::sp) + 28) >> 24 & 1, 0u) << "the Thumb bit";
}

// ---- the rest -----------------------------------------------------------------------------------

TEST(Instruction, ReadsAndWritesSpecialRegisters) {
    Guest guest(
        {0xf380, 0x8810, 0xf3ef, 0x8010, 0xb662, 0xb672});  // msr primask, r0; mrs r0, primask; cpsie; cpsid
    guest.set(0, 0xffffffff).steps(1);
    EXPECT_EQ(guest.reg(Reg::primask), 1u);
    EXPECT_EQ(guest.steps(1).reg(0), 1u);
    EXPECT_EQ(guest.steps(1).reg(Reg::primask), 0u);
    EXPECT_EQ(guest.steps(1).reg(Reg::primask), 1u);

    Guest stacks({0xf380, 0x8809, 0xf381, 0x8814, 0xf3ef, 0x8014,
                  0x466a});  // msr psp, r0; msr control, r1; mrs; mov r2, sp
    stacks.set(0, kRam + 0x803).set(1, 3).steps(4);
    EXPECT_EQ(stacks.reg(2), kRam + 0x800);
    EXPECT_EQ(stacks.reg(0), 2u) << "a Cortex-M0 has no unprivileged mode";
    EXPECT_EQ(stacks.reg(Reg::msp), kStackTop);

    Guest status(
        {0xf380, 0x8800, 0xf3ef, 0x8103, 0xf3ef, 0x8205});  // msr apsr, r0; mrs r1, xpsr; mrs r2, ipsr
    status.set(0, 0xa123'4567).set(2, 1).steps(3);
    EXPECT_EQ(status.reg(1), 0xa000'0000u);
    EXPECT_EQ(status.reg(2), 0u);
}

TEST(Instruction, HintsAndBarriersOnlyGoOn) {
    for (const std::uint16_t code : {0xbf00, 0xbf10, 0xbf20, 0xbf40}) {
        EXPECT_EQ(Guest({code}).steps(1).reg(Reg::pc), kMain + 2) << code;
    }
    for (const std::uint16_t second : {0x8f4f, 0x8f5f, 0x8f6f}) {
        EXPECT_EQ(Guest({0xf3bf, second}).steps(1).reg(Reg::pc), kMain + 4) << second;
    }
}

TEST(Instruction, WhatIsNoInstructionFaults) {
    // udf, bkpt, it, cps of another kind, rev of no kind, an empty list; of 32 bits: udf.w, mrs of nothing,
    // sdiv.
    for (const std::uint16_t code :
         {0xde00, 0xbe00, 0xbf08, 0xb661, 0xba80, 0xc100, 0xb400, 0xb100, 0xe800}) {
        EXPECT_EQ(Guest({code}).steps(1).reg(Reg::pc), handler_of(kHardFault)) << code;
    }
    for (const auto& [first, second] :
         {std::pair{0xf7f0, 0xa000}, {0xf3ef, 0x8004}, {0xfb90, 0xf0f1}, {0xf38d, 0x8800}}) {
        Guest guest({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(second)});
        EXPECT_EQ(guest.steps(1).reg(Reg::pc), handler_of(kHardFault)) << first;
        EXPECT_EQ(guest.peek(guest.reg(Reg::sp) + 24), kMain);
    }
}

}  // namespace
}  // namespace backspin::m0
