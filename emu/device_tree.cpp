#include "emu/device_tree.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <libfdt.h>

#include "emu/devices/aclint.hpp"
#include "emu/devices/finisher.hpp"
#include "emu/devices/plic.hpp"
#include "emu/devices/uart16550.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

namespace {

// Interrupt causes (Privileged Architecture, mcause).
constexpr std::uint32_t kMachineSoftware = 3;
constexpr std::uint32_t kMachineTimer = 7;
constexpr std::uint32_t kMachineExternal = 11;
constexpr std::uint32_t kSupervisorExternal = 9;

/// Bytes that one cache-block instruction acts on.
constexpr std::uint32_t kCacheBlockSize = 64;

/// The same in every machine: a kernel that finds none takes far longer, as for every random number, of which
/// it uses one in each system call, it then mixes its pool anew. 256 bits are what Linux asks for; these are
/// of pi.
constexpr std::array<std::uint32_t, 8> kRandomSeed{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344,
                                                   0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89};

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
    void texts(const char* name, const std::vector<std::string>& values) {
        std::string all;
        for (const auto& value : values) all.append(value).push_back('\0');
        check(fdt_property(buffer_.data(), name, all.data(), static_cast<int>(all.size())));
    }
    void cells(const char* name, const std::vector<std::uint32_t>& values) {
        std::vector<fdt32_t> big_endian;
        big_endian.reserve(values.size());
        for (const auto value : values) big_endian.push_back(cpu_to_fdt32(value));
        check(fdt_property(buffer_.data(), name, big_endian.data(),
                           static_cast<int>(big_endian.size() * sizeof(fdt32_t))));
    }
    /// One number of two cells.
    void wide(const char* name, std::uint64_t value) { cells(name, {high(value), low(value)}); }
    /// "reg": one address and one size, of two cells each.
    void range(const BusRange& range) {
        cells("reg", {high(range.base.value), low(range.base.value), high(range.size), low(range.size)});
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

// Phandles: one for the finisher, one for the PLIC, then two for each hart.
constexpr std::uint32_t kFinisherPhandle = 1;
constexpr std::uint32_t kPlicPhandle = 2;
std::uint32_t hart_phandle(std::size_t hart) {
    return static_cast<std::uint32_t>(2 * hart) + 3;
}
std::uint32_t interrupt_controller_phandle(std::size_t hart) {
    return hart_phandle(hart) + 1;
}

/// The three properties in which a kernel, new or old, looks for what a hart can do, and what goes with them.
void write_isa(TreeWriter& tree, const Isa& isa) {
    tree.text("riscv,isa", isa.name());
    tree.text("riscv,isa-base", isa.base_name());
    tree.texts("riscv,isa-extensions", isa.extension_names());
    const auto* most_levels = isa.has(Extension::Sv57) ? "riscv,sv57" : "riscv,sv48";
    tree.text("mmu-type", isa.xlen() == 32 ? "riscv,sv32" : most_levels);
    if (isa.has(Extension::Zicbom)) tree.cells("riscv,cbom-block-size", {kCacheBlockSize});
    if (isa.has(Extension::Zicbop)) tree.cells("riscv,cbop-block-size", {kCacheBlockSize});
    if (isa.has(Extension::Zicboz)) tree.cells("riscv,cboz-block-size", {kCacheBlockSize});
}

void write_hart(TreeWriter& tree, std::size_t hart, const Isa& isa) {
    tree.node(at("cpu", hart), [&] {
        tree.text("device_type", "cpu");
        tree.cells("reg", {static_cast<std::uint32_t>(hart)});
        tree.text("status", "okay");
        tree.text("compatible", "riscv");
        write_isa(tree, isa);
        tree.cells("phandle", {hart_phandle(hart)});
        tree.node("interrupt-controller", [&] {
            tree.cells("#interrupt-cells", {1});
            tree.flag("interrupt-controller");
            tree.text("compatible", "riscv,cpu-intc");
            tree.cells("phandle", {interrupt_controller_phandle(hart)});
        });
    });
}

void write_cpus(TreeWriter& tree, const BoardDescription& board) {
    tree.cells("#address-cells", {1});
    tree.cells("#size-cells", {0});
    tree.cells("timebase-frequency", {Aclint::kTicksPerSecond});
    for (std::size_t hart = 0; hart < board.harts; ++hart) write_hart(tree, hart, board.isa);
    tree.node("cpu-map", [&] {
        tree.node("cluster0", [&] {
            for (std::size_t hart = 0; hart < board.harts; ++hart) {
                tree.node("core" + std::to_string(hart), [&] { tree.cells("cpu", {hart_phandle(hart)}); });
            }
        });
    });
}

/// To each hart's interrupt controller, a wire for each of the two causes.
std::vector<std::uint32_t> wires_to_harts(std::size_t harts, std::uint32_t first, std::uint32_t second) {
    std::vector<std::uint32_t> wires;
    for (std::size_t hart = 0; hart < harts; ++hart) {
        const auto controller = interrupt_controller_phandle(hart);
        wires.insert(wires.end(), {controller, first, controller, second});
    }
    return wires;
}

void write_aclint(TreeWriter& tree, const BoardDescription& board) {
    tree.node(at("clint", memory_map::kAclint), [&] {
        tree.texts("compatible", {"sifive,clint0", "riscv,clint0"});
        tree.range(memory_map::kAclint);
        tree.cells("interrupts-extended", wires_to_harts(board.harts, kMachineSoftware, kMachineTimer));
    });
}

void write_plic(TreeWriter& tree, const BoardDescription& board) {
    tree.node(at("plic", memory_map::kPlic), [&] {
        tree.texts("compatible", {"sifive,plic-1.0.0", "riscv,plic0"});
        tree.range(memory_map::kPlic);
        // The order of these is the numbering of the PLIC's contexts.
        tree.cells("interrupts-extended", wires_to_harts(board.harts, kMachineExternal, kSupervisorExternal));
        tree.cells("riscv,ndev", {Plic::kLastSource});
        tree.flag("interrupt-controller");
        tree.cells("#interrupt-cells", {1});
        tree.cells("#address-cells", {0});
        tree.cells("phandle", {kPlicPhandle});
    });
}

void wire_to_plic(TreeWriter& tree, std::uint32_t source) {
    tree.cells("interrupt-parent", {kPlicPhandle});
    tree.cells("interrupts", {source});
}

void write_uart(TreeWriter& tree) {
    tree.node(at("serial", memory_map::kUart), [&] {
        tree.text("compatible", "ns16550a");
        tree.range(memory_map::kUart);
        tree.cells("clock-frequency", {Uart16550::kClockHz});
        wire_to_plic(tree, interrupt_source::kUart);
    });
}

void write_rtc(TreeWriter& tree) {
    tree.node(at("rtc", memory_map::kRtc), [&] {
        tree.text("compatible", "google,goldfish-rtc");
        tree.range(memory_map::kRtc);
        wire_to_plic(tree, interrupt_source::kRtc);
    });
}

void write_virtio(TreeWriter& tree) {
    for (std::uint32_t i = 0; i < memory_map::kVirtioTransports; ++i) {
        const BusRange transport{{memory_map::kVirtio.base.value + i * memory_map::kVirtioTransportSize},
                                 memory_map::kVirtioTransportSize};
        tree.node(at("virtio_mmio", transport), [&] {
            tree.text("compatible", "virtio,mmio");
            tree.range(transport);
            wire_to_plic(tree, interrupt_source::kVirtio + i);
        });
    }
}

void write_finisher(TreeWriter& tree) {
    tree.node(at("test", memory_map::kFinisher), [&] {
        tree.texts("compatible", {"sifive,test1", "sifive,test0", "syscon"});
        tree.range(memory_map::kFinisher);
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
    const auto console = "/soc/" + at("serial", memory_map::kUart);
    tree.node("aliases", [&] { tree.text("serial0", console); });
    tree.node("chosen", [&] {
        if (!board.boot_arguments.empty()) tree.text("bootargs", board.boot_arguments);
        tree.text("stdout-path", console);
        if (board.seeds_random_numbers) tree.cells("rng-seed", {kRandomSeed.begin(), kRandomSeed.end()});
        if (board.initrd) {
            tree.wide("linux,initrd-start", board.initrd->base.value);
            tree.wide("linux,initrd-end", board.initrd->base.value + board.initrd->size);
        }
    });
    tree.node(at("memory", memory_map::kRamBase.value), [&] {
        tree.text("device_type", "memory");
        tree.range({memory_map::kRamBase, board.ram_size});
    });
    tree.node("cpus", [&] { write_cpus(tree, board); });
    tree.node("soc", [&] {
        tree.cells("#address-cells", {2});
        tree.cells("#size-cells", {2});
        tree.text("compatible", "simple-bus");
        tree.flag("ranges");
        write_finisher(tree);
        write_aclint(tree, board);
        write_plic(tree, board);
        write_uart(tree);
        write_rtc(tree);
        write_virtio(tree);
    });
    write_power_switch(tree, "poweroff", "syscon-poweroff", Finisher::kPass);
    write_power_switch(tree, "reboot", "syscon-reboot", Finisher::kReset);
}

void check(const BoardDescription& board) {
    if (board.harts < 1 || board.harts > BoardDescription::kMaxHarts)
        throw std::invalid_argument("device tree: 1 to 512 harts");
    if (board.ram_size == 0) throw std::invalid_argument("device tree: a board without RAM");
    const auto& text = board.boot_arguments;
    if (text.size() > BoardDescription::kMaxText || text.find('\0') != std::string::npos)
        throw std::invalid_argument("device tree: boot arguments too long, or with a zero in them");
}

}  // namespace

std::vector<std::byte> build_device_tree(const BoardDescription& board) {
    check(board);
    // What does not depend on the description takes under 4 KiB, a hart under 800 bytes besides its isa's
    // names, each of which is there twice.
    const auto per_hart = 1024 + 4 * board.isa.name().size();
    TreeWriter tree(8192 + board.boot_arguments.size() + board.harts * per_hart);
    tree.node("", [&] { write_root(tree, board); });
    return tree.finish();
}

}  // namespace backspin::emu
