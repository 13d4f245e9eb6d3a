#include "emu/boot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include "testsuite/emu/elf_builder.hpp"
#include "testsuite/emu/kernel_builder.hpp"

namespace backspin::emu {
namespace {

using test::gzipped;
using test::linux_image;
using testing::AllOf;
using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kRam = 0x8000'0000;

const Bytes kFlat(1000, std::byte{0x13});
const Bytes kInitrd(5000, std::byte{0x77});

BoardDescription board_with(std::uint64_t ram, unsigned xlen = 64) {
    BoardDescription board;
    board.isa = Isa(xlen);
    board.ram_size = ram;
    return board;
}

BootFiles program(const Bytes& bytes) {
    return {{}, {"program", bytes}, {}};
}
BootFiles firmware_and(const Bytes& kernel, std::span<const std::byte> initrd = {}) {
    return {{"firmware", kFlat}, {"kernel", kernel}, {"initrd", initrd}};
}

const Placement* find(const BootPlan& plan, const std::string& what) {
    const auto found = std::ranges::find(plan.placements, what, &Placement::what);
    return found == plan.placements.end() ? nullptr : &*found;
}
/// The address of what has this name; 0, which nothing has, if it is nowhere.
std::uint64_t place_of(const BootPlan& plan, const std::string& what) {
    const auto* placement = find(plan, what);
    return placement == nullptr ? 0 : placement->at.value;
}

std::string refusal(const BootFiles& files, const BoardDescription& board) {
    try {
        plan_boot(files, board);
        return "";
    } catch (const LoadError& error) {
        return error.what();
    }
}

template <class Elf = test::Elf64>
Bytes elf_at(std::uint64_t address, std::uint64_t memory_size = 100) {
    test::ElfBuilder<Elf> elf;
    elf.segment(address, 16, memory_size);
    elf.header.e_entry = static_cast<decltype(elf.header.e_entry)>(address + 4);
    return elf.build();
}

// ---- what a hart sees of the reset vector -----------------------------------------------------------

std::uint64_t read(const BootPlan& plan, std::uint64_t address, std::size_t size) {
    for (const auto& placement : plan.placements) {
        if (address < placement.at.value || address + size > placement.at.value + placement.bytes.size())
            continue;
        std::uint64_t value = 0;
        std::memcpy(&value, placement.bytes.data() + (address - placement.at.value), size);
        return value;
    }
    ADD_FAILURE() << "nothing at " << std::hex << address;
    return 0;
}

struct Arrival {
    std::uint64_t pc = 0;
    std::array<std::uint64_t, 32> x{};
};

/// Runs the few instructions that a reset vector may consist of, as hart 3, up to the first jump.
Arrival run_reset_vector(const BootPlan& plan) {
    Arrival hart;
    for (auto pc = plan.reset.value; pc < plan.reset.value + 64; pc += 4) {
        const auto word = static_cast<std::uint32_t>(read(plan, pc, 4));
        const auto rd = word >> 7 & 31, rs1 = word >> 15 & 31;
        const auto immediate =
            static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(word) >> 20});
        switch (word & 0x707f) {
            case 0x0013: hart.x[rd] = hart.x[rs1] + immediate; break;                 // addi
            case 0x2003: hart.x[rd] = read(plan, hart.x[rs1] + immediate, 4); break;  // lw
            case 0x3003: hart.x[rd] = read(plan, hart.x[rs1] + immediate, 8); break;  // ld
            case 0x0067: hart.pc = hart.x[rs1] + immediate; return hart;              // jalr
            case 0x2073:                                                              // csrrs
                EXPECT_EQ(word >> 20, 0xf14u) << "mhartid";
                hart.x[rd] = 3;
                break;
            default: EXPECT_EQ(word & 0xffff'f07f, 0x17u) << "auipc with 0"; hart.x[rd] = pc;
        }
    }
    ADD_FAILURE() << "does not jump";
    return hart;
}

constexpr std::size_t kA0 = 10, kA1 = 11, kA2 = 12;

TEST(Boot, TheResetVectorLeadsToTheProgram) {
    for (const unsigned xlen : {32u, 64u}) {
        const auto file = xlen == 32 ? elf_at<test::Elf32>(kRam + 0x100) : elf_at(kRam + 0x100);
        const auto plan = plan_boot(program(file), board_with(128 * kMiB, xlen));
        EXPECT_EQ(plan.reset, PhysicalAddress{0x1000});
        EXPECT_EQ(plan.entry, PhysicalAddress{kRam + 0x104});
        const auto hart = run_reset_vector(plan);
        EXPECT_EQ(hart.pc, kRam + 0x104);
        EXPECT_EQ(hart.x[kA0], 3u);
        EXPECT_EQ(hart.x[kA1], plan.device_tree.value);
    }
}

TEST(Boot, TheResetVectorLeadsToTheFirmwareAndSaysWhatComesNext) {
    for (const unsigned xlen : {32u, 64u}) {
        const auto kernel = linux_image(4096, 0x20'0000, 0x1'0000);
        const auto plan = plan_boot(firmware_and(kernel), board_with(128 * kMiB, xlen));
        const auto hart = run_reset_vector(plan);
        EXPECT_EQ(hart.pc, kRam);
        EXPECT_EQ(hart.x[kA1], plan.device_tree.value);
        // struct fw_dynamic_info: magic, version, next address and mode, options, boot hart.
        const std::array<std::uint64_t, 6> expected{0x4942'534f, 2, xlen == 32 ? 0x8040'0000u : 0x8020'0000u,
                                                    1,           0, 0};
        for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_EQ(read(plan, hart.x[kA2] + i * xlen / 8, xlen / 8), expected[i]) << i;
        }
    }
}

TEST(Boot, FirmwareAloneHasNothingNext) {
    const auto plan = plan_boot({{"firmware", kFlat}, {}, {}}, board_with(128 * kMiB));
    EXPECT_EQ(place_of(plan, "firmware"), kRam);
    EXPECT_EQ(read(plan, run_reset_vector(plan).x[kA2] + 16, 8), 0u);
}

// ---- where the files go -----------------------------------------------------------------------------

TEST(Boot, AFlatProgramForTheBareMachineGoesToTheStartOfRam) {
    const auto plan = plan_boot(program(kFlat), board_with(128 * kMiB));
    EXPECT_EQ(place_of(plan, "program"), kRam);
    EXPECT_EQ(plan.entry.value, kRam);
}

TEST(Boot, AKernelGoesToTheNextLargePageBehindTheFirmware) {
    const auto kernel = linux_image(4096, 0x20'0000, 0x1'0000);
    EXPECT_EQ(place_of(plan_boot(firmware_and(kernel), board_with(128 * kMiB)), "kernel"), 0x8020'0000u);
    EXPECT_EQ(place_of(plan_boot(firmware_and(kernel), board_with(128 * kMiB, 32)), "kernel"), 0x8040'0000u);
    const Bytes large(2 * kMiB + 1);
    auto files = firmware_and(kernel);
    files.firmware.bytes = large;
    EXPECT_EQ(place_of(plan_boot(files, board_with(128 * kMiB)), "kernel"), 0x8040'0000u);
    const auto elf = elf_at(kRam, 5 * kMiB);
    files.firmware.bytes = elf;
    EXPECT_EQ(place_of(plan_boot(files, board_with(128 * kMiB)), "kernel"), 0x8060'0000u)
        << "also what the firmware has only in memory is in the way";
}

TEST(Boot, AnElfKernelGoesWhereItIsLinkedTo) {
    const auto kernel = elf_at(kRam + 16 * kMiB);
    const auto plan = plan_boot(firmware_and(kernel), board_with(128 * kMiB));
    EXPECT_EQ(place_of(plan, "kernel"), kRam + 16 * kMiB);
    EXPECT_EQ(read(plan, run_reset_vector(plan).x[kA2] + 16, 8), kRam + 16 * kMiB + 4);
}

TEST(Boot, AGzippedKernelIsUnpacked) {
    const auto image = linux_image(100'000, 0x20'0000, 0x10'0000);
    const auto packed = gzipped(image);
    const auto plan = plan_boot(firmware_and(packed), board_with(128 * kMiB));
    const auto* kernel = find(plan, "kernel");
    ASSERT_NE(kernel, nullptr);
    EXPECT_TRUE(std::ranges::equal(kernel->bytes, image));
    EXPECT_EQ(kernel->memory_size, 0x10'0000u);
}

TEST(Boot, AKernelKeepsTheMemoryThatItsHeaderClaims) {
    const auto kernel = linux_image(4096, 0x20'0000, 20 * kMiB);
    EXPECT_EQ(find(plan_boot(firmware_and(kernel), board_with(128 * kMiB)), "kernel")->memory_size,
              20 * kMiB);
    const auto modest = linux_image(4096, 0x20'0000, 0);
    EXPECT_EQ(find(plan_boot(firmware_and(modest), board_with(128 * kMiB)), "kernel")->memory_size, 4096u);
}

TEST(Boot, AMachineModeKernelNeedsNoFirmware) {
    const auto kernel = linux_image(4096, 0, 0x1'0000);
    EXPECT_EQ(plan_boot(program(kernel), board_with(128 * kMiB)).entry.value, kRam);
}

TEST(Boot, TheInitrdLiesFarBehindTheKernel) {
    const auto kernel = linux_image(4096, 0x20'0000, 0x1'0000);
    const std::map<std::uint64_t, std::uint64_t> kByRam{{128 * kMiB, 0x8020'0000 + 64 * kMiB},
                                                        {kGiB, 0x8020'0000 + 512 * kMiB},
                                                        {8 * kGiB, 0x8020'0000 + 512 * kMiB}};
    for (const auto& [ram, expected] : kByRam) {
        EXPECT_EQ(place_of(plan_boot(firmware_and(kernel, kInitrd), board_with(ram)), "initrd"), expected);
    }
}

TEST(Boot, AnInitrdThatDoesNotFitThereGoesElsewhereBehindTheKernel) {
    const auto kernel = linux_image(4096, 0x20'0000, 20 * kMiB);
    const Bytes initrd(70 * kMiB);
    const auto plan = plan_boot(firmware_and(kernel, initrd), board_with(128 * kMiB));
    const auto at = place_of(plan, "initrd");
    EXPECT_GE(at, 0x8020'0000 + 20 * kMiB);
    EXPECT_LE(at + initrd.size(), plan.device_tree.value);
    EXPECT_EQ(at % 4096, 0u);
    const Bytes too_large(110 * kMiB);
    EXPECT_THAT(refusal(firmware_and(kernel, too_large), board_with(128 * kMiB)),
                AllOf(testing::StartsWith("initrd: no room for its 0x6e00000 bytes"), HasSubstr("--ram")));
}

// ---- the device tree --------------------------------------------------------------------------------

TEST(Boot, TheDeviceTreeIsWholeAndTellsOfTheInitrd) {
    auto board = board_with(128 * kMiB);
    board.boot_arguments = "console=ttyS0";
    const auto kernel = linux_image(4096, 0x20'0000, 0x1'0000);
    const auto plan = plan_boot(firmware_and(kernel, kInitrd), board);
    const auto* tree = find(plan, "the device tree");
    ASSERT_NE(tree, nullptr);
    EXPECT_EQ(tree->at, plan.device_tree);
    board.initrd = BusRange{{place_of(plan, "initrd")}, kInitrd.size()};
    EXPECT_TRUE(std::ranges::equal(tree->bytes, build_device_tree(board)));
    EXPECT_GE(tree->memory_size, tree->bytes.size() + 16 * kKiB) << "firmware adds to it in its place";
}

TEST(Boot, TheDeviceTreeLiesNearTheEndOfRamOrOfThreeGigabytes) {
    const std::map<std::uint64_t, std::uint64_t> kByRam{
        {128 * kMiB, 0x87e0'0000}, {129 * kMiB, 0x8800'0000}, {kGiB, 0xbfe0'0000}, {4 * kGiB, 0xbfe0'0000}};
    for (const auto& [ram, expected] : kByRam) {
        EXPECT_EQ(plan_boot(program(kFlat), board_with(ram)).device_tree.value, expected);
    }
}

TEST(Boot, InASmallRamTheDeviceTreeOfABareMachineIsInTheRom) {
    const auto plan = plan_boot(program(kFlat), board_with(kMiB));
    EXPECT_LT(plan.device_tree.value, 0x1'0000u);
    EXPECT_EQ(fdt_check_header(find(plan, "the device tree")->bytes.data()), 0);
    // A program that says that all of a larger RAM is its own.
    const auto all = elf_at(kRam, 128 * kMiB);
    EXPECT_LT(plan_boot(program(all), board_with(128 * kMiB)).device_tree.value, 0x1'0000u);
}

TEST(Boot, InASmallRamTheDeviceTreeForFirmwareIsAtItsEnd) {
    const auto plan = plan_boot({{"firmware", kFlat}, {}, {}}, board_with(kMiB));
    const auto* tree = find(plan, "the device tree");
    EXPECT_EQ(tree->at.value + tree->memory_size, kRam + kMiB);
    EXPECT_EQ(tree->at.value % 4096, 0u);
    const auto all = elf_at(kRam, kMiB);
    EXPECT_THAT(refusal({{"firmware", all}, {}, {}}, board_with(kMiB)),
                AllOf(HasSubstr("the device tree"), HasSubstr("--ram")));
}

TEST(Boot, InASmallRamTheDeviceTreeOfManyHartsIsNotInTheRom) {
    auto board = board_with(kMiB);
    board.harts = 100;
    const auto plan = plan_boot(program(kFlat), board);
    EXPECT_GE(plan.device_tree.value, kRam) << "it is larger than the ROM";
}

// ---- what cannot be ---------------------------------------------------------------------------------

TEST(Boot, RefusesFilesThatWantTheSamePlace) {
    const auto kernel = elf_at(kRam + 8);
    EXPECT_THAT(refusal(firmware_and(kernel), board_with(128 * kMiB)),
                AllOf(testing::StartsWith("kernel (0x80000008 to 0x8000006b) overlaps firmware "
                                          "(0x80000000 to 0x800003e7)"),
                      HasSubstr("link one of the two")));
}

TEST(Boot, RefusesAFileForTheOtherRegisterWidth) {
    EXPECT_THAT(refusal(program(elf_at<test::Elf32>(kRam)), board_with(128 * kMiB, 64)),
                AllOf(testing::StartsWith("program: built for RV32"), HasSubstr("--cpu rv32")));
    EXPECT_THAT(refusal(program(elf_at(kRam)), board_with(128 * kMiB, 32)), HasSubstr("--cpu rv64"));
}

TEST(Boot, RefusesWhatDoesNotFitIntoRam) {
    const Bytes large(3 * kMiB);
    EXPECT_THAT(refusal(program(large), board_with(2 * kMiB)),
                AllOf(testing::StartsWith("program: "), HasSubstr("--ram")));
    const auto kernel = linux_image(4096, 0x20'0000, ~std::uint64_t{0});
    EXPECT_THAT(refusal(firmware_and(kernel), board_with(128 * kMiB)),
                AllOf(testing::StartsWith("kernel: "), HasSubstr("not inside RAM"), HasSubstr("--ram")));
}

TEST(Boot, RefusesAKernelWithoutFirmware) {
    EXPECT_THAT(refusal(program(linux_image(4096, 0x20'0000, 0)), board_with(128 * kMiB)),
                AllOf(testing::StartsWith("program: a Linux kernel"), HasSubstr("--bios")));
}

TEST(Boot, RefusesAnInitrdWithoutAKernelAndNothingAtAll) {
    EXPECT_THAT(refusal({{"firmware", kFlat}, {}, {"initrd", kInitrd}}, board_with(128 * kMiB)),
                HasSubstr("--kernel"));
    EXPECT_THAT(refusal({}, board_with(128 * kMiB)), HasSubstr("nothing to run"));
    EXPECT_THROW(plan_boot(program(kFlat), board_with(0)), std::invalid_argument);
    EXPECT_THROW(plan_boot(program(kFlat), board_with(~std::uint64_t{0})), std::invalid_argument);
}

TEST(Boot, NamesTheFileThatIsDamaged) {
    auto damaged = gzipped(kFlat);
    damaged.resize(damaged.size() - 4);
    EXPECT_THAT(refusal(firmware_and(damaged), board_with(128 * kMiB)), testing::StartsWith("kernel: gzip"));
    auto elf = elf_at(kRam);
    elf.resize(70);
    EXPECT_THAT(refusal({{"firmware", elf}, {}, {}}, board_with(128 * kMiB)),
                testing::StartsWith("firmware: "));
}

// Whatever the files and the RAM: nothing overlaps, and all lies in memory.
TEST(Boot, PlacementsAreDisjointAndInMemory) {
    std::mt19937_64 random(1);
    int planned = 0;
    for (int round = 0; round < 400; ++round) {
        const unsigned xlen = random() % 2 == 0 ? 64 : 32;
        auto board = board_with((1 + random() % 64) * 256 * kKiB << (random() % 5), xlen);
        board.harts = 1 + random() % 8;
        const Bytes firmware(random() % 3 == 0 ? 0 : random() % kMiB);
        const Bytes initrd(random() % 2 == 0 ? 0 : random() % (4 * kMiB));
        const auto kernel = linux_image(64 + random() % kMiB, 0, random() % (8 * kMiB));
        try {
            const auto plan =
                plan_boot({{"firmware", firmware}, {"kernel", kernel}, {"initrd", initrd}}, board);
            ++planned;
            std::uint64_t end = 0;
            for (const auto& placement : plan.placements) {
                const BusRange ram{memory_map::kRamBase, board.ram_size};
                EXPECT_TRUE(ram.contains(placement.at, placement.memory_size) ||
                            memory_map::kMaskRom.contains(placement.at, placement.memory_size));
                EXPECT_GE(placement.memory_size, placement.bytes.size());
                EXPECT_GE(placement.at.value, end) << placement.what;
                end = placement.at.value + placement.memory_size;
            }
            EXPECT_EQ(run_reset_vector(plan).pc, plan.entry.value);
        } catch (const LoadError& error) {
            EXPECT_THAT(error.what(), HasSubstr("--ram"));
        }
    }
    EXPECT_GT(planned, 200);
}

}  // namespace
}  // namespace backspin::emu
