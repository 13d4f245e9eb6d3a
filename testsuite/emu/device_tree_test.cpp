// Reads the tree back with libfdt, as a guest's kernel would.
#include "emu/device_tree.hpp"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace backspin::emu {
namespace {

/// A tree of which properties are asked for by path; a missing one fails the test.
class Tree {
  public:
    explicit Tree(const BoardDescription& board) : bytes_(build_device_tree(board)) {
        EXPECT_EQ(fdt_check_full(bytes_.data(), bytes_.size()), 0);
    }

    std::size_t size() const { return bytes_.size(); }
    bool has(const std::string& path) const { return node(path) >= 0; }
    bool has(const std::string& path, const char* name) const {
        return fdt_getprop(bytes_.data(), node(path), name, nullptr) != nullptr;
    }

    std::vector<std::uint32_t> cells(const std::string& path, const char* name) const {
        const auto bytes = property(path, name);
        EXPECT_EQ(bytes.size() % 4, 0u);
        std::vector<std::uint32_t> values;
        for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
            values.push_back(fdt32_ld(reinterpret_cast<const fdt32_t*>(bytes.data() + i)));
        }
        return values;
    }
    std::vector<std::string> texts(const std::string& path, const char* name) const {
        auto bytes = property(path, name);
        std::vector<std::string> values;
        while (!bytes.empty()) {
            const auto end = bytes.find('\0');
            if (end == bytes.npos) {
                ADD_FAILURE() << path << "/" << name << " is not terminated";
                break;
            }
            values.emplace_back(bytes.substr(0, end));
            bytes.remove_prefix(end + 1);
        }
        return values;
    }
    std::string text(const std::string& path, const char* name) const {
        const auto values = texts(path, name);
        EXPECT_EQ(values.size(), 1u);
        return values.empty() ? "" : values[0];
    }
    /// Path of the node with this phandle.
    std::string path_of_phandle(std::uint32_t phandle) const {
        std::array<char, 256> path{};
        EXPECT_EQ(fdt_get_path(bytes_.data(), fdt_node_offset_by_phandle(bytes_.data(), phandle), path.data(),
                               path.size()),
                  0);
        return path.data();
    }

  private:
    int node(const std::string& path) const { return fdt_path_offset(bytes_.data(), path.c_str()); }
    std::string_view property(const std::string& path, const char* name) const {
        int length = 0;
        const auto* data = fdt_getprop(bytes_.data(), node(path), name, &length);
        if (data == nullptr) {
            ADD_FAILURE() << path << " has no " << name;
            return {};
        }
        return {static_cast<const char*>(data), static_cast<std::size_t>(length)};
    }

    std::vector<std::byte> bytes_;
};

using Cells = std::vector<std::uint32_t>;
using Texts = std::vector<std::string>;

BoardDescription board_with(std::size_t harts, std::uint64_t ram_size) {
    BoardDescription board;
    board.harts = harts;
    board.ram_size = ram_size;
    return board;
}

TEST(DeviceTree, DescribesTheRam) {
    const Tree tree(board_with(1, 0x1'2345'6000));
    EXPECT_EQ(tree.text("/memory@80000000", "device_type"), "memory");
    EXPECT_EQ(tree.cells("/memory@80000000", "reg"), (Cells{0, 0x8000'0000, 1, 0x2345'6000}));
}

TEST(DeviceTree, DescribesEachHart) {
    auto board = board_with(3, 0x1000);
    board.isa = Isa::parse("rv64ima_zicsr");
    const Tree tree(board);
    EXPECT_EQ(tree.cells("/cpus", "timebase-frequency"), (Cells{10'000'000}));
    for (std::uint32_t hart = 0; hart < 3; ++hart) {
        const auto path = "/cpus/cpu@" + std::to_string(hart);
        EXPECT_EQ(tree.text(path, "device_type"), "cpu");
        EXPECT_EQ(tree.text(path, "compatible"), "riscv");
        EXPECT_EQ(tree.text(path, "status"), "okay");
        EXPECT_EQ(tree.text(path, "riscv,isa"), board.isa.name());
        EXPECT_EQ(tree.text(path, "riscv,isa-base"), "rv64i");
        EXPECT_EQ(tree.texts(path, "riscv,isa-extensions"), board.isa.extension_names());
        EXPECT_EQ(tree.text(path, "mmu-type"), "riscv,sv48") << "Sv57 was not chosen";
        EXPECT_EQ(tree.cells(path, "reg"), (Cells{hart}));
        EXPECT_EQ(tree.text(path + "/interrupt-controller", "compatible"), "riscv,cpu-intc");
        EXPECT_TRUE(tree.has(path + "/interrupt-controller", "interrupt-controller"));
    }
    EXPECT_FALSE(tree.has("/cpus/cpu@3"));
}

TEST(DeviceTree, A32BitHartHasSv32) {
    auto board = board_with(1, 0x1000);
    board.isa = Isa::parse("rv32ima");
    const Tree tree(board);
    EXPECT_EQ(tree.text("/cpus/cpu@0", "riscv,isa"), board.isa.name());
    EXPECT_EQ(tree.text("/cpus/cpu@0", "riscv,isa-base"), "rv32i");
    EXPECT_EQ(tree.text("/cpus/cpu@0", "mmu-type"), "riscv,sv32");
}

TEST(DeviceTree, SaysHowLargeACacheBlockIsForTheExtensionsThatActOnOne) {
    auto board = board_with(1, 0x1000);
    const std::array kProperties{std::pair{"zicbom", "riscv,cbom-block-size"},
                                 std::pair{"zicbop", "riscv,cbop-block-size"},
                                 std::pair{"zicboz", "riscv,cboz-block-size"}};
    for (const auto& [extension, property] : kProperties) {
        board.isa = Isa::parse(std::string("rv64ima_") + extension);
        const Tree tree(board);
        for (const auto& [other, other_property] : kProperties) {
            EXPECT_EQ(tree.has("/cpus/cpu@0", other_property), other == extension) << other;
        }
        EXPECT_EQ(tree.cells("/cpus/cpu@0", property), (Cells{64}));
    }
}

TEST(DeviceTree, MapsEachHartToACoreOfItsOwn) {
    const Tree tree(board_with(3, 0x1000));
    for (std::size_t hart = 0; hart < 3; ++hart) {
        const auto number = std::to_string(hart);
        const auto cpu = tree.cells("/cpus/cpu-map/cluster0/core" + number, "cpu");
        ASSERT_EQ(cpu.size(), 1u);
        EXPECT_EQ(tree.path_of_phandle(cpu[0]), "/cpus/cpu@" + number);
    }
}

/// That `node` is wired to every hart's interrupt controller, by the two causes in their order.
void expect_wires(const Tree& tree, const std::string& node, std::size_t harts, std::uint32_t first,
                  std::uint32_t second) {
    const auto wires = tree.cells(node, "interrupts-extended");
    ASSERT_EQ(wires.size(), 4 * harts);
    for (std::size_t hart = 0; hart < harts; ++hart) {
        const auto controller = "/cpus/cpu@" + std::to_string(hart) + "/interrupt-controller";
        EXPECT_EQ(tree.path_of_phandle(wires[4 * hart]), controller);
        EXPECT_EQ(wires[4 * hart + 1], first);
        EXPECT_EQ(tree.path_of_phandle(wires[4 * hart + 2]), controller);
        EXPECT_EQ(wires[4 * hart + 3], second);
    }
}

TEST(DeviceTree, WiresTheTimerAndSoftwareInterruptsToEveryHart) {
    const Tree tree(board_with(2, 0x1000));
    EXPECT_EQ(tree.texts("/soc/clint@2000000", "compatible"), (Texts{"sifive,clint0", "riscv,clint0"}));
    EXPECT_EQ(tree.cells("/soc/clint@2000000", "reg"), (Cells{0, 0x200'0000, 0, 0x1'0000}));
    expect_wires(tree, "/soc/clint@2000000", 2, 3, 7);
}

TEST(DeviceTree, WiresTheInterruptControllerToBothLevelsOfEveryHart) {
    const Tree tree(board_with(3, 0x1000));
    const std::string plic = "/soc/plic@c000000";
    EXPECT_EQ(tree.texts(plic, "compatible"), (Texts{"sifive,plic-1.0.0", "riscv,plic0"}));
    EXPECT_EQ(tree.cells(plic, "reg"), (Cells{0, 0xc00'0000, 0, 0x60'0000}));
    EXPECT_EQ(tree.cells(plic, "riscv,ndev"), (Cells{95}));
    EXPECT_EQ(tree.cells(plic, "#interrupt-cells"), (Cells{1}));
    EXPECT_EQ(tree.cells(plic, "#address-cells"), (Cells{0}));
    EXPECT_TRUE(tree.has(plic, "interrupt-controller"));
    expect_wires(tree, plic, 3, 11, 9);
}

TEST(DeviceTree, WiresTheDevicesToTheInterruptController) {
    const Tree tree(board_with(2, 0x1000));
    const auto expect_source = [&](const std::string& node, std::uint32_t source) {
        EXPECT_EQ(tree.cells(node, "interrupts"), (Cells{source})) << node;
        const auto parent = tree.cells(node, "interrupt-parent");
        ASSERT_EQ(parent.size(), 1u);
        EXPECT_EQ(tree.path_of_phandle(parent[0]), "/soc/plic@c000000");
    };
    expect_source("/soc/serial@10000000", 10);
    expect_source("/soc/rtc@101000", 11);
    for (std::uint32_t slot = 1; slot <= 8; ++slot) {
        expect_source("/soc/virtio_mmio@1000" + std::to_string(slot) + "000", slot);
    }
}

TEST(DeviceTree, DescribesTheClockAndTheVirtioTransports) {
    const Tree tree(board_with(1, 0x1000));
    EXPECT_EQ(tree.text("/soc/rtc@101000", "compatible"), "google,goldfish-rtc");
    EXPECT_EQ(tree.cells("/soc/rtc@101000", "reg"), (Cells{0, 0x10'1000, 0, 0x1000}));
    for (std::uint32_t slot = 1; slot <= 8; ++slot) {
        const auto node = "/soc/virtio_mmio@1000" + std::to_string(slot) + "000";
        EXPECT_EQ(tree.text(node, "compatible"), "virtio,mmio");
        EXPECT_EQ(tree.cells(node, "reg"), (Cells{0, 0x1000'0000 + 0x1000 * slot, 0, 0x1000}));
    }
    EXPECT_FALSE(tree.has("/soc/virtio_mmio@10009000"));
}

TEST(DeviceTree, TheConsoleIsTheUart) {
    const Tree tree(board_with(1, 0x1000));
    const auto uart = tree.text("/chosen", "stdout-path");
    EXPECT_EQ(uart, "/soc/serial@10000000");
    EXPECT_EQ(tree.text("/aliases", "serial0"), uart);
    EXPECT_EQ(tree.text(uart, "compatible"), "ns16550a");
    EXPECT_EQ(tree.cells(uart, "reg"), (Cells{0, 0x1000'0000, 0, 0x100}));
    EXPECT_EQ(tree.cells(uart, "clock-frequency"), (Cells{3'686'400}));
}

TEST(DeviceTree, PowerOffAndRebootGoThroughTheFinisher) {
    const Tree tree(board_with(1, 0x1000));
    EXPECT_EQ(tree.texts("/soc/test@100000", "compatible"),
              (Texts{"sifive,test1", "sifive,test0", "syscon"}));
    EXPECT_EQ(tree.cells("/soc/test@100000", "reg"), (Cells{0, 0x10'0000, 0, 0x1000}));
    for (const auto& [node, compatible, value] : {std::tuple{"/poweroff", "syscon-poweroff", 0x5555u},
                                                  std::tuple{"/reboot", "syscon-reboot", 0x7777u}}) {
        EXPECT_EQ(tree.text(node, "compatible"), compatible);
        EXPECT_EQ(tree.cells(node, "value"), (Cells{value}));
        EXPECT_EQ(tree.cells(node, "offset"), (Cells{0}));
        EXPECT_EQ(tree.path_of_phandle(tree.cells(node, "regmap").at(0)), "/soc/test@100000");
    }
}

TEST(DeviceTree, CarriesBootArgumentsOnlyIfThereAreSome) {
    auto board = board_with(1, 0x1000);
    EXPECT_FALSE(Tree(board).has("/chosen", "bootargs"));
    board.boot_arguments = "console=ttyS0 quiet";
    EXPECT_EQ(Tree(board).text("/chosen", "bootargs"), "console=ttyS0 quiet");
}

TEST(DeviceTree, SeedsTheKernelsRandomNumbersWithEnoughBitsAndAlwaysTheSame) {
    const auto seed = Tree(board_with(1, 0x1000)).cells("/chosen", "rng-seed");
    EXPECT_EQ(32 * seed.size(), 256u);
    EXPECT_EQ(Tree(board_with(4, 0x8000)).cells("/chosen", "rng-seed"), seed);
}

TEST(DeviceTree, SaysWhereTheInitialRamDiskIsIfThereIsOne) {
    auto board = board_with(1, 0x1000);
    EXPECT_FALSE(Tree(board).has("/chosen", "linux,initrd-start"));
    board.initrd = BusRange{{0x1'ffff'f000}, 0x1234};
    const Tree tree(board);
    EXPECT_EQ(tree.cells("/chosen", "linux,initrd-start"), (Cells{1, 0xffff'f000}));
    EXPECT_EQ(tree.cells("/chosen", "linux,initrd-end"), (Cells{2, 0x234}));
}

TEST(DeviceTree, IsTheSameEveryTime) {
    EXPECT_EQ(build_device_tree(board_with(2, 0x1000)), build_device_tree(board_with(2, 0x1000)));
}

TEST(DeviceTree, ItsSizeIsBounded) {
    EXPECT_LT(Tree(board_with(1, 0x1000)).size(), 6u * 1024);
    auto board = board_with(BoardDescription::kMaxHarts, ~std::uint64_t{0});
    board.boot_arguments.assign(BoardDescription::kMaxText, 'y');
    board.initrd = BusRange{{0x8000'0000}, 0x1000};
    EXPECT_LT(Tree(board).size(), 512u * 2048);
}

TEST(DeviceTree, RefusesADescriptionOutOfBounds) {
    EXPECT_THROW(build_device_tree(board_with(0, 0x1000)), std::invalid_argument);
    EXPECT_THROW(build_device_tree(board_with(513, 0x1000)), std::invalid_argument);
    EXPECT_THROW(build_device_tree(board_with(1, 0)), std::invalid_argument);
    auto board = board_with(1, 0x1000);
    board.boot_arguments.assign(BoardDescription::kMaxText + 1, 'x');
    EXPECT_THROW(build_device_tree(board), std::invalid_argument);
    board.boot_arguments = std::string("quiet\0x", 7);
    EXPECT_THROW(build_device_tree(board), std::invalid_argument);
}

}  // namespace
}  // namespace backspin::emu
