#include "emu/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "testsuite/emu/elf_builder.hpp"
#include "testsuite/emu/loader_invariants.hpp"

namespace backspin::emu {
namespace {

using test::Elf32;
using test::Elf64;
using testing::AllOf;
using testing::HasSubstr;

constexpr BusRange kRam{{0x8000'0000}, 0x10'0000};
constexpr std::array<BusRange, 1> kRamOnly{kRam};

/// What the loader says of a file that it refuses; empty if it takes it.
std::string refusal(std::span<const std::byte> file) {
    try {
        load_elf(file, kRamOnly);
        return "";
    } catch (const LoadError& error) {
        return error.what();
    }
}

template <class Elf>
std::string refusal(const test::ElfBuilder<Elf>& builder) {
    return refusal(builder.build());
}

template <class Elf>
test::ElfBuilder<Elf> small_program() {
    test::ElfBuilder<Elf> elf;
    elf.segment(0x8000'0000, 16, 16, std::byte{0x11}).segment(0x8000'1000, 8, 0x2000, std::byte{0x22});
    return elf;
}

template <class Elf>
struct LoaderTest : testing::Test {};
using Classes = testing::Types<Elf32, Elf64>;
TYPED_TEST_SUITE(LoaderTest, Classes);

TYPED_TEST(LoaderTest, PlacesTheSegmentsOfAProgram) {
    auto elf = small_program<TypeParam>();
    elf.header.e_entry = 0x8000'0004;
    const auto file = elf.build();
    const auto image = load_elf(file, kRamOnly);
    EXPECT_EQ(image.xlen, TypeParam::kClass == ELFCLASS32 ? 32u : 64u);
    EXPECT_EQ(image.entry, PhysicalAddress{0x8000'0004});
    ASSERT_EQ(image.segments.size(), 2u);
    EXPECT_EQ(image.segments[0].at, PhysicalAddress{0x8000'0000});
    EXPECT_EQ(image.segments[0].memory_size, 16u);
    EXPECT_THAT(image.segments[0].bytes, testing::ElementsAreArray(std::vector(16, std::byte{0x11})));
    EXPECT_EQ(image.segments[1].at, PhysicalAddress{0x8000'1000});
    EXPECT_EQ(image.segments[1].memory_size, 0x2000u);
    EXPECT_THAT(image.segments[1].bytes, testing::ElementsAreArray(std::vector(8, std::byte{0x22})));
}

TYPED_TEST(LoaderTest, SaysForWhichRegisterWidthAFileIs) {
    auto file = small_program<TypeParam>().build();
    EXPECT_EQ(elf_xlen(file), TypeParam::kClass == ELFCLASS32 ? 32u : 64u);
    EXPECT_EQ(elf_xlen(std::span(file).first(EI_NIDENT - 1)), std::nullopt);
    file[EI_CLASS] = std::byte{7};
    EXPECT_EQ(elf_xlen(file), std::nullopt);
    file[0] = std::byte{0};
    EXPECT_EQ(elf_xlen(file), std::nullopt);
}

TYPED_TEST(LoaderTest, ListsSegmentsByAddress) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'1000, 8, 8).segment(0x8000'0000, 8, 8);
    const auto file = elf.build();
    const auto image = load_elf(file, kRamOnly);
    EXPECT_EQ(image.segments.at(0).at, PhysicalAddress{0x8000'0000});
    EXPECT_EQ(image.segments.at(1).at, PhysicalAddress{0x8000'1000});
}

TYPED_TEST(LoaderTest, LoadsWhereThePhysicalAddressSaysAndTranslatesTheEntry) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 16, 16);
    elf.segments[0].p_vaddr = 0xc000'0000;
    elf.header.e_entry = 0xc000'0008;
    const auto file = elf.build();
    const auto image = load_elf(file, kRamOnly);
    EXPECT_EQ(image.segments.at(0).at, PhysicalAddress{0x8000'0000});
    EXPECT_EQ(image.entry, PhysicalAddress{0x8000'0008});
}

TYPED_TEST(LoaderTest, PassesOverWhatIsNotLoaded) {
    auto elf = small_program<TypeParam>();
    elf.segment(0x1234, 4, 4).segments.back().p_type = PT_NOTE;
    elf.segment(0x5678, 0, 0);
    const auto file = elf.build();
    EXPECT_EQ(load_elf(file, kRamOnly).segments.size(), 2u);
}

TYPED_TEST(LoaderTest, ASegmentOfZerosAloneIsOneToo) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 16, 16).segment(0x8000'1000, 0, 0x1000);
    const auto file = elf.build();
    const auto image = load_elf(file, kRamOnly);
    ASSERT_EQ(image.segments.size(), 2u);
    EXPECT_TRUE(image.segments[1].bytes.empty());
    EXPECT_EQ(image.segments[1].memory_size, 0x1000u);
    elf.segment(0x8010'0000, 0, 1);
    EXPECT_THAT(refusal(elf), HasSubstr("not inside RAM")) << "it has to fit as well";
}

TYPED_TEST(LoaderTest, ReadsAsManyProgramHeadersAsTheHeaderSays) {
    auto elf = small_program<TypeParam>();
    elf.segment(0, 4, 4);
    EXPECT_THAT(refusal(elf), HasSubstr("segment 2"));
    elf.header.e_phnum = 2;
    EXPECT_EQ(refusal(elf), "");
}

TYPED_TEST(LoaderTest, NeighboursMayTouchAndFillTheRam) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 8, 0x8'0000).segment(0x8008'0000, 8, 0x8'0000);
    EXPECT_EQ(refusal(elf), "");
}

TYPED_TEST(LoaderTest, EverySegmentLiesInOneOfSeveralRanges) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 8, 8).segment(0x1000, 8, 8);
    const std::array<BusRange, 2> ranges{{{{0x1000}, 0x100}, kRam}};
    const auto file = elf.build();
    EXPECT_EQ(load_elf(file, ranges).segments.size(), 2u);
}

TYPED_TEST(LoaderTest, RefusesAFileCutShortAtEveryByte) {
    const auto file = small_program<TypeParam>().build();
    for (std::size_t length = 0; length < file.size(); ++length) {
        EXPECT_NE(refusal(std::span(file).first(length)), "") << length;
    }
    EXPECT_EQ(refusal(file), "");
}

TYPED_TEST(LoaderTest, SaysWhereAFileIsCutShort) {
    const auto elf = small_program<TypeParam>();
    const auto file = elf.build();
    EXPECT_THAT(refusal(std::span(file).first(20)), AllOf(HasSubstr("ELF header"), HasSubstr("20 of its")));
    EXPECT_THAT(refusal(std::span(file).first(elf.contents_offset() - 1)),
                AllOf(HasSubstr("program header table"), HasSubstr("cut short")));
    EXPECT_THAT(refusal(std::span(file).first(file.size() - 1)),
                AllOf(HasSubstr("segment 1"), HasSubstr("0x80001000"), HasSubstr("cut short")));
}

TYPED_TEST(LoaderTest, RefusesAnotherMachineByName) {
    auto elf = small_program<TypeParam>();
    elf.header.e_machine = EM_X86_64;
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("built for x86-64"), HasSubstr("RISC-V")));
    elf.header.e_machine = 4711;
    EXPECT_THAT(refusal(elf), HasSubstr("machine number 4711"));
}

TYPED_TEST(LoaderTest, RefusesAnotherByteOrder) {
    auto elf = small_program<TypeParam>();
    elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
    EXPECT_THAT(refusal(elf), HasSubstr("big endian"));
    elf.header.e_ident[EI_DATA] = 3;
    EXPECT_THAT(refusal(elf), HasSubstr("byte order 3"));
}

TYPED_TEST(LoaderTest, RefusesUnknownVersionsAndClasses) {
    auto elf = small_program<TypeParam>();
    elf.header.e_version = 2;
    EXPECT_THAT(refusal(elf), HasSubstr("version 2"));
    elf.header.e_version = EV_CURRENT;
    elf.header.e_ident[EI_VERSION] = 9;
    EXPECT_THAT(refusal(elf), HasSubstr("version 9"));
    elf.header.e_ident[EI_VERSION] = EV_CURRENT;
    elf.header.e_ident[EI_CLASS] = 7;
    EXPECT_THAT(refusal(elf), HasSubstr("class 7"));
}

TYPED_TEST(LoaderTest, SaysHowToMakeAProgramOfWhatIsNone) {
    auto elf = small_program<TypeParam>();
    elf.header.e_type = ET_REL;
    EXPECT_THAT(refusal(elf), HasSubstr("link it"));
    elf.header.e_type = ET_DYN;
    EXPECT_THAT(refusal(elf), HasSubstr("-no-pie"));
    elf.header.e_type = ET_CORE;
    EXPECT_THAT(refusal(elf), HasSubstr("core dump"));
    elf.header.e_type = 0xbeef;
    EXPECT_THAT(refusal(elf), HasSubstr("file type 48879"));
    elf.header.e_type = ET_EXEC;
    elf.segment(0x8000'8000, 4, 4).segments.back().p_type = PT_INTERP;
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("segment 2"), HasSubstr("-static")));
}

TYPED_TEST(LoaderTest, RefusesAProgramHeaderTableThatCannotBe) {
    auto elf = small_program<TypeParam>();
    elf.header.e_phnum = PN_XNUM;
    EXPECT_THAT(refusal(elf), HasSubstr("65534"));
    elf.header.e_phnum = 1000;
    EXPECT_THAT(refusal(elf), HasSubstr("program header table"));
    elf.header.e_phnum = 0;
    elf.header.e_phoff = static_cast<decltype(elf.header.e_phoff)>(-16);
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("program header table"), HasSubstr("fff0")));
    elf.header.e_phoff = sizeof elf.header;
    elf.header.e_phentsize = 1;
    EXPECT_THAT(refusal(elf), HasSubstr("program headers of 1 bytes"));
}

TYPED_TEST(LoaderTest, RefusesAFileWithNothingToLoad) {
    test::ElfBuilder<TypeParam> elf;
    EXPECT_THAT(refusal(elf), HasSubstr("no program headers"));
    elf.segment(0x8000'0000, 4, 4).segments.back().p_type = PT_NOTE;
    EXPECT_THAT(refusal(elf), HasSubstr("none of its 1 entries"));
}

TYPED_TEST(LoaderTest, RefusesSegmentsThatOverlap) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0ff8, 8, 16).segment(0x8000'0000, 8, 0x0ff8).segment(0x8000'1007, 8, 8);
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("segment 2"), HasSubstr("overlaps segment 0")));
}

TYPED_TEST(LoaderTest, RefusesASegmentInsideAnother) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 8, 0x1000).segment(0x8000'0000, 8, 8);
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("segment 1"), HasSubstr("overlaps segment 0")));
}

TYPED_TEST(LoaderTest, RefusesASegmentOutsideRamAndSaysWhereRamIs) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 8, 0x10'0001);
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("segment 0"), HasSubstr("0x100001 bytes at 0x80000000"),
                                    HasSubstr("RAM is 0x80000000 to 0x800fffff"), HasSubstr("--ram")));
    test::ElfBuilder<TypeParam> low;
    low.segment(0x7fff'fff8, 16, 16);
    EXPECT_THAT(refusal(low), HasSubstr("not inside RAM"));
}

TYPED_TEST(LoaderTest, RefusesAbsurdSizes) {
    test::ElfBuilder<TypeParam> elf;
    elf.segment(0x8000'0000, 8, 8);
    using Size = decltype(elf.segments[0].p_memsz);
    elf.segments[0].p_memsz = static_cast<Size>(-1);
    EXPECT_THAT(refusal(elf), HasSubstr("not inside RAM"));
    elf.segments[0].p_filesz = static_cast<Size>(-1);
    EXPECT_THAT(refusal(elf), HasSubstr("cut short"));
    elf.segments[0].p_offset = static_cast<Size>(-8);
    EXPECT_THAT(refusal(elf), HasSubstr("cut short"));
    elf.segments[0].p_memsz = 4;
    EXPECT_THAT(refusal(elf), HasSubstr("more bytes in the file"));
}

TYPED_TEST(LoaderTest, RefusesAnEntryWhereNoCodeIs) {
    auto elf = small_program<TypeParam>();
    for (const unsigned entry : {0x0u, 0x7fff'fffeu, 0x8000'0010u, 0x8000'1008u}) {
        elf.header.e_entry = entry;
        EXPECT_THAT(refusal(elf), AllOf(HasSubstr("entry"), HasSubstr("ENTRY()"))) << std::hex << entry;
    }
    elf.header.e_entry = 0x8000'0001;
    EXPECT_THAT(refusal(elf), HasSubstr("odd"));
    elf.header.e_entry = 0x8000'0000;
    elf.segments[0].p_paddr = 0x8000'0101;
    EXPECT_THAT(refusal(elf), AllOf(HasSubstr("0x80000101"), HasSubstr("odd")))
        << "even, but loaded to an odd address";
}

// Every field of every header meets random and extreme values, one or a few at a time.
TYPED_TEST(LoaderTest, TakesOrRefusesEveryDamagedFile) {
    std::mt19937_64 random(TypeParam::kClass);
    const auto whole = small_program<TypeParam>().build();
    const auto headers = small_program<TypeParam>().contents_offset();
    constexpr std::array<std::byte, 6> kExtremes{std::byte{0},    std::byte{1},    std::byte{0x7f},
                                                 std::byte{0x80}, std::byte{0xfe}, std::byte{0xff}};
    int taken = 0;
    for (int round = 0; round < 30'000; ++round) {
        auto file = whole;
        for (auto damages = 1 + random() % 4; damages != 0; --damages) {
            const auto at = random() % headers;
            const auto length = std::min<std::size_t>(std::size_t{1} << (random() % 4), headers - at);
            const auto fill =
                random() % 2 ? kExtremes[random() % kExtremes.size()] : static_cast<std::byte>(random());
            std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(at), length, fill);
        }
        if (random() % 8 == 0) file.resize(random() % (file.size() + 1));
        // A copy of exact size, so that the address sanitizer sees a read of one byte too many.
        taken += test::load_any_file(std::vector<std::byte>(file.begin(), file.end()), kRam);
    }
    EXPECT_GT(taken, 100) << "the damage is not so coarse that only the first check is tried";
}

TEST(Loader, RefusesWhatIsNotElf) {
    constexpr std::array<std::byte, 4> kShort{std::byte{0x7f}, std::byte{'E'}, std::byte{'L'},
                                              std::byte{'F'}};
    EXPECT_TRUE(is_elf(kShort));
    EXPECT_FALSE(is_elf(std::span(kShort).first(3)));
    EXPECT_THAT(refusal(std::span<const std::byte>()), HasSubstr("not an ELF file"));
    EXPECT_THAT(refusal(std::span(kShort)), HasSubstr("ends after 4 bytes"));
    EXPECT_THAT(refusal(std::as_bytes(std::span("#!/bin/sh"))), HasSubstr("not an ELF file"));
}

TEST(FlatBinary, IsOneSegmentThatStartsAtItsFirstByte) {
    const std::vector<std::byte> file(100, std::byte{0x73});
    const auto image = load_flat(file, kRam.base, 64, kRamOnly);
    EXPECT_EQ(image.entry, kRam.base);
    EXPECT_EQ(image.xlen, 64u);
    ASSERT_EQ(image.segments.size(), 1u);
    EXPECT_EQ(image.segments[0].at, kRam.base);
    EXPECT_EQ(image.segments[0].bytes.data(), file.data());
    EXPECT_EQ(image.segments[0].bytes.size(), 100u);
    EXPECT_EQ(image.segments[0].memory_size, 100u);
}

TEST(FlatBinary, FitsIntoRamOrIsRefused) {
    std::vector<std::byte> file(kRam.size);
    EXPECT_NO_THROW(load_flat(file, kRam.base, 64, kRamOnly));
    file.push_back({});
    EXPECT_THROW(load_flat(file, kRam.base, 64, kRamOnly), LoadError);
    EXPECT_THROW(load_flat({}, kRam.base, 64, kRamOnly), LoadError);
}

}  // namespace
}  // namespace backspin::emu
