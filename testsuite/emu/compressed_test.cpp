// All 65536 halfwords against Capstone: it says which compressed instruction each is and with what operands;
// the manual says which full instruction that stands for.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "emu/isa/instruction.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/disassembler.hpp"

namespace backspin::emu {
namespace {

using testing::Disassembler;
using testing::Disassembly;
using testing::Operands;

/// The full form of one compressed instruction: its opcode, and where its operands come from. The numbers
/// count the operands that Capstone shows.
struct Expansion {
    Opcode opcode;
    Operands (*operands)(const std::vector<std::int64_t>& shown);
};

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "C" Extension, the "expands to" of each
/// instruction.
const std::map<std::string, Expansion>& expansions() {
    using Shown = const std::vector<std::int64_t>&;
    static constexpr auto u = [](std::int64_t value) { return static_cast<unsigned>(value); };
    static constexpr auto load = [](Shown s) { return Operands{u(s[0]), u(s[2]), 0, s[1]}; };
    static constexpr auto store = [](Shown s) { return Operands{0, u(s[2]), u(s[0]), s[1]}; };
    static constexpr auto two = [](Shown s) { return Operands{u(s[0]), u(s[0]), u(s[1]), 0}; };
    static constexpr auto immediate = [](Shown s) { return Operands{u(s[0]), u(s[0]), 0, s[1]}; };
    static constexpr auto branch = [](Shown s) { return Operands{0, u(s[0]), 0, s[1]}; };
    static const std::map<std::string, Expansion> kExpansions{
        {"c.addi4spn", {Opcode::addi, [](Shown s) { return Operands{u(s[0]), u(s[1]), 0, s[2]}; }}},
        {"c.lw", {Opcode::lw, load}},
        {"c.ld", {Opcode::ld, load}},
        {"c.lwsp", {Opcode::lw, load}},
        {"c.ldsp", {Opcode::ld, load}},
        {"c.sw", {Opcode::sw, store}},
        {"c.sd", {Opcode::sd, store}},
        {"c.swsp", {Opcode::sw, store}},
        {"c.sdsp", {Opcode::sd, store}},
        {"c.addi", {Opcode::addi, immediate}},
        {"c.addiw", {Opcode::addiw, immediate}},
        {"c.addi16sp", {Opcode::addi, immediate}},
        {"c.andi", {Opcode::andi, immediate}},
        {"c.slli", {Opcode::slli, immediate}},
        {"c.srli", {Opcode::srli, immediate}},
        {"c.srai", {Opcode::srai, immediate}},
        {"c.li", {Opcode::addi, [](Shown s) { return Operands{u(s[0]), 0, 0, s[1]}; }}},
        // Shown as the 20 bits that a lui would have.
        {"c.lui", {Opcode::lui, [](Shown s) { return Operands{u(s[0]), 0, 0, s[1] << 44 >> 32}; }}},
        {"c.mv", {Opcode::add, [](Shown s) { return Operands{u(s[0]), 0, u(s[1]), 0}; }}},
        {"c.add", {Opcode::add, two}},
        {"c.sub", {Opcode::sub, two}},
        {"c.xor", {Opcode::xor_, two}},
        {"c.or", {Opcode::or_, two}},
        {"c.and", {Opcode::and_, two}},
        {"c.addw", {Opcode::addw, two}},
        {"c.subw", {Opcode::subw, two}},
        {"c.j", {Opcode::jal, [](Shown s) { return Operands{0, 0, 0, s[0]}; }}},
        {"c.jr", {Opcode::jalr, [](Shown s) { return Operands{0, u(s[0]), 0, 0}; }}},
        {"c.jalr", {Opcode::jalr, [](Shown s) { return Operands{1, u(s[0]), 0, 0}; }}},
        {"c.beqz", {Opcode::beq, branch}},
        {"c.bnez", {Opcode::bne, branch}},
        {"c.ebreak", {Opcode::ebreak, [](Shown) { return Operands{}; }}},
    };
    return kExpansions;
}

/// What Capstone takes and this hart does not.
bool is_absent_here(const std::string& name, std::uint16_t half) {
    // The doubles of the D extension, and the word that is defined to be illegal.
    if (name == "c.fld" || name == "c.fsd" || name == "c.fldsp" || name == "c.fsdsp" || name == "c.unimp")
        return true;
    // Section "Integer Constant-Generation Instructions": "the code points with nzimm=0 are reserved".
    return name == "c.lui" && (half & 0x107c) == 0;
}

/// Hints, which change nothing, and which Capstone does not know: section "HINT Instructions". Here they must
/// decode to an instruction that writes x0, or a register onto itself.
bool changes_nothing(const Instruction& i) {
    if (i.rd == 0) return definition(i.opcode).kind == Kind::alu;
    const bool is_shift = i.opcode == Opcode::slli || i.opcode == Opcode::srli || i.opcode == Opcode::srai;
    return (is_shift || i.opcode == Opcode::addi) && i.rd == i.rs1 && i.imm == 0;
}

TEST(Compressed, EveryHalfwordAgreesWithCapstone) {
    Disassembler disassemble;
    std::map<std::string, int> seen;
    int hints = 0;
    for (std::uint32_t half = 0; half < 0x10000; ++half) {
        if ((half & 3) == 3) continue;
        const auto ours = decode(half | 0xa5a50000);  // what follows does not matter
        ASSERT_EQ(ours.length, 2);
        ASSERT_EQ(ours.word, half);
        const auto theirs = disassemble(half, 2);
        if (!theirs) {
            if (ours.opcode != Opcode::illegal) {
                ASSERT_TRUE(changes_nothing(ours)) << std::hex << half;
                ++hints;
            }
            continue;
        }
        if (ours.opcode == Opcode::illegal) {
            ASSERT_TRUE(is_absent_here(theirs->name, static_cast<std::uint16_t>(half)))
                << std::hex << half << " " << theirs->name << " " << theirs->text;
            continue;
        }
        if (theirs->name == "c.nop") {  // with an immediate it is a hint
            ASSERT_TRUE(ours.opcode == Opcode::addi && changes_nothing(ours)) << std::hex << half;
            continue;
        }
        const auto found = expansions().find(theirs->name);
        ASSERT_NE(found, expansions().end()) << std::hex << half << " " << theirs->name;
        std::vector<std::int64_t> shown;
        for (const auto& operand : theirs->operands) shown.push_back(operand.value);
        const auto expected = decode(testing::encode(found->second.opcode, found->second.operands(shown)));
        ASSERT_EQ(ours.opcode, expected.opcode) << std::hex << half << " " << theirs->name;
        ASSERT_EQ(ours.rd, expected.rd) << std::hex << half << " " << theirs->name << " " << theirs->text;
        ASSERT_EQ(ours.rs1, expected.rs1) << std::hex << half << " " << theirs->name << " " << theirs->text;
        ASSERT_EQ(ours.rs2, expected.rs2) << std::hex << half << " " << theirs->name << " " << theirs->text;
        ASSERT_EQ(ours.imm, expected.imm) << std::hex << half << " " << theirs->name << " " << theirs->text;
        ++seen[theirs->name];
    }
    for (const auto& [name, expansion] : expansions()) EXPECT_GT(seen[name], 0) << name;
    EXPECT_GT(hints, 0);
}

/// Reserved code points stay illegal: programs may be told of a missing extension by them.
TEST(Compressed, ReservedCodePointsAreIllegal) {
    const auto is_illegal = [](std::uint16_t half) { return decode(half).opcode == Opcode::illegal; };
    EXPECT_TRUE(is_illegal(0x0000)) << "all zeros";
    EXPECT_TRUE(is_illegal(0x0004)) << "c.addi4spn with immediate 0";
    EXPECT_TRUE(is_illegal(0x2001)) << "c.addiw into x0";
    EXPECT_TRUE(is_illegal(0x6101)) << "c.addi16sp with immediate 0";
    EXPECT_TRUE(is_illegal(0x6081)) << "c.lui with immediate 0";
    EXPECT_TRUE(is_illegal(0x4002)) << "c.lwsp into x0";
    EXPECT_TRUE(is_illegal(0x6002)) << "c.ldsp into x0";
    EXPECT_TRUE(is_illegal(0x8002)) << "c.jr to x0";
    EXPECT_TRUE(is_illegal(0x9c41)) << "quadrant 1, after c.addw";
    EXPECT_TRUE(is_illegal(0x9c61)) << "quadrant 1, after c.addw";
    for (std::uint32_t half = 0x8000; half < 0xa000; half += 4) {
        EXPECT_TRUE(is_illegal(static_cast<std::uint16_t>(half))) << "quadrant 0, function 4";
    }
}

TEST(Compressed, OnlyHalfwordsAreExpanded) {
    for (std::uint32_t half = 3; half < 0x10000; half += 4) {
        EXPECT_FALSE(expand_compressed(static_cast<std::uint16_t>(half)));
    }
}

/// The full forms are legal words themselves, so that the table alone says what they do.
TEST(Compressed, FullFormsDecodeToThemselves) {
    for (std::uint32_t half = 0; half < 0x10000; ++half) {
        const auto full = expand_compressed(static_cast<std::uint16_t>(half));
        if (!full) continue;
        ASSERT_EQ(instruction_length(static_cast<std::uint16_t>(*full)), 4u) << std::hex << half;
        ASSERT_NE(decode(*full).opcode, Opcode::illegal) << std::hex << half;
    }
}

}  // namespace
}  // namespace backspin::emu
