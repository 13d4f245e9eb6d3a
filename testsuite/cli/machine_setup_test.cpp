#include "cli/machine_setup.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>

#include "cli/start_error.hpp"
#include "testsuite/cli/temporary_folder.hpp"
#include "testsuite/emu/elf_builder.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

const Bytes kProgram(64, std::byte{0x13});

std::string as_text(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Elf>
Bytes small_elf() {
    return test::ElfBuilder<Elf>().segment(0x8000'0000, 16, 16).build();
}

/// A setup of which nothing is as it is without options.
MachineSetup unusual_setup() {
    MachineSetup setup;
    setup.epoch_steps = {12345};
    setup.options.ram_bytes = 3 << 20;
    setup.options.boot_arguments = "console=ttyS0 \"quoted\"";
    setup.options.board = {.isa = emu::Isa::parse("rv32imac,+zba"),
                           .harts = 3,
                           .ns_per_step = 7,
                           .quantum = 99,
                           .chaos = 0,
                           .rtc_start = 0,
                           .reboots = false,
                           .semihosting = true,
                           .semihosting_arguments = "one two",
                           .virtio = {emu::virtio::EntropyOptions{5}, {}, emu::virtio::EntropyOptions{}}};
    setup.images = {{"kernel", kProgramRole, kProgram},
                    {"firmware", kBiosRole, Bytes(100, std::byte{1})},
                    {"root.cpio", kInitrdRole, Bytes(200, std::byte{2})}};
    return setup;
}

MachineChoice choice_of(const std::optional<std::string>& program,
                        const std::optional<std::string>& bios = {},
                        const std::optional<std::string>& initrd = {}) {
    MachineChoice choice;
    choice.program = program;
    choice.bios = bios;
    choice.initrd = initrd;
    return choice;
}

class Setup : public ::testing::Test {
  protected:
    /// What a recording with this configuration and these images gives back.
    MachineSetup recorded(const snapshots::Configuration& configuration,
                          const std::vector<LoadedImage>& images) {
        std::vector<snapshots::ImageSource> sources;
        sources.reserve(images.size());
        for (const auto& image : images) sources.push_back({image.name, image.role, image.bytes});
        const auto path = folder_ / "run.bsp";
        snapshots::RecordingWriter(path, snapshots::Overwrite::replace, configuration, sources, {})
            .finish({{{0}, {1}}, {10}, "interrupted", std::nullopt});
        return from_recording(snapshots::RecordingReader(path));
    }
    std::string refusal(const snapshots::Configuration& configuration,
                        const std::vector<LoadedImage>& images) {
        try {
            recorded(configuration, images);
            return "";
        } catch (const StartError& error) {
            return error.what();
        }
    }
    std::string file(const std::string& name, const Bytes& bytes) {
        spill(folder_ / name, as_text(bytes));
        return folder_ / name;
    }

    TemporaryFolder folder_;
};

TEST_F(Setup, ComesBackFromARecording) {
    const auto setup = unusual_setup();
    const auto back = recorded(to_configuration(setup), setup.images);
    EXPECT_EQ(back.epoch_steps, setup.epoch_steps);
    EXPECT_EQ(back.options.ram_bytes, setup.options.ram_bytes);
    EXPECT_EQ(back.options.boot_arguments, setup.options.boot_arguments);
    EXPECT_EQ(back.options.board.isa, setup.options.board.isa);
    EXPECT_EQ(back.options.board.harts, 3u);
    EXPECT_EQ(back.options.board.ns_per_step, 7u);
    EXPECT_EQ(back.options.board.quantum, 99u);
    EXPECT_EQ(back.options.board.chaos, 0u);
    EXPECT_EQ(back.options.board.rtc_start, 0u);
    EXPECT_FALSE(back.options.board.reboots);
    EXPECT_TRUE(back.options.board.semihosting);
    EXPECT_EQ(back.options.board.semihosting_arguments, "one two");
    ASSERT_EQ(back.images.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(back.images[i].name, setup.images[i].name);
        EXPECT_EQ(back.images[i].role, setup.images[i].role);
        EXPECT_EQ(back.images[i].bytes, setup.images[i].bytes);
    }
    const auto plain = recorded(to_configuration({}), setup.images);
    EXPECT_EQ(plain.options.board.chaos, std::nullopt);
    EXPECT_EQ(plain.options.boot_arguments, "");
    EXPECT_TRUE(plain.options.board.reboots);
    EXPECT_FALSE(plain.options.board.semihosting);
}

TEST_F(Setup, EveryInstructionSetComesBack) {
    for (const char* text :
         {"rv64", "rv32", "rv64i", "rv64gc", "rv32imafdc_zba", "rv64,-c", "rv64,-a,-zfh"}) {
        MachineSetup setup;
        setup.options.board.isa = emu::Isa::parse(text);
        EXPECT_EQ(recorded(to_configuration(setup), unusual_setup().images).options.board.isa,
                  setup.options.board.isa)
            << text;
    }
}

// A recording is a stranger's file.
TEST_F(Setup, OfARecordingIsRefusedOutOfItsBounds) {
    const auto setup = unusual_setup();
    const auto good = to_configuration(setup);
    ASSERT_EQ(refusal(good, setup.images), "");
    const std::vector<std::pair<std::string, std::vector<std::string>>> kBad{
        {"ram", {"", "0", "4095", "68719480832", "x"}},
        {"cpu", {"", "rv16", "rv64,+zzz", std::string(2000, 'v')}},
        {"harts", {"0", "9", "-1"}},
        {"quantum", {"0", "1099511627777"}},
        {"chaos", {"", "18446744073709551616"}},
        {"ns-per-step", {"0", "10001"}},
        {"rtc-start", {"now"}},
        {"reboots", {"2", "yes"}},
        {"append", {std::string(2049, 'x')}},
        {"semihosting", {std::string(1025, 'x')}},
        {"epoch-steps", {"0"}},
    };
    for (const auto& [key, values] : kBad) {
        for (const auto& value : values) {
            auto bad = good;
            bad[key] = value;
            EXPECT_THAT(refusal(bad, setup.images), HasSubstr("'" + key + "'")) << value;
        }
        if (key == "chaos" || key == "append" || key == "semihosting") continue;
        auto lacking = good;
        lacking.erase(key);
        EXPECT_THAT(refusal(lacking, setup.images), HasSubstr("lacks a usable '" + key + "'"));
    }
    auto other = good;
    other["machine"] = "pdp11";
    EXPECT_THAT(refusal(other, setup.images), HasSubstr("a machine 'pdp11'"));
}

TEST_F(Setup, OfARecordingHasEachRoleOnce) {
    const auto setup = unusual_setup();
    auto images = setup.images;
    images[2].role = kBiosRole;
    EXPECT_THAT(refusal(to_configuration(setup), images), HasSubstr("or twice: 'bios'"));
    images[2].role = "disk";
    EXPECT_THAT(refusal(to_configuration(setup), images), HasSubstr("not known here"));
}

TEST_F(Setup, ASemihostingProgramIsToldItsNameUnlessTheUserSays) {
    auto choice = choice_of(file("program.elf", small_elf<test::Elf64>()));
    const auto told = [&] { return set_up(choice).options.board.semihosting_arguments; };
    EXPECT_EQ(told(), "") << "without semihosting nothing";
    choice.options.board.semihosting = true;
    EXPECT_EQ(told(), "program.elf");
    choice.arguments = "one two";
    EXPECT_EQ(told(), "one two");
    choice.arguments = "";
    EXPECT_EQ(told(), "");
}

TEST_F(Setup, TheHartsAreAsWideAsTheElfFileUnlessTheUserSays) {
    const auto narrow = file("narrow.elf", small_elf<test::Elf32>());
    const auto wide = file("wide.elf", small_elf<test::Elf64>());
    const auto flat = file("flat", kProgram);
    const auto xlen_of = [](const MachineChoice& choice) { return set_up(choice).options.board.isa.xlen(); };
    EXPECT_EQ(xlen_of(choice_of(narrow)), 32u);
    EXPECT_EQ(xlen_of(choice_of(wide)), 64u);
    EXPECT_EQ(xlen_of(choice_of(flat)), 64u);
    EXPECT_EQ(xlen_of(choice_of(flat, narrow)), 32u) << "what is flat does not say";
    auto chosen = choice_of(flat);
    chosen.cpu = emu::Isa(32);
    EXPECT_EQ(xlen_of(chosen), 32u);
    EXPECT_EQ(set_up(choice_of(narrow)).options.board.isa, emu::Isa(32)) << "all that there is";
}

TEST_F(Setup, TheFilesPlayTheirRoles) {
    const auto setup = set_up(
        choice_of(file("kernel", kProgram), file("firmware", Bytes(10)), file("root.cpio", Bytes(20))));
    ASSERT_EQ(setup.images.size(), 3u);
    EXPECT_EQ(setup.images[0].role, kProgramRole);
    EXPECT_EQ(setup.images[1].role, kBiosRole);
    EXPECT_EQ(setup.images[2].role, kInitrdRole);
    EXPECT_EQ(setup.images[2].bytes.size(), 20u);
}

TEST_F(Setup, AnEmptyFileIsNoProgram) {
    const auto setup = set_up(choice_of(file("empty", {})));
    try {
        build_machine(setup);
        ADD_FAILURE() << "was taken";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("empty: the file is empty: give a program"));
    }
}

TEST_F(Setup, ItsDeviceTreeIsTheOneInTheMachinesMemory) {
    auto setup = unusual_setup();
    setup.options.ram_bytes = std::uint64_t{64} << 20;
    const auto tree = device_tree_of(setup);
    ASSERT_EQ(fdt_check_full(tree.data(), tree.size()), 0);
    const auto machine = build_machine(setup);
    const auto ram_end = 0x8000'0000 + setup.options.ram_bytes;
    bool found = false;
    for (auto at = ram_end - (4 << 20); at < ram_end && !found; at += 4096) {
        Bytes there(tree.size());
        found = machine->memory().read({at}, there) && there == tree;
    }
    EXPECT_TRUE(found);
    int length = 0;
    EXPECT_NE(
        fdt_getprop(tree.data(), fdt_path_offset(tree.data(), "/chosen"), "linux,initrd-start", &length),
        nullptr);
}

TEST_F(Setup, WithoutImagesThereIsATreeAllTheSame) {
    const auto tree = device_tree_of(set_up({}));
    EXPECT_EQ(fdt_check_full(tree.data(), tree.size()), 0);
}

// ---- drives -------------------------------------------------------------------------------------

TEST_F(Setup, DrivesHaveTheSizesOfTheirImages) {
    using emu::virtio::BlockOptions;
    auto choice = choice_of(file("program", kProgram));
    choice.devices = {DriveImage{file("a.img", Bytes(70'000, std::byte{7}))}, HostEntropy{},
                      DriveImage{file("b.img", Bytes(600, std::byte{8}))}};
    auto& devices = choice.options.board.virtio;
    devices = {BlockOptions{0, false, "A", 0}, emu::virtio::EntropyOptions{}, BlockOptions{0, true, "", 1}};
    const auto setup = set_up(choice);
    EXPECT_EQ(std::get<BlockOptions>(setup.options.board.virtio[0]), (BlockOptions{70'000, false, "A", 0}));
    EXPECT_EQ(std::get<BlockOptions>(setup.options.board.virtio[2]), (BlockOptions{600, true, "", 1}));
    ASSERT_EQ(setup.disks.size(), 2u);
    std::byte byte{};
    build_machine(setup)->drive(1).read(599, std::span(&byte, 1));
    EXPECT_EQ(byte, std::byte{8});
    EXPECT_THROW(refuse_own_inputs({folder_ / "b.img"}, setup, {}), StartError);

    const auto back = recorded(to_configuration(setup), setup.images);
    EXPECT_EQ(back.options.board.virtio, setup.options.board.virtio);
    ASSERT_EQ(back.disks.size(), 2u);
    EXPECT_EQ(back.disks[0]->size(), 70'000u);
    EXPECT_THAT(back.disk_names[1], HasSubstr("b.img"));
}

TEST_F(Setup, ADriveThatCannotBeIsRefused) {
    auto setup = unusual_setup();
    setup.options.board.virtio = {emu::virtio::BlockOptions{5000, false, "", 0}};
    auto configuration = to_configuration(setup);
    EXPECT_EQ(refusal(configuration, setup.images), "");
    for (const auto* text :
         {R"({"kind":"block","size":5000,"readonly":false,"id":"","drive":1})",
          R"({"kind":"block","size":511,"readonly":false,"id":"","drive":0})",
          R"({"kind":"block","size":1099511627777,"readonly":false,"id":"","drive":0})",
          R"({"kind":"block","size":-1,"readonly":false,"id":"","drive":0})",
          R"({"kind":"block","size":5000,"readonly":0,"id":"","drive":0})",
          R"({"kind":"block","size":5000,"readonly":false,"id":"123456789012345678901","drive":0})",
          R"({"kind":"block","size":5000,"readonly":false,"id":5,"drive":0})", R"({"kind":"block"})"}) {
        configuration["virtio0"] = text;
        EXPECT_THAT(refusal(configuration, setup.images), HasSubstr("'virtio0'")) << text;
    }
}

}  // namespace
}  // namespace backspin::cli
