// Which extensions a hart has: written, read back, switched on and off.
#include "emu/isa/isa.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "emu/isa/instruction.hpp"

namespace backspin::emu {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Extension> all_extensions() {
    std::vector<Extension> all;
    all.reserve(kExtensions);
    for (std::size_t i = 0; i < kExtensions; ++i) all.push_back(static_cast<Extension>(i));
    return all;
}

/// What parse() says about a text that it does not take.
std::string complaint(std::string_view text) {
    try {
        return "took it as " + Isa::parse(text).name();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

TEST(Isa, EverythingIsThereByDefault) {
    for (const auto extension : all_extensions()) EXPECT_TRUE(Isa(64).has(extension));
    EXPECT_EQ(Isa::parse("rv64"), Isa(64));
    EXPECT_EQ(Isa::parse("rv32"), Isa(32));
    EXPECT_EQ(Isa(64).xlen(), 64u);
    EXPECT_EQ(Isa(32).xlen(), 32u);
    EXPECT_FALSE(Isa(32).has(Extension::Svnapot)) << "there is none in Sv32";
    EXPECT_FALSE(Isa(32).has(Extension::Svpbmt)) << "there is none in Sv32";
}

TEST(Isa, TheNameReadsBack) {
    for (const auto* text :
         {"rv64", "rv32", "rv64i", "rv32i", "rv64g", "rv64gc", "rv32imac", "rv64imfd_zba_zbb", "rv64gc,+zfh",
          "rv64,-d", "rv32,-c,-m", "rv64i_svnapot,+sstc"}) {
        const auto isa = Isa::parse(text);
        EXPECT_EQ(Isa::parse(isa.name()), isa) << text << " is " << isa.name();
    }
    EXPECT_EQ(Isa::parse("rv64,"), Isa(64));
    for (const auto extension : all_extensions()) {
        const auto alone =
            Isa::parse("rv64i,+" + Isa(64).extension_names()[static_cast<std::size_t>(extension)]);
        EXPECT_TRUE(alone.has(extension));
        EXPECT_EQ(Isa::parse(alone.name()), alone) << alone.name();
    }
}

TEST(Isa, NamesAreThoseOfTheManual) {
    EXPECT_EQ(Isa::parse("rv64imac").name(), "rv64imac_zicsr_zca_svade");
    EXPECT_EQ(Isa::parse("rv64g").name(), "rv64imafd_zicsr_zifencei_svade");
    EXPECT_EQ(Isa::parse("RV32GC_Zba").name(), "rv32imafdc_zicsr_zifencei_zca_zba_svade");
    EXPECT_EQ(Isa::parse("rv32i").base_name(), "rv32i");
    EXPECT_EQ(Isa(64).base_name(), "rv64i");
    EXPECT_THAT(Isa::parse("rv64im").extension_names(), ElementsAre("i", "m", "zicsr", "svade"));
}

TEST(Isa, WhatIsNeededComesAlong) {
    const auto isa = Isa::parse("rv64i,+zfh");
    EXPECT_TRUE(isa.has(Extension::Zfhmin));
    EXPECT_TRUE(isa.has(Extension::F));
    EXPECT_FALSE(isa.has(Extension::D));
    EXPECT_TRUE(Isa::parse("rv64id").has(Extension::F));
    EXPECT_TRUE(Isa::parse("rv64ic").has(Extension::Zca));
    EXPECT_TRUE(Isa::parse("rv64i_zcb").has(Extension::Zca));
    EXPECT_FALSE(Isa::parse("rv64i_zcb").has(Extension::C));
    EXPECT_TRUE(Isa::parse("rv64i_zawrs").has(Extension::A));
}

TEST(Isa, WhatNeedsItGoesWithIt) {
    const auto without_f = Isa::parse("rv64,-f");
    EXPECT_FALSE(without_f.has(Extension::F));
    EXPECT_FALSE(without_f.has(Extension::D));
    EXPECT_FALSE(without_f.has(Extension::Zfh));
    EXPECT_TRUE(without_f.has(Extension::M));
    const auto without_c = Isa::parse("rv64,-c");
    EXPECT_FALSE(without_c.has(Extension::C));
    EXPECT_FALSE(without_c.has(Extension::Zca));
    EXPECT_FALSE(without_c.has(Extension::Zcb));
    EXPECT_FALSE(Isa::parse("rv64,-zca").has(Extension::C));
    EXPECT_FALSE(Isa::parse("rv64,-a").has(Extension::Zawrs));
    EXPECT_EQ(Isa::parse("rv64,-zfh,+zfh"), Isa(64)) << "in the order in which they are written";
    EXPECT_FALSE(Isa::parse("rv64gc,+zba,-zba").has(Extension::Zba));
    EXPECT_TRUE(Isa::parse("rv64gc,-zba,+zba").has(Extension::Zba));
}

TEST(Isa, RequirementsOfRows) {
    const Isa all_64(64), all_32(32);
    EXPECT_TRUE(all_64.has(requirement::I64));
    EXPECT_FALSE(all_32.has(requirement::I64));
    EXPECT_TRUE(all_32.has(requirement::Zbb32));
    EXPECT_FALSE(all_64.has(requirement::Zbb32));
    EXPECT_TRUE(Isa::parse("rv64i_zbb").has(requirement::ZbbOrZbkb));
    EXPECT_TRUE(Isa::parse("rv64i_zbkb").has(requirement::ZbbOrZbkb));
    EXPECT_FALSE(Isa::parse("rv64i_zba").has(requirement::ZbbOrZbkb));
    EXPECT_TRUE(Isa::parse("rv64id_zfhmin").has(requirement::ZfhminD));
    EXPECT_FALSE(Isa::parse("rv64i_zfhmin").has(requirement::ZfhminD));
    EXPECT_FALSE(Isa::parse("rv64id").has(requirement::ZfhminD));
}

/// Source: The RISC-V Instruction Set Manual, Volume II, section "Machine ISA (misa) Register".
TEST(Isa, Misa) {
    const auto letters = [](std::string_view text) {
        std::uint64_t bits = 0;
        for (const char c : text) bits |= std::uint64_t{1} << (c - 'A');
        return bits;
    };
    EXPECT_EQ(Isa(64).misa(), letters("ACDFIMSU") | std::uint64_t{2} << 62);
    EXPECT_EQ(Isa(32).misa(), letters("ACDFIMSU") | std::uint64_t{1} << 30);
    EXPECT_EQ(Isa::parse("rv64i").misa(), letters("ISU") | std::uint64_t{2} << 62);
    EXPECT_EQ(Isa::parse("rv64,-d").misa(), letters("ACFIMSU") | std::uint64_t{2} << 62);
    EXPECT_EQ(Isa::parse("rv64i_zca").misa(), letters("ISU") | std::uint64_t{2} << 62)
        << "C is more than Zca";
}

TEST(Isa, WhatIsWrongIsSaid) {
    EXPECT_THAT(complaint(""), HasSubstr("start with rv64 or rv32"));
    EXPECT_THAT(complaint("rv128i"), HasSubstr("start with rv64 or rv32"));
    EXPECT_THAT(complaint("x86"), HasSubstr("'x86'"));
    EXPECT_THAT(complaint("rv64mac"), HasSubstr("i or g comes after rv64"));
    EXPECT_THAT(complaint("rv32_zba"), HasSubstr("i or g comes after rv32"));
    EXPECT_THAT(complaint("rv64iv"), HasSubstr("'v' is no extension here"));
    EXPECT_THAT(complaint("rv64i_zvl128b"), AllOf(HasSubstr("'zvl128b'"), HasSubstr("zbkb")));
    EXPECT_THAT(complaint("rv64i__zba"), HasSubstr("''"));
    EXPECT_THAT(complaint("rv64,zba"), HasSubstr("write +extension or -extension"));
    EXPECT_THAT(complaint("rv64,+"), HasSubstr("write +extension or -extension"));
    EXPECT_THAT(complaint("rv64,-nosuch"), HasSubstr("'nosuch'"));
    EXPECT_THAT(complaint("rv64,-i"), HasSubstr("every hart here has i"));
    EXPECT_THAT(complaint("rv64,-zicsr"), HasSubstr("every hart here has zicsr"));
    EXPECT_THAT(complaint("rv32,+svpbmt"), HasSubstr("'svpbmt' is for rv64 only"));
    EXPECT_THAT(complaint("rv32i_svnapot"), HasSubstr("'svnapot' is for rv64 only"));
}

TEST(Isa, EveryExtensionOfARowCanBeSwitchedOff) {
    for (const auto& row : definitions()) {
        const Isa all(row.needs.xlen == 32 ? 32 : 64);
        EXPECT_TRUE(all.has(row.needs)) << row.name;
        const auto bare = Isa::parse(row.needs.xlen == 32 ? "rv32i" : "rv64i");
        const bool always = row.needs.extension == Extension::I || row.needs.extension == Extension::Zicsr;
        EXPECT_EQ(bare.has(row.needs), always) << row.name;
    }
}

}  // namespace
}  // namespace backspin::emu
