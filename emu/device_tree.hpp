// The flattened device tree that tells a guest what board it runs on. Source: Devicetree Specification 0.4;
// Linux bindings riscv/cpus, riscv/extensions, riscv,cpu-intc, sifive,plic-1.0.0, sifive,clint, ns16550a,
// google,goldfish-rtc, virtio,mmio, syscon-poweroff; for what is there at all, the tree of QEMU's virt board.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emu/isa/isa.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

struct BoardDescription {
    std::size_t harts = 1;             ///< 1 to kMaxHarts; all alike
    Isa isa;                           ///< what each hart has
    std::uint64_t ram_size = 0;        ///< bytes, from memory_map::kRamBase; not 0
    std::string boot_arguments;        ///< /chosen/bootargs, at most kMaxText; left out when empty
    bool seeds_random_numbers = true;  ///< /chosen/rng-seed, the same in every machine
    std::optional<BusRange> initrd;    ///< where the initial RAM disk lies, for the kernel to find it

    /// As many as QEMU's virt board takes.
    static constexpr std::size_t kMaxHarts = 512;
    /// Longest boot_arguments, so that the tree's size has a bound; Linux on RISC-V reads 1024.
    static constexpr std::size_t kMaxText = 2048;
};

/// The tree as a guest finds it in memory: its size is fdt_totalsize, with no slack. Throws
/// std::invalid_argument for a description out of its bounds.
std::vector<std::byte> build_device_tree(const BoardDescription& board);

}  // namespace backspin::emu
