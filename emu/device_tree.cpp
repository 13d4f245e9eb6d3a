#include "emu/device_tree.hpp"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <libfdt.h>

#include "emu/devices/aclint.hpp"
#include "emu/devices/finisher.hpp"
#include "emu/devices/uart16550.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

namespace {

// Interrupt causes of the machine level (Privileged Architecture, mcause).
constexpr std::uint32_t kMachineSoftware = 3;
constexpr std::uint32_t kMachineTimer = 7;

/// libfdt's sequential writer into a buffer of fixed size.
class TreeWriter {
  public:
    explicit TreeWriter(std::size_t capacity) : buffer_(capacity) {
        check(fdt_create(buffer_.data(), static_cast<int>(buffer_.size())));
        check(fdt_finish_reservemap(buffer_.data()));
    }

    template <class Body>
    void node(const std::string& name, Body body) {
        check(fdt_begin_node(buffer_.data(), name.c_str()));
        body();
        check(fdt_end_node(buffer_.data()));
    }
    void flag(const char* name) { check(fdt_property(buffer_.data(), name, nullptr, 0)); }
    void text(const char* name, const std::string& value) {
        check(fdt_property_string(buffer_.data(), name, value.c_str()));
    }
    /// Several strings, one after the other, each with its final zero.
    void texts(const char* name, std::initializer_list<std::string_view> values) {
        std::string all;
        for (const auto value : values) all.append(value).push_back('\0');
        check(fdt_property(buffer_.data(), name, all.data(), static_cast<int>(all.size())));
    }
    void cells(const char* name, const std::vector<std::uint32_t>& values) {
        std::vector<fdt32_t> big_endian;
        big_endian.reserve(values.size());
        for (const auto value : values) big_endian.push_back(cpu_to_fdt32(value));
        check(fdt_property(buffer_.data(), name, big_endian.data(),
                           static_cast<int>(big_endian.size() * sizeof(fdt32_t))));
    }
    /// One address and one size, of two cells each.
    void range(PhysicalAddress base, std::uint64_t size) {
        cells("reg", {high(base.value), low(base.value), high(size), low(size)});
    }

    std::vector<std::byte> finish() {
        check(fdt_finish(buffer_.data()));
        buffer_.resize(fdt_totalsize(buffer_.data()));
        return std::move(buffer_);
    }

  private:
    static std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
    static std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
    static void check(int error) {
        if (error != 0) throw std::logic_error(std::string("device tree: ") + fdt_strerror(error));
    }

    std::vector<std::byte> buffer_;
};

std::string at(std::string_view name, std::uint64_t address) {
    std::array<char, 20> digits;
    std::snprintf(digits.data(), digits.size(), "@%llx", static_cast<unsigned long long>(address));
    return std::string(name) + digits.data();
}

std::string at(std::string_view name, const BusRange& range) {
    return at(name, range.base.value);
}

// Phandles: 1 for the finisher, then one for each hart's interrupt controller.
constexpr std::uint32_t kFinisherPhandle = 1;
std::uint32_t interrupt_controller_phandle(std::size_t hart) {
    return static_cast<std::uint32_t>(hart) + 2;
}

void write_cpus(TreeWriter& tree, const BoardDescription& board) {
    tree.cells("#address-cells", {1});
    tree.cells("#size-cells", {0});
    tree.cells("timebase-frequency", {Aclint::kTicksPerSecond});
    for (std::size_t hart = 0; hart < board.harts; ++hart) {
        tree.node(at("cpu", hart), [&] {
            tree.text("device_type", "cpu");
            tree.cells("reg", {static_cast<std::uint32_t>(hart)});
            tree.text("status", "okay");
            tree.text("compatible", "riscv");
            tree.text("riscv,isa", board.isa);
            tree.text("mmu-type", "riscv,none");
            tree.node("interrupt-controller", [&] {
                tree.cells("#interrupt-cells", {1});
                tree.flag("interrupt-controller");
                tree.text("compatible", "riscv,cpu-intc");
                tree.cells("phandle", {interrupt_controller_phandle(hart)});
            });
        });
    }
}

void write_aclint(TreeWriter& tree, const BoardDescription& board) {
    std::vector<std::uint32_t> interrupts;
    for (std::size_t hart = 0; hart < board.harts; ++hart) {
        const auto controller = interrupt_controller_phandle(hart);
        interrupts.insert(interrupts.end(), {controller, kMachineSoftware, controller, kMachineTimer});
    }
    tree.node(at("clint", memory_map::kAclint), [&] {
        tree.texts("compatible", {"sifive,clint0", "riscv,clint0"});
        tree.range(memory_map::kAclint.base, memory_map::kAclint.size);
        tree.cells("interrupts-extended", interrupts);
    });
}

void write_uart(TreeWriter& tree) {
    tree.node(at("serial", memory_map::kUart), [&] {
        tree.text("compatible", "ns16550a");
        tree.range(memory_map::kUart.base, memory_map::kUart.size);
        tree.cells("clock-frequency", {Uart16550::kClockHz});
    });
}

void write_finisher(TreeWriter& tree) {
    tree.node(at("test", memory_map::kFinisher), [&] {
        tree.texts("compatible", {"sifive,test1", "sifive,test0", "syscon"});
        tree.range(memory_map::kFinisher.base, memory_map::kFinisher.size);
        tree.cells("phandle", {kFinisherPhandle});
    });
}

void write_power_switch(TreeWriter& tree, const char* name, const char* compatible, std::uint16_t value) {
    tree.node(name, [&] {
        tree.text("compatible", compatible);
        tree.cells("regmap", {kFinisherPhandle});
        tree.cells("offset", {0});
        tree.cells("value", {value});
    });
}

void write_root(TreeWriter& tree, const BoardDescription& board) {
    tree.cells("#address-cells", {2});
    tree.cells("#size-cells", {2});
    tree.text("compatible", "riscv-virtio");
    tree.text("model", "riscv-virtio,backspin");
    tree.node("chosen", [&] {
        if (!board.boot_arguments.empty()) tree.text("bootargs", board.boot_arguments);
        tree.text("stdout-path", "/soc/" + at("serial", memory_map::kUart));
    });
    tree.node(at("memory", memory_map::kRamBase.value), [&] {
        tree.text("device_type", "memory");
        tree.range(memory_map::kRamBase, board.ram_size);
    });
    tree.node("cpus", [&] { write_cpus(tree, board); });
    tree.node("soc", [&] {
        tree.cells("#address-cells", {2});
        tree.cells("#size-cells", {2});
        tree.text("compatible", "simple-bus");
        tree.flag("ranges");
        write_finisher(tree);
        write_aclint(tree, board);
        write_uart(tree);
    });
    write_power_switch(tree, "poweroff", "syscon-poweroff", Finisher::kPass);
    write_power_switch(tree, "reboot", "syscon-reboot", Finisher::kReset);
}

void check(const BoardDescription& board) {
    if (board.harts < 1 || board.harts > BoardDescription::kMaxHarts)
        throw std::invalid_argument("device tree: 1 to 512 harts");
    if (board.ram_size == 0) throw std::invalid_argument("device tree: a board without RAM");
    for (const auto* text : {&board.isa, &board.boot_arguments}) {
        if (text->size() > BoardDescription::kMaxText || text->find('\0') != std::string::npos)
            throw std::invalid_argument("device tree: a text too long, or with a zero in it");
    }
}

}  // namespace

std::vector<std::byte> build_device_tree(const BoardDescription& board) {
    check(board);
    // What does not depend on the description takes under 2 KiB, a hart without its isa under 300 bytes.
    TreeWriter tree(4096 + board.boot_arguments.size() + board.harts * (512 + board.isa.size()));
    tree.node("", [&] { write_root(tree, board); });
    return tree.finish();
}

}  // namespace backspin::emu
