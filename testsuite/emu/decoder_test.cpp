// The decoder against Capstone and GNU binutils: all must take the same words for the same instructions with
// the same operands.
#include "emu/isa/instruction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "emu/csr.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/disassembler.hpp"
#include "testsuite/emu/gnu_disassembler.hpp"

namespace backspin::emu {
namespace {

using testing::decoder_of;
using testing::Disassembler;
using testing::GnuDisassembler;

/// The parameter is the width.
class DecoderOfWidth : public ::testing::TestWithParam<unsigned> {
  protected:
    const Decoder& decoder() const { return decoder_of(GetParam()); }
    Instruction decode(std::uint32_t word) const { return decoder().decode(word); }
    std::vector<const Definition*> rows() const {
        std::vector<const Definition*> result;
        for (const auto& row : definitions()) {
            if (decoder().isa().has(row.needs)) result.push_back(&row);
        }
        return result;
    }

    void expect_capstone_agrees(Disassembler& disassemble, std::uint32_t word) const;
    void expect_gnu_agrees(const std::vector<std::uint32_t>& words) const;
};
INSTANTIATE_TEST_SUITE_P(Widths, DecoderOfWidth, ::testing::Values(32u, 64u));

/// "amoadd.w.aqrl" is the same step as "amoadd.w".
std::string without_ordering(std::string name) {
    for (const std::string_view suffix : {".aqrl", ".aq", ".rl"}) {
        if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
    }
    return name;
}

bool is_ours(const std::string& name, const Isa& isa) {
    return std::ranges::any_of(definitions(),
                               [&](const auto& row) { return row.name == name && isa.has(row.needs); });
}

/// Of the hypervisor or of debug mode, or no longer in the manual.
bool is_of_an_absent_extension(const std::string& name) {
    static const std::set<std::string> kAbsent{"uret", "hret", "dret", "sfence.vm"};
    return kAbsent.contains(name) || name.starts_with("hfence.") || name.starts_with("hinval.");
}

/// The reserved fields of fences are for future use, and "implementations shall ignore them"; disassemblers
/// do not. Source: The RISC-V Instruction Set Manual, Volume I, section "Memory Ordering Instructions" and
/// chapter "Zifencei".
bool is_fence_with_reserved_fields(const Instruction& ours) {
    if (ours.opcode == Opcode::fence_i) return ours.word != testing::op(Opcode::fence_i);
    return ours.opcode == Opcode::fence && ((ours.word & 0x000fff80) != 0 || ours.word >> 28 != 0);
}

bool is_fence(Opcode opcode) {
    return opcode == Opcode::fence || opcode == Opcode::fence_i || opcode == Opcode::pause;
}

/// 5 and 6 are no rounding modes. It is the execution that finds out, as it does for the dynamic one.
bool has_reserved_rounding(const Instruction& ours) {
    return ours.rounding == 5 || ours.rounding == 6;
}

/// The result needs no rounding, and disassemblers take no mode besides 0 or do not show it.
bool is_exact_conversion(const Instruction& ours) {
    static const std::set<Opcode> kExact{Opcode::fcvt_d_s, Opcode::fcvt_d_w, Opcode::fcvt_d_wu,
                                         Opcode::fcvt_s_h, Opcode::fcvt_d_h};
    return kExact.contains(ours.opcode);
}

/// The highest bit of a shift amount, which disassemblers do not look at though it must be 0 in RV32.
bool is_long_shift(std::uint32_t word, unsigned xlen) {
    const auto function = word >> 12 & 7;
    return xlen == 32 && (word & 0x7f) == 0x13 && (function == 1 || function == 5) && (word >> 25 & 1) != 0;
}

/// Any word of the row, with more x0, x1, 0 and -1 than chance gives.
std::uint32_t any_word_of(const Definition& row, std::mt19937& random, unsigned i) {
    auto word = row.pattern.value | (static_cast<std::uint32_t>(random()) & ~row.pattern.mask);
    const auto clear = [&](std::uint32_t bits) { word &= ~bits | row.pattern.mask; };
    if (i % 4 == 1) clear(31u << 7);
    if (i % 4 == 2) clear(31u << 15);
    if (i % 8 == 3) word |= 0xfff00000 & ~row.pattern.mask;
    if (i % 8 == 7) clear(0xfff00000);
    return word;
}

// ---- Capstone: IMAFDC, fast enough for millions of words ------------------------------------------

bool capstone_knows(const Definition& row) {
    static const std::set<Extension> kKnown{Extension::I, Extension::M,     Extension::A,       Extension::F,
                                            Extension::D, Extension::Zicsr, Extension::Zifencei};
    const auto& [one, other, besides, xlen] = row.needs;
    return kKnown.contains(one) && kKnown.contains(other) && kKnown.contains(besides);
}

void DecoderOfWidth::expect_capstone_agrees(Disassembler& disassemble, std::uint32_t word) const {
    const auto ours = decode(word);
    const auto theirs = disassemble(word, 4);
    ASSERT_EQ(ours.length, 4);
    ASSERT_EQ(ours.word, word);
    if (!theirs) {
        ASSERT_TRUE(ours.opcode == Opcode::illegal || !capstone_knows(definition(ours.opcode)) ||
                    is_fence_with_reserved_fields(ours) || has_reserved_rounding(ours) ||
                    (is_exact_conversion(ours) && ours.rounding != 0))
            << std::hex << word << " is " << definition(ours.opcode).name << ", and illegal for Capstone";
        return;
    }
    auto name = without_ordering(theirs->name);
    if (name == "fence.tso") name = "fence";  // a fence of another strength
    if (name == "unimp") name = "csrrw";      // csrrw zero, cycle, zero: decodes, and traps when executed
    if (ours.opcode == Opcode::pause) name = name == "fence" ? "pause" : name;  // a hint among the fences
    if (ours.opcode == Opcode::illegal) {
        if (is_long_shift(word, GetParam())) return;
        ASSERT_FALSE(is_ours(name, decoder().isa()))
            << std::hex << word << " is " << name << " for Capstone, and illegal here";
        ASSERT_TRUE(is_of_an_absent_extension(name)) << std::hex << word << " " << name;
        return;
    }
    ASSERT_EQ(definition(ours.opcode).name, name) << std::hex << word;
}

TEST_P(DecoderOfWidth, AgreesWithCapstoneOnRandomOperandsOfEveryRow) {
    Disassembler disassemble(GetParam());
    std::mt19937 random(1);
    for (const auto* row : rows()) {
        for (unsigned i = 0; i < 1000; ++i)
            ASSERT_NO_FATAL_FAILURE(expect_capstone_agrees(disassemble, any_word_of(*row, random, i)));
    }
}

/// One bit beside a legal instruction is where a decoder that looks at too few bits goes wrong.
TEST_P(DecoderOfWidth, AgreesWithCapstoneOneBitBesideEveryRow) {
    Disassembler disassemble(GetParam());
    std::mt19937 random(2);
    for (const auto* row : rows()) {
        for (unsigned bit = 2; bit < 32; ++bit) {
            for (unsigned i = 0; i < 20; ++i) {
                const auto word = any_word_of(*row, random, i) ^ 1u << bit;
                ASSERT_NO_FATAL_FAILURE(expect_capstone_agrees(disassemble, word));
            }
        }
    }
}

TEST_P(DecoderOfWidth, AgreesWithCapstoneOnAnyWord) {
    Disassembler disassemble(GetParam());
    std::mt19937 random(3);
    for (unsigned i = 0; i < 300'000; ++i)
        ASSERT_NO_FATAL_FAILURE(
            expect_capstone_agrees(disassemble, static_cast<std::uint32_t>(random()) | 3));
}

/// The funct fields of every major opcode, exhaustively; random words seldom hit the sparse ones.
TEST_P(DecoderOfWidth, AgreesWithCapstoneOnEveryFunctionCode) {
    Disassembler disassemble(GetParam());
    for (std::uint32_t major = 0; major < 32; ++major) {
        for (std::uint32_t high = 0; high < 4096; ++high) {
            for (std::uint32_t function = 0; function < 8; ++function) {
                for (const std::uint32_t registers : {0x00000000u, 0x000a8500u}) {
                    const auto word = high << 20 | function << 12 | major << 2 | 3 | registers;
                    ASSERT_NO_FATAL_FAILURE(expect_capstone_agrees(disassemble, word));
                }
            }
        }
    }
}

/// The name by which Capstone writes a CSR that we have. It knows the numbers of some by others' names.
std::string capstones_name(const Csr& csr) {
    // Swapped in Capstone 5; the manual's table "Currently allocated RISC-V machine-level CSR addresses"
    // counts up from 0x3b0.
    if (csr.name == "pmpaddr13") return "pmpaddr14";
    if (csr.name == "pmpaddr14") return "pmpaddr13";
    // Newer than Capstone's list.
    static const std::set<std::string> kNewer{"mconfigptr", "mcountinhibit", "menvcfg",
                                              "menvcfgh",   "mstatush",      "senvcfg",
                                              "stimecmp",   "stimecmph",     "tinfo"};
    return kNewer.contains(csr.name) ? std::to_string(csr.number) : csr.name;
}

TEST_P(DecoderOfWidth, CapstoneKnowsOurCsrsByTheSameNames) {
    Disassembler disassemble(GetParam());
    unsigned ours = 0;
    for (unsigned number = 0; number < 4096; ++number) {
        const auto theirs = disassemble(testing::csr(Opcode::csrrc, 1, number, 2), 4);
        ASSERT_TRUE(theirs);
        const auto* csr = find_csr(decoder().isa(), CsrNumber{static_cast<std::uint16_t>(number)});
        if (csr == nullptr) continue;
        ++ours;
        EXPECT_EQ(theirs->text, "ra, " + capstones_name(*csr) + ", sp");
    }
    EXPECT_GT(ours, 100u);
}

// ---- GNU: also the newer extensions, and all operands ---------------------------------------------

/// What binutils 2.40 know of our extensions; Zicond came later, and is in a test of its own.
constexpr std::string_view kGnuExtensions =
    "imafd_zicsr_zifencei_zicbom_zicboz_zihintpause_zawrs_zfh_zba_zbb_zbc_zbkb_zbs_svinval";

bool gnu_knows(const Definition& row) {
    return row.needs.extension != Extension::Zicond;
}

/// The operands in the order in which an assembler writes them, numbers as they are written.
std::vector<std::string> operands_of(const Instruction& i, std::uint64_t address, unsigned xlen) {
    const auto& [opcode, kind, needs, name, pattern] = definition(i.opcode);
    const auto& fields = pattern.fields;
    const auto mask = xlen == 64 ? ~std::uint64_t{0} : 0xffff'ffff;
    const auto reg = [](bool is_float, unsigned number) {
        return (is_float ? "f" : "x") + std::to_string(number);
    };
    const auto rd = reg(fields.float_rd, i.rd), rs1 = reg(fields.float_rs1, i.rs1),
               rs2 = reg(fields.float_rs2, i.rs2), rs3 = reg(fields.float_rs3, i.rs3);
    const auto imm = std::to_string(i.imm);
    const auto target = std::to_string((address + static_cast<std::uint64_t>(std::int64_t{i.imm})) & mask);
    switch (kind) {
        case Kind::load:
        case Kind::floating_load: return {rd, imm, rs1};
        case Kind::store:
        case Kind::floating_store: return {rs2, imm, rs1};
        case Kind::branch: return {rs1, rs2, target};
        case Kind::jump:
            if (pattern.form == Form::jump) return {rd, target};
            return {rd, imm, rs1};
        case Kind::atomic:
        case Kind::conditional: return {rd, rs2, rs1};
        default: break;
    }
    if (pattern.form == Form::csr) {  // its name is compared elsewhere
        const bool immediate =
            i.opcode == Opcode::csrrwi || i.opcode == Opcode::csrrsi || i.opcode == Opcode::csrrci;
        return {rd, "csr", immediate ? std::to_string(i.rs1) : rs1};
    }
    std::vector<std::string> result;
    if (fields.rd) result.push_back(rd);
    if (fields.rs1) result.push_back(rs1);
    if (fields.rs2) result.push_back(rs2);
    if (fields.rs3) result.push_back(rs3);
    if (pattern.form == Form::i || pattern.form == Form::shift) result.push_back(imm);
    if (pattern.form == Form::u) result.push_back(std::to_string(static_cast<std::uint32_t>(i.imm) >> 12));
    static constexpr std::array kRoundings{"rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown"};
    if (fields.rounding && i.rounding < kRoundings.size() && !is_exact_conversion(i))
        result.emplace_back(kRoundings[i.rounding]);
    return result;
}

/// "0x10" to "16"; what is no number stays as it is.
std::string in_decimal(const std::string& text) {
    return text.starts_with("0x") ? std::to_string(std::stoull(text, nullptr, 16)) : text;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string result;
    for (const auto& part : parts) result += (result.empty() ? "" : ",") + part;
    return result;
}

void DecoderOfWidth::expect_gnu_agrees(const std::vector<std::uint32_t>& words) const {
    const GnuDisassembler disassemble("rv" + std::to_string(GetParam()) + std::string(kGnuExtensions));
    const auto all = disassemble(words);
    for (std::size_t n = 0; n < words.size(); ++n) {
        const auto ours = decode(words[n]);
        auto [name, operands] = all[n];
        name = without_ordering(name);
        if (name == "fence.tso") name = "fence";
        const auto text = [&] { return name + " " + joined(operands) + ", for GNU"; };
        if (ours.opcode == Opcode::illegal) {
            ASSERT_TRUE(name.empty() || is_of_an_absent_extension(name) ||
                        is_long_shift(words[n], GetParam()))
                << std::hex << words[n] << " is illegal here, and " << text();
            continue;
        }
        const auto& row = definition(ours.opcode);
        if (name.empty()) {
            ASSERT_TRUE(!gnu_knows(row) || is_fence_with_reserved_fields(ours) ||
                        (is_exact_conversion(ours) && ours.rounding != 0))
                << std::hex << words[n] << " is " << row.name << ", and illegal for GNU";
            continue;
        }
        ASSERT_EQ(row.name, name) << std::hex << words[n] << " is " << text();
        if (is_fence(ours.opcode)) continue;  // their operands do nothing
        for (auto& operand : operands) operand = in_decimal(operand);
        if (is_exact_conversion(ours)) operands.resize(2);
        if (row.pattern.form == Form::csr && operands.size() == 3) operands[1] = "csr";
        ASSERT_EQ(joined(operands), joined(operands_of(ours, 4 * n, GetParam())))
            << std::hex << words[n] << " is " << text();
    }
}

TEST_P(DecoderOfWidth, AgreesWithGnuOnRandomOperandsOfEveryRow) {
    std::mt19937 random(4);
    std::vector<std::uint32_t> words;
    for (const auto* row : rows()) {
        for (unsigned i = 0; i < 200; ++i) words.push_back(any_word_of(*row, random, i));
    }
    ASSERT_NO_FATAL_FAILURE(expect_gnu_agrees(words));
}

TEST_P(DecoderOfWidth, AgreesWithGnuOneBitBesideEveryRow) {
    std::mt19937 random(5);
    std::vector<std::uint32_t> words;
    for (const auto* row : rows()) {
        for (unsigned bit = 2; bit < 32; ++bit) {
            for (unsigned i = 0; i < 4; ++i) {
                const auto word = any_word_of(*row, random, i) ^ 1u << bit;
                if ((word & 0x1c) != 0x1c) words.push_back(word);
            }
        }
    }
    ASSERT_NO_FATAL_FAILURE(expect_gnu_agrees(words));
}

/// Where the function codes are dense.
TEST_P(DecoderOfWidth, AgreesWithGnuOnEveryFunctionCode) {
    std::vector<std::uint32_t> words;
    const auto add = [&](std::uint32_t major, std::uint32_t function, std::uint32_t high_step) {
        for (std::uint32_t high = 0; high < 4096; high += high_step)
            words.push_back(high << 20 | 10u << 15 | function << 12 | 11u << 7 | major);
    };
    for (std::uint32_t function = 0; function < 8; ++function) {
        add(0x53, function, 1);  // floating point: rs2 may be a function code
        for (const std::uint32_t major : {0x33u, 0x3bu, 0x2fu}) add(major, function, 16);
    }
    for (const std::uint32_t function : {1u, 5u}) {  // shifts, and what has no second source
        add(0x13, function, 1);
        add(0x1b, function, 1);
    }
    for (const std::uint32_t major : {0x73u, 0x0fu}) {
        for (std::uint32_t high = 0; high < 4096; ++high) {
            words.push_back(high << 20 | major);
            words.push_back(high << 20 | 10u << 15 | 2u << 12 | major);
            words.push_back(high << 20 | 10u << 15 | 4u << 12 | major);
        }
    }
    ASSERT_NO_FATAL_FAILURE(expect_gnu_agrees(words));
}

// ---- the table itself ---------------------------------------------------------------------------

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "Zicond": the opcode is OP, the function
/// codes 0x7 and 0x5 or 0x7.
TEST_P(DecoderOfWidth, Zicond) {
    EXPECT_EQ(decode(0x0ec5d533).opcode, Opcode::czero_eqz) << "czero.eqz a0, a1, a2";
    EXPECT_EQ(decode(0x0ec5f533).opcode, Opcode::czero_nez) << "czero.nez a0, a1, a2";
}

TEST_P(DecoderOfWidth, WhatIsEncodedIsDecodedForEveryRow) {
    std::mt19937_64 random(6);
    for (const auto* row : rows()) {
        const auto& fields = row->pattern.fields;
        for (int i = 0; i < 500; ++i) {
            const auto any = static_cast<std::int64_t>(random());
            const auto number = [&](bool named) { return named ? static_cast<unsigned>(random() % 32) : 0; };
            testing::Operands operands{number(fields.rd),  number(fields.rs1),         number(fields.rs2), 0,
                                       number(fields.rs3), number(fields.rounding) % 8};
            // Where a special case covers some of the row's words, it must not be met.
            if (fields.rs2 && operands.rs2 == 0) operands.rs2 = 1;
            switch (row->pattern.form) {
                case Form::i:
                case Form::s: operands.imm = any >> 52; break;
                case Form::branch: operands.imm = any >> 52 << 1; break;
                case Form::jump: operands.imm = any >> 44 << 1; break;
                case Form::u: operands.imm = any >> 44 << 12; break;
                case Form::csr: operands.imm = any & 0xfff; break;
                case Form::shift:
                    operands.imm = any & (row->name.ends_with("w") ? 31 : GetParam() - 1);
                    break;
                default: break;
            }
            const auto word = testing::encode(row->opcode, operands);
            const auto decoded = decode(word);
            ASSERT_EQ(decoded.opcode, row->opcode) << row->name;
            ASSERT_EQ(decoded.rd, operands.rd) << row->name;
            ASSERT_EQ(decoded.rs1, operands.rs1) << row->name;
            ASSERT_EQ(decoded.rs2, operands.rs2) << row->name;
            ASSERT_EQ(decoded.rs3, operands.rs3) << row->name;
            ASSERT_EQ(decoded.rounding, operands.rounding) << row->name;
            ASSERT_EQ(decoded.imm, operands.imm) << row->name;
            ASSERT_EQ(decoded.length, 4) << row->name;
            ASSERT_EQ(decoded.word, word) << row->name;
        }
    }
}

/// Source: The RISC-V Instruction Set Manual, Volume I, section "Integer Register-Immediate Instructions".
TEST_P(DecoderOfWidth, ShiftsByTheWidthOrMoreAreReserved) {
    for (const auto* row : rows()) {
        if (row->pattern.form != Form::shift) continue;
        const bool of_words = (row->pattern.mask >> 25 & 1) != 0;  // the sixth bit is fixed
        for (unsigned by = 0; by < (of_words ? 32 : 64); ++by) {
            const auto found = decode(testing::encode(row->opcode, {1, 2, 0, by})).opcode;
            EXPECT_EQ(found, by < GetParam() ? row->opcode : Opcode::illegal) << row->name << " by " << by;
        }
    }
}

/// Every row goes away with its extension, and no other row takes its place but a more general one.
TEST_P(DecoderOfWidth, WithoutItsExtensionAnInstructionIsIllegal) {
    const Decoder bare(Isa::parse("rv" + std::to_string(GetParam()) + "i"));
    std::mt19937 random(7);
    for (const auto* row : rows()) {
        const auto word = any_word_of(*row, random, 0);
        const bool base = row->needs.extension == Extension::I || row->needs.extension == Extension::Zicsr;
        // pause is a fence where it is not known.
        const auto instead = row->opcode == Opcode::pause ? Opcode::fence : Opcode::illegal;
        EXPECT_EQ(bare.decode(word).opcode, base ? row->opcode : instead) << row->name;
    }
    const Decoder packs(Isa::parse("rv" + std::to_string(GetParam()) + "i_zbkb"));
    const auto zext = testing::op(GetParam() == 64 ? Opcode::zext_h : Opcode::zext_h_, 1, 2, 0);
    EXPECT_EQ(decode(zext).opcode, GetParam() == 64 ? Opcode::zext_h : Opcode::zext_h_);
    EXPECT_EQ(packs.decode(zext).opcode, GetParam() == 64 ? Opcode::packw : Opcode::pack);
}

/// An instruction of one width alone does not exist in the other.
TEST_P(DecoderOfWidth, TheOtherWidthsInstructionsAreIllegal) {
    std::mt19937 random(8);
    unsigned others = 0;
    for (const auto& row : definitions()) {
        if (row.needs.xlen == 0 || row.needs.xlen == GetParam()) continue;
        ++others;
        const auto found = decode(any_word_of(row, random, 0)).opcode;
        // Their place may be another instruction's: RV64 packs where RV32 has its zext.h.
        EXPECT_TRUE(found == Opcode::illegal || row.opcode == Opcode::zext_h_) << row.name;
    }
    EXPECT_GT(others, 0u);
}

TEST(Decoder, RowsStandInTheOrderOfTheirOpcodes) {
    std::set<std::pair<std::string_view, unsigned>> names;
    std::size_t next = 1;
    for (const auto& row : definitions()) {
        EXPECT_EQ(static_cast<std::size_t>(row.opcode), next++);
        EXPECT_EQ(&definition(row.opcode), &row);
        EXPECT_TRUE(names.emplace(row.name, row.needs.xlen).second) << row.name;
    }
}

/// Formats of more than 32 bits do not exist here, whatever follows.
TEST_P(DecoderOfWidth, LongerFormatsAreIllegal) {
    std::mt19937 random(9);
    for (int i = 0; i < 10000; ++i) {
        const auto word = static_cast<std::uint32_t>(random()) | 0x1f;
        EXPECT_EQ(decode(word).opcode, Opcode::illegal) << std::hex << word;
        EXPECT_EQ(decode(word).length, 4);
    }
}

TEST_P(DecoderOfWidth, AnIllegalInstructionKeepsItsWord) {
    EXPECT_EQ(decode(0xffffffff).word, 0xffffffffu);
    EXPECT_EQ(decode(0xabcd0000).word, 0u) << "of a compressed one, only its own 16 bits";
    EXPECT_EQ(decode(0xabcd0000).length, 2);
}

}  // namespace
}  // namespace backspin::emu
