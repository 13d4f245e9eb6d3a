// The decoder against Capstone: both must take the same words for the same instructions with the same
// operands.
#include "emu/isa/instruction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>

#include "emu/csr.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/disassembler.hpp"

namespace backspin::emu {
namespace {

using testing::Disassembler;
using testing::Disassembly;
using testing::imm;
using testing::Operand;
using testing::reg;

constexpr unsigned kWordsPerRow = 3000;
constexpr unsigned kAnyWords = 2'000'000;

/// "amoadd.w.aqrl" is the same step as "amoadd.w".
std::string without_ordering(std::string name) {
    for (const std::string_view suffix : {".aqrl", ".aq", ".rl"}) {
        if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
    }
    return name;
}

/// The operands in full, in the order in which an assembler writes them.
std::vector<Operand> operands_of(const Instruction& i) {
    const auto& row = definition(i.opcode);
    switch (row.kind) {
        case Kind::load: return {reg(i.rd), imm(i.imm), reg(i.rs1)};
        case Kind::store: return {reg(i.rs2), imm(i.imm), reg(i.rs1)};
        case Kind::branch: return {reg(i.rs1), reg(i.rs2), imm(i.imm)};
        case Kind::atomic:
        case Kind::conditional: return {reg(i.rd), reg(i.rs2), reg(i.rs1)};
        case Kind::reserve: return {reg(i.rd), reg(i.rs1)};
        default: break;
    }
    switch (row.pattern.form) {
        case Form::r: return {reg(i.rd), reg(i.rs1), reg(i.rs2)};
        case Form::i:
        case Form::shift: return {reg(i.rd), reg(i.rs1), imm(i.imm)};
        case Form::u: return {reg(i.rd), imm(static_cast<std::uint32_t>(i.imm) >> 12)};
        case Form::jump: return {reg(i.rd), imm(i.imm)};
        case Form::csr: {  // the CSR is compared apart
            const bool immediate =
                i.opcode == Opcode::csrrwi || i.opcode == Opcode::csrrsi || i.opcode == Opcode::csrrci;
            return {reg(i.rd), immediate ? imm(i.rs1) : reg(i.rs1)};
        }
        default: return {};
    }
}

/// An alias leaves out operands that have a fixed value.
struct Alias {
    std::string_view name;
    std::string_view of;
    std::map<std::size_t, std::int64_t> left_out;  ///< index among the full operands, value
};
const std::vector<Alias>& aliases() {
    static const std::vector<Alias> kAliases{
        {"nop", "addi", {{0, 0}, {1, 0}, {2, 0}}},
        {"mv", "addi", {{2, 0}}},
        {"sext.w", "addiw", {{2, 0}}},
        {"not", "xori", {{2, -1}}},
        {"neg", "sub", {{1, 0}}},
        {"negw", "subw", {{1, 0}}},
        {"seqz", "sltiu", {{2, 1}}},
        {"snez", "sltu", {{1, 0}}},
        {"sltz", "slt", {{2, 0}}},
        {"sgtz", "slt", {{1, 0}}},
        {"beqz", "beq", {{1, 0}}},
        {"bnez", "bne", {{1, 0}}},
        {"bgez", "bge", {{1, 0}}},
        {"blez", "bge", {{0, 0}}},
        {"bltz", "blt", {{1, 0}}},
        {"bgtz", "blt", {{0, 0}}},
        {"j", "jal", {{0, 0}}},
        {"jal", "jal", {{0, 1}}},
        {"jr", "jalr", {{0, 0}, {2, 0}}},
        {"ret", "jalr", {{0, 0}, {1, 1}, {2, 0}}},
        {"jalr", "jalr", {{0, 1}, {2, 0}}},
        {"csrr", "csrrs", {{1, 0}}},
        {"rdcycle", "csrrs", {{1, 0}}},
        {"rdtime", "csrrs", {{1, 0}}},
        {"rdinstret", "csrrs", {{1, 0}}},
        {"rdcycleh", "csrrs", {{1, 0}}},
        {"rdtimeh", "csrrs", {{1, 0}}},
        {"rdinstreth", "csrrs", {{1, 0}}},
        {"csrw", "csrrw", {{0, 0}}},
        {"csrs", "csrrs", {{0, 0}}},
        {"csrc", "csrrc", {{0, 0}}},
        {"csrwi", "csrrwi", {{0, 0}}},
        {"csrsi", "csrrsi", {{0, 0}}},
        {"csrci", "csrrci", {{0, 0}}},
        {"unimp", "csrrw", {{0, 0}, {1, 0}}},
        {"frflags", "csrrs", {{1, 0}}},
        {"frrm", "csrrs", {{1, 0}}},
        {"frcsr", "csrrs", {{1, 0}}},
        {"fsflags", "csrrw", {{0, 0}}},
        {"fsrm", "csrrw", {{0, 0}}},
        {"fscsr", "csrrw", {{0, 0}}},
        {"fsflagsi", "csrrwi", {{0, 0}}},
        {"fsrmi", "csrrwi", {{0, 0}}},
    };
    return kAliases;
}

bool same_operands(const Disassembly& theirs, const Instruction& ours) {
    const auto full = operands_of(ours);
    const auto name = definition(ours.opcode).name;
    if (theirs.operands == full) return true;
    return std::ranges::any_of(aliases(), [&](const Alias& alias) {
        if (alias.name != theirs.alias || alias.of != name) return false;
        std::vector<Operand> shown;
        for (std::size_t i = 0; i < full.size(); ++i) {
            const auto hidden = alias.left_out.find(i);
            if (hidden == alias.left_out.end()) {
                shown.push_back(full[i]);
            } else if (hidden->second != full[i].value) {
                return false;
            }
        }
        return theirs.operands == shown;
    });
}

/// Aliases that stand for one CSR.
std::optional<unsigned> csr_of_alias(const std::string& alias) {
    static const std::map<std::string, unsigned> kNumbers{
        {"rdcycle", 0xc00}, {"rdtime", 0xc01}, {"rdinstret", 0xc02}, {"unimp", 0xc00},
        {"frflags", 1},     {"fsflags", 1},    {"fsflagsi", 1},      {"frrm", 2},
        {"fsrm", 2},        {"fsrmi", 2},      {"frcsr", 3},         {"fscsr", 3}};
    const auto found = kNumbers.find(alias);
    return found != kNumbers.end() ? std::optional(found->second) : std::nullopt;
}

/// The name by which Capstone writes a CSR that we have. It knows the numbers of some by others' names.
std::string capstones_name(const Csr& csr) {
    // Swapped in Capstone 5; the manual's table "Currently allocated RISC-V machine-level CSR addresses"
    // counts up from 0x3b0.
    if (csr.name == "pmpaddr13") return "pmpaddr14";
    if (csr.name == "pmpaddr14") return "pmpaddr13";
    // Newer than Capstone's list.
    static const std::set<std::string> kNewer{"mconfigptr", "mcountinhibit", "menvcfg"};
    return kNewer.contains(csr.name) ? std::to_string(csr.number) : csr.name;
}

/// Capstone writes a CSR by its name where it knows one, and else by its number.
bool same_csr(const Disassembly& theirs, const Instruction& ours) {
    const CsrNumber number{static_cast<std::uint16_t>(ours.imm)};
    if (const auto aliased = csr_of_alias(theirs.alias)) return number.value == *aliased;
    // "rd, csr, source" or "csr, source" or "rd, csr"
    std::vector<std::string> parts{""};
    for (const auto c : theirs.text) {
        if (c == ',') {
            parts.emplace_back();
        } else if (c != ' ') {
            parts.back() += c;
        }
    }
    const auto has = [&](const std::string& name) { return std::ranges::count(parts, name) != 0; };
    if (const auto* csr = find_csr(number)) return has(capstones_name(*csr));
    // Not ours: then it must not be called by the name of one of ours.
    return std::ranges::none_of(csrs(), [&](const Csr& other) { return has(other.name); });
}

bool is_ours(const std::string& name) {
    return std::ranges::any_of(definitions(), [&](const auto& row) { return row.name == name; });
}

/// Instructions that Capstone knows and this hart does not have, by their names.
bool is_of_an_absent_extension(const std::string& name) {
    static const std::set<std::string> kPrivileged{"sret", "uret", "dret", "sfence.vma"};  // no S mode
    return name.starts_with("f") || kPrivileged.contains(name);                            // no F and D
}

/// Why Capstone may call a word illegal that is legal: the reserved fields of fences are for future use, and
/// "implementations shall ignore them". Source: The RISC-V Instruction Set Manual, Volume I, section "Memory
/// Ordering Instructions" and chapter "Zifencei".
bool is_fence_with_reserved_fields(const Instruction& ours) {
    if (ours.opcode == Opcode::fence_i) return ours.word != testing::op(Opcode::fence_i);
    return ours.opcode == Opcode::fence && ((ours.word & 0x000fff80) != 0 || ours.word >> 28 != 0);
}

void expect_agreement(Disassembler& disassemble, std::uint32_t word) {
    const auto ours = decode(word);
    const auto theirs = disassemble(word, 4);
    ASSERT_EQ(ours.length, 4);
    ASSERT_EQ(ours.word, word);
    if (!theirs) {
        ASSERT_TRUE(ours.opcode == Opcode::illegal || is_fence_with_reserved_fields(ours))
            << std::hex << word << " is " << definition(ours.opcode).name << ", and illegal for Capstone";
        return;
    }
    auto name = without_ordering(theirs->name);
    if (name == "fence.tso") name = "fence";  // a fence of another strength
    if (name == "unimp") name = "csrrw";      // csrrw zero, cycle, zero: decodes, and traps when executed
    if (ours.opcode == Opcode::illegal) {
        ASSERT_FALSE(is_ours(name)) << std::hex << word << " is " << name
                                    << " for Capstone, and illegal here";
        ASSERT_TRUE(is_of_an_absent_extension(name)) << std::hex << word << " " << name;
        return;
    }
    ASSERT_EQ(definition(ours.opcode).name, name) << std::hex << word;
    if (ours.opcode == Opcode::fence || ours.opcode == Opcode::fence_i) return;  // their operands do nothing
    ASSERT_TRUE(same_operands(*theirs, ours))
        << std::hex << word << " " << name << ", for Capstone " << theirs->alias << " " << theirs->text;
    if (definition(ours.opcode).pattern.form == Form::csr) {
        ASSERT_TRUE(same_csr(*theirs, ours)) << std::hex << word << " " << theirs->text;
    }
}

TEST(Decoder, AgreesWithCapstoneOnRandomOperandsOfEveryRow) {
    Disassembler disassemble;
    std::mt19937 random(1);
    for (const auto& row : definitions()) {
        for (unsigned i = 0; i < kWordsPerRow; ++i) {
            auto word = row.pattern.value | (random() & ~row.pattern.mask);
            // Aliases and the extremes of fields need more of x0, x1, 0 and -1 than chance gives.
            if (i % 4 == 1) word &= ~(std::uint32_t{31} << 7) | row.pattern.mask;
            if (i % 4 == 2) word &= ~(std::uint32_t{31} << 15) | row.pattern.mask;
            if (i % 8 == 3) word |= 0xfff00000 & ~row.pattern.mask;
            if (i % 8 == 7) word &= 0x000fffff | row.pattern.mask;
            ASSERT_EQ(decode(word).opcode, row.opcode);
            ASSERT_NO_FATAL_FAILURE(expect_agreement(disassemble, word));
        }
    }
}

/// One bit beside a legal instruction is where a decoder that looks at too few bits goes wrong.
TEST(Decoder, AgreesWithCapstoneOneBitBesideEveryRow) {
    Disassembler disassemble;
    std::mt19937 random(2);
    for (const auto& row : definitions()) {
        for (unsigned bit = 2; bit < 32; ++bit) {
            for (int i = 0; i < 30; ++i) {
                const auto word = (row.pattern.value | (random() & ~row.pattern.mask)) ^ 1u << bit;
                ASSERT_NO_FATAL_FAILURE(expect_agreement(disassemble, word));
            }
        }
    }
}

TEST(Decoder, AgreesWithCapstoneOnAnyWord) {
    Disassembler disassemble;
    std::mt19937 random(3);
    for (unsigned i = 0; i < kAnyWords; ++i) {
        ASSERT_NO_FATAL_FAILURE(expect_agreement(disassemble, static_cast<std::uint32_t>(random()) | 3));
    }
}

/// The funct fields of every major opcode, exhaustively; random words seldom hit the sparse ones.
TEST(Decoder, AgreesWithCapstoneOnEveryFunctionCode) {
    Disassembler disassemble;
    for (std::uint32_t major = 0; major < 32; ++major) {
        for (std::uint32_t high = 0; high < 4096; ++high) {
            for (std::uint32_t function = 0; function < 8; ++function) {
                for (const std::uint32_t registers : {0x00000000u, 0x00000080u, 0x000a8500u}) {
                    const auto word = high << 20 | function << 12 | major << 2 | 3 | registers;
                    ASSERT_NO_FATAL_FAILURE(expect_agreement(disassemble, word));
                }
            }
        }
    }
}

TEST(Decoder, CapstoneKnowsOurCsrsByTheSameNames) {
    Disassembler disassemble;
    for (const auto& csr : csrs()) {
        const auto theirs = disassemble(testing::csr(Opcode::csrrc, 1, csr.number, 2), 4);
        ASSERT_TRUE(theirs);
        EXPECT_EQ(theirs->text, "ra, " + capstones_name(csr) + ", sp");
    }
}

// ---- the table itself ---------------------------------------------------------------------------

TEST(Decoder, WhatIsEncodedIsDecodedForEveryRow) {
    std::mt19937_64 random(4);
    for (const auto& row : definitions()) {
        for (int i = 0; i < 2000; ++i) {
            testing::Operands operands{static_cast<unsigned>(random() % 32),
                                       static_cast<unsigned>(random() % 32),
                                       static_cast<unsigned>(random() % 32), 0};
            const auto any = static_cast<std::int64_t>(random());
            switch (row.pattern.form) {
                case Form::i:
                case Form::s: operands.imm = any >> 52; break;
                case Form::branch: operands.imm = any >> 52 << 1; break;
                case Form::jump: operands.imm = any >> 44 << 1; break;
                case Form::u: operands.imm = any >> 44 << 12; break;
                case Form::csr: operands.imm = any & 0xfff; break;
                case Form::shift: operands.imm = any & (row.name.ends_with("w") ? 31 : 63); break;
                default: break;
            }
            const bool has_rd = row.pattern.form != Form::s && row.pattern.form != Form::branch &&
                                row.pattern.form != Form::none;
            const bool has_rs1 = row.pattern.form != Form::u && row.pattern.form != Form::jump &&
                                 row.pattern.form != Form::none;
            const bool has_rs2 = (row.pattern.form == Form::r && row.kind != Kind::reserve) ||
                                 row.pattern.form == Form::s || row.pattern.form == Form::branch;
            if (!has_rd) operands.rd = 0;
            if (!has_rs1) operands.rs1 = 0;
            if (!has_rs2) operands.rs2 = 0;
            const auto word = testing::encode(row.opcode, operands);
            const auto decoded = decode(word);
            ASSERT_EQ(decoded.opcode, row.opcode) << row.name;
            ASSERT_EQ(decoded.rd, operands.rd) << row.name;
            ASSERT_EQ(decoded.rs1, operands.rs1) << row.name;
            ASSERT_EQ(decoded.rs2, operands.rs2) << row.name;
            ASSERT_EQ(decoded.imm, operands.imm) << row.name;
            ASSERT_EQ(decoded.length, 4) << row.name;
            ASSERT_EQ(decoded.word, word) << row.name;
        }
    }
}

TEST(Decoder, RowsStandInTheOrderOfTheirOpcodes) {
    std::set<std::string_view> names;
    std::size_t next = 1;
    for (const auto& row : definitions()) {
        EXPECT_EQ(static_cast<std::size_t>(row.opcode), next++);
        EXPECT_EQ(&definition(row.opcode), &row);
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
    }
}

/// Formats of more than 32 bits do not exist here, whatever follows.
TEST(Decoder, LongerFormatsAreIllegal) {
    std::mt19937 random(5);
    for (int i = 0; i < 10000; ++i) {
        const auto word = static_cast<std::uint32_t>(random()) | 0x1f;
        EXPECT_EQ(decode(word).opcode, Opcode::illegal) << std::hex << word;
        EXPECT_EQ(decode(word).length, 4);
    }
}

TEST(Decoder, AnIllegalInstructionKeepsItsWord) {
    EXPECT_EQ(decode(0xffffffff).word, 0xffffffffu);
    EXPECT_EQ(decode(0xabcd0000).word, 0u) << "of a compressed one, only its own 16 bits";
    EXPECT_EQ(decode(0xabcd0000).length, 2);
}

}  // namespace
}  // namespace backspin::emu
