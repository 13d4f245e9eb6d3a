// All 65536 halfwords of both widths against Capstone: it says which compressed instruction each is and with
// what operands; the manual says which full instruction that stands for. Zcb, which Capstone does not know,
// is compared with the manual's formats.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emu/isa/instruction.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/disassembler.hpp"

namespace backspin::emu {
namespace {

using testing::decoder_of;
using testing::Disassembler;
using testing::Disassembly;
using testing::Operands;
using testing::rv64_decoder;

/// The full form of one compressed instruction: its opcode, and where its operands come from. The numbers
/// count the operands that Capstone shows.
struct Expansion {
    Opcode opcode;
    Operands (*operands)(const std::vector<std::int64_t>& shown);
};

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "C" Extension, the "expands to" of each
/// instruction.
std::map<std::string, Expansion> expansions(unsigned xlen) {
    using Shown = const std::vector<std::int64_t>&;
    static constexpr auto u = [](std::int64_t value) { return static_cast<unsigned>(value); };
    static constexpr auto load = [](Shown s) { return Operands{u(s[0]), u(s[2]), 0, s[1]}; };
    static constexpr auto store = [](Shown s) { return Operands{0, u(s[2]), u(s[0]), s[1]}; };
    static constexpr auto two = [](Shown s) { return Operands{u(s[0]), u(s[0]), u(s[1]), 0}; };
    static constexpr auto immediate = [](Shown s) { return Operands{u(s[0]), u(s[0]), 0, s[1]}; };
    static constexpr auto branch = [](Shown s) { return Operands{0, u(s[0]), 0, s[1]}; };
    std::map<std::string, Expansion> both{
        {"c.addi4spn", {Opcode::addi, [](Shown s) { return Operands{u(s[0]), u(s[1]), 0, s[2]}; }}},
        {"c.lw", {Opcode::lw, load}},
        {"c.fld", {Opcode::fld, load}},
        {"c.lwsp", {Opcode::lw, load}},
        {"c.fldsp", {Opcode::fld, load}},
        {"c.sw", {Opcode::sw, store}},
        {"c.fsd", {Opcode::fsd, store}},
        {"c.swsp", {Opcode::sw, store}},
        {"c.fsdsp", {Opcode::fsd, store}},
        {"c.addi", {Opcode::addi, immediate}},
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
        {"c.j", {Opcode::jal, [](Shown s) { return Operands{0, 0, 0, s[0]}; }}},
        {"c.jr", {Opcode::jalr, [](Shown s) { return Operands{0, u(s[0]), 0, 0}; }}},
        {"c.jalr", {Opcode::jalr, [](Shown s) { return Operands{1, u(s[0]), 0, 0}; }}},
        {"c.beqz", {Opcode::beq, branch}},
        {"c.bnez", {Opcode::bne, branch}},
        {"c.ebreak", {Opcode::ebreak, [](Shown) { return Operands{}; }}},
    };
    const std::map<std::string, Expansion> of_32{
        {"c.flw", {Opcode::flw, load}},
        {"c.flwsp", {Opcode::flw, load}},
        {"c.fsw", {Opcode::fsw, store}},
        {"c.fswsp", {Opcode::fsw, store}},
        {"c.jal", {Opcode::jal, [](Shown s) { return Operands{1, 0, 0, s[0]}; }}},
    };
    const std::map<std::string, Expansion> of_64{
        {"c.ld", {Opcode::ld, load}},
        {"c.ldsp", {Opcode::ld, load}},
        {"c.sd", {Opcode::sd, store}},
        {"c.sdsp", {Opcode::sd, store}},
        {"c.addiw", {Opcode::addiw, immediate}},
        {"c.addw", {Opcode::addw, two}},
        {"c.subw", {Opcode::subw, two}},
    };
    const auto& more = xlen == 32 ? of_32 : of_64;
    both.insert(more.begin(), more.end());
    return both;
}

/// What Capstone takes and is reserved.
bool is_reserved(const std::string& name, std::uint16_t half, unsigned xlen) {
    if (name == "c.unimp") return true;  // the word that is defined to be illegal
    // Section "Integer Register-Immediate Operations": "For RV32C, shamt[5] must be zero".
    const bool is_shift = name == "c.slli" || name == "c.srli" || name == "c.srai";
    if (xlen == 32 && is_shift && (half & 0x1000) != 0) return true;
    // Section "Integer Constant-Generation Instructions": "the code points with nzimm=0 are reserved".
    return name == "c.lui" && (half & 0x107c) == 0;
}

/// Zcb has its place where C alone has reserved code points.
bool is_of_zcb(std::uint16_t half) {
    return (half & 0xe003) == 0x8000 || (half & 0xfc43) == 0x9c41;
}

/// Hints, which change nothing, and which Capstone does not know: section "HINT Instructions". Here they must
/// decode to an instruction that writes x0, or a register onto itself.
bool changes_nothing(const Instruction& i) {
    if (i.rd == 0) return definition(i.opcode).kind == Kind::alu;
    const bool is_shift = i.opcode == Opcode::slli || i.opcode == Opcode::srli || i.opcode == Opcode::srai;
    return (is_shift || i.opcode == Opcode::addi) && i.rd == i.rs1 && i.imm == 0;
}

/// The parameter is the width.
class CompressedOfWidth : public ::testing::TestWithParam<unsigned> {
  protected:
    Instruction decode(std::uint32_t word) const { return decoder_of(GetParam()).decode(word); }
    void expect_same(const Instruction& ours, const Expansion& expansion, const Disassembly& theirs) const;
};
INSTANTIATE_TEST_SUITE_P(Widths, CompressedOfWidth, ::testing::Values(32u, 64u));

void CompressedOfWidth::expect_same(const Instruction& ours, const Expansion& expansion,
                                    const Disassembly& theirs) const {
    const auto expected = decode(testing::encode(expansion.opcode, expansion.operands(theirs.operands)));
    const auto text = [&] { return theirs.name + " " + theirs.text; };
    ASSERT_EQ(ours.opcode, expected.opcode) << std::hex << ours.word << " " << text();
    ASSERT_EQ(ours.rd, expected.rd) << std::hex << ours.word << " " << text();
    ASSERT_EQ(ours.rs1, expected.rs1) << std::hex << ours.word << " " << text();
    ASSERT_EQ(ours.rs2, expected.rs2) << std::hex << ours.word << " " << text();
    ASSERT_EQ(ours.imm, expected.imm) << std::hex << ours.word << " " << text();
}

TEST_P(CompressedOfWidth, EveryHalfwordAgreesWithCapstone) {
    Disassembler disassemble(GetParam());
    const auto known = expansions(GetParam());
    std::map<std::string, int> seen;
    int hints = 0;
    for (std::uint32_t word = 0; word < 0x10000; ++word) {
        const auto half = static_cast<std::uint16_t>(word);
        if ((half & 3) == 3 || is_of_zcb(half)) continue;
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
            ASSERT_TRUE(is_reserved(theirs->name, half, GetParam()))
                << std::hex << half << " " << theirs->name << " " << theirs->text;
            continue;
        }
        if (theirs->name == "c.nop") {  // with an immediate it is a hint
            ASSERT_TRUE(ours.opcode == Opcode::addi && changes_nothing(ours)) << std::hex << half;
            continue;
        }
        const auto found = known.find(theirs->name);
        ASSERT_NE(found, known.end()) << std::hex << half << " " << theirs->name;
        ASSERT_NO_FATAL_FAILURE(expect_same(ours, found->second, *theirs));
        ++seen[theirs->name];
    }
    for (const auto& [name, expansion] : known) EXPECT_GT(seen[name], 0) << name;
    EXPECT_GT(hints, 0);
}

// ---- Zcb ----------------------------------------------------------------------------------------

/// One form of Zcb: its halfword as the manual prints it, and the full instruction. In the pattern, s is the
/// first register (a destination too, where there is no memory), d the second, a and b are the bits 0 and 1
/// of the offset.
struct ZcbForm {
    std::string_view name, pattern;
    Opcode opcode;
    std::int64_t immediate = 0;  ///< where it is not in the halfword
};

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "Zc*", section "Zcb".
std::vector<ZcbForm> zcb_forms(unsigned xlen) {
    std::vector<ZcbForm> forms{
        {"c.lbu", "100000 sss ab ddd 00", Opcode::lbu},
        {"c.lhu", "100001 sss 0b ddd 00", Opcode::lhu},
        {"c.lh", "100001 sss 1b ddd 00", Opcode::lh},
        {"c.sb", "100010 sss ab ddd 00", Opcode::sb},
        {"c.sh", "100011 sss 0b ddd 00", Opcode::sh},
        {"c.zext.b", "100111 sss 11000 01", Opcode::andi, 0xff},
        {"c.sext.b", "100111 sss 11001 01", Opcode::sext_b},
        {"c.zext.h", "100111 sss 11010 01", xlen == 64 ? Opcode::zext_h : Opcode::zext_h_},
        {"c.sext.h", "100111 sss 11011 01", Opcode::sext_h},
        {"c.not", "100111 sss 11101 01", Opcode::xori, -1},
        {"c.mul", "100111 sss 10 ddd 01", Opcode::mul},
    };
    if (xlen == 64) forms.push_back({"c.zext.w", "100111 sss 11100 01", Opcode::add_uw});
    return forms;
}

/// The value of the field of a letter, or nothing if the halfword is not of this pattern.
std::optional<std::map<char, unsigned>> fields_of(std::string_view pattern, std::uint16_t half) {
    std::map<char, unsigned> fields;
    int bit = 15;
    for (const char c : pattern) {
        if (c == ' ') continue;
        const unsigned value = half >> bit-- & 1;
        if (c == '0' || c == '1') {
            if (value != static_cast<unsigned>(c - '0')) return std::nullopt;
        } else {
            fields[c] = fields[c] << 1 | value;
        }
    }
    return fields;
}

/// The full form that one of Zcb's halfwords stands for, and how many forms it is.
std::pair<std::uint32_t, int> full_form(std::uint16_t half, unsigned xlen) {
    std::pair<std::uint32_t, int> result{0, 0};
    for (const auto& form : zcb_forms(xlen)) {
        auto fields = fields_of(form.pattern, half);
        if (!fields) continue;
        const auto first = 8 + (*fields)['s'], second = 8 + (*fields)['d'];
        const auto offset = form.immediate != 0 ? form.immediate : (*fields)['a'] | (*fields)['b'] << 1;
        const auto kind = definition(form.opcode).kind;
        const Operands operands = kind == Kind::load           ? Operands{second, first, 0, offset}
                                  : kind == Kind::store        ? Operands{0, first, second, offset}
                                  : form.opcode == Opcode::mul ? Operands{first, first, second, 0}
                                                               : Operands{first, first, 0, offset};
        result.first = testing::encode(form.opcode, operands);
        ++result.second;
    }
    return result;
}

TEST_P(CompressedOfWidth, ZcbIsWhatTheManualPrints) {
    int legal = 0;
    for (std::uint32_t word = 0; word < 0x10000; ++word) {
        const auto half = static_cast<std::uint16_t>(word);
        if (!is_of_zcb(half)) continue;
        const auto [full, forms] = full_form(half, GetParam());
        const auto ours = expand_compressed(half, decoder_of(GetParam()).isa());
        ASSERT_LE(forms, 1);
        ASSERT_EQ(ours.has_value(), forms == 1) << std::hex << half;
        if (!ours) continue;
        ASSERT_EQ(*ours, full) << std::hex << half;
        ++legal;
    }
    EXPECT_GT(legal, 500);
}

// ---- extensions ---------------------------------------------------------------------------------

bool is_legal(std::uint16_t half, std::string_view isa) {
    return Decoder(Isa::parse(isa)).decode(half).opcode != Opcode::illegal;
}

TEST(Compressed, EveryFormNeedsItsExtensions) {
    constexpr std::uint16_t kAddi = 0x0505, kFld = 0x2100, kFsd = 0xa100, kThird = 0x6100, kFldsp = 0x2502,
                            kZextB = 0x9d61, kSextB = 0x9d65, kZextH = 0x9d69, kZextW = 0x9d71, kMul = 0x9d41,
                            kLbu = 0x8100;
    EXPECT_TRUE(is_legal(kAddi, "rv64ic"));
    EXPECT_TRUE(is_legal(kAddi, "rv64i_zca"));
    EXPECT_FALSE(is_legal(kAddi, "rv64i"));
    for (const auto half : {kFld, kFsd, kFldsp}) {
        EXPECT_TRUE(is_legal(half, "rv64idc"));
        EXPECT_TRUE(is_legal(half, "rv32idc"));
        EXPECT_FALSE(is_legal(half, "rv64ifc")) << "c.fld needs D";
        EXPECT_FALSE(is_legal(half, "rv64id_zca")) << "Zca alone has no floating point";
    }
    EXPECT_TRUE(is_legal(kThird, "rv64ic")) << "c.ld";
    EXPECT_TRUE(is_legal(kThird, "rv32ifc")) << "c.flw";
    EXPECT_FALSE(is_legal(kThird, "rv32ic"));
    EXPECT_FALSE(is_legal(kThird, "rv32if_zca"));
    EXPECT_FALSE(is_legal(kLbu, "rv64ic"));
    EXPECT_TRUE(is_legal(kLbu, "rv64i_zcb"));
    EXPECT_TRUE(is_legal(kZextB, "rv64i_zcb"));
    EXPECT_FALSE(is_legal(kZextB, "rv64ic"));
    EXPECT_FALSE(is_legal(kSextB, "rv64i_zcb"));
    EXPECT_TRUE(is_legal(kSextB, "rv64i_zcb_zbb"));
    EXPECT_FALSE(is_legal(kZextH, "rv64i_zcb_zbkb")) << "its full form would be a pack";
    EXPECT_TRUE(is_legal(kZextH, "rv32i_zcb_zbb"));
    EXPECT_TRUE(is_legal(kZextW, "rv64i_zcb_zba"));
    EXPECT_FALSE(is_legal(kZextW, "rv64i_zcb_zbb"));
    EXPECT_FALSE(is_legal(kZextW, "rv32i_zcb_zba"));
    EXPECT_TRUE(is_legal(kMul, "rv64im_zcb"));
    EXPECT_FALSE(is_legal(kMul, "rv64i_zcb"));
    EXPECT_FALSE(is_legal(kMul, "rv64imc"));
}

/// Reserved code points stay illegal: programs may be told of a missing extension by them.
TEST(Compressed, ReservedCodePointsAreIllegal) {
    const auto is_illegal = [](std::uint16_t half) {
        return rv64_decoder().decode(half).opcode == Opcode::illegal;
    };
    EXPECT_TRUE(is_illegal(0x0000)) << "all zeros";
    EXPECT_TRUE(is_illegal(0x0004)) << "c.addi4spn with immediate 0";
    EXPECT_TRUE(is_illegal(0x2001)) << "c.addiw into x0";
    EXPECT_TRUE(is_illegal(0x6101)) << "c.addi16sp with immediate 0";
    EXPECT_TRUE(is_illegal(0x6081)) << "c.lui with immediate 0";
    EXPECT_TRUE(is_illegal(0x4002)) << "c.lwsp into x0";
    EXPECT_TRUE(is_illegal(0x6002)) << "c.ldsp into x0";
    EXPECT_TRUE(is_illegal(0x8002)) << "c.jr to x0";
    EXPECT_TRUE(is_illegal(0x9c79)) << "quadrant 1, after c.not";
    for (std::uint32_t half = 0x9000; half < 0xa000; half += 4)
        EXPECT_TRUE(is_illegal(static_cast<std::uint16_t>(half))) << "quadrant 0, function 4, after c.sh";
    const auto is_illegal_in_32 = [](std::uint16_t half) {
        return testing::rv32_decoder().decode(half).opcode == Opcode::illegal;
    };
    EXPECT_TRUE(is_illegal_in_32(0x1502)) << "c.slli by 32";
    EXPECT_TRUE(is_illegal_in_32(0x9101)) << "c.srli by 32";
    EXPECT_TRUE(is_illegal_in_32(0x9501)) << "c.srai by 32";
    EXPECT_TRUE(is_illegal_in_32(0x9d01)) << "c.subw";
    EXPECT_TRUE(is_illegal_in_32(0x9d21)) << "c.addw";
}

TEST_P(CompressedOfWidth, OnlyHalfwordsAreExpanded) {
    for (std::uint32_t half = 3; half < 0x10000; half += 4)
        EXPECT_FALSE(expand_compressed(static_cast<std::uint16_t>(half), Isa(GetParam())));
}

/// The full forms are legal words themselves, so that the table alone says what they do; with whatever
/// extensions there are.
TEST_P(CompressedOfWidth, FullFormsDecodeToThemselves) {
    const auto base = "rv" + std::to_string(GetParam());
    for (const auto* extensions : {"", "ic", "ic_zcb", "imc_zcb_zba", "ifc_zcb_zbb", "idc", "ic_zcb_zbkb"}) {
        const Decoder decoder(Isa::parse(base + extensions));
        for (std::uint32_t half = 0; half < 0x10000; ++half) {
            const auto full = expand_compressed(static_cast<std::uint16_t>(half), decoder.isa());
            if (!full) continue;
            ASSERT_EQ(instruction_length(static_cast<std::uint16_t>(*full)), 4u) << std::hex << half;
            ASSERT_NE(decoder.decode(*full).opcode, Opcode::illegal) << std::hex << half << extensions;
        }
    }
}

}  // namespace
}  // namespace backspin::emu
