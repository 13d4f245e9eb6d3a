// The flattened device tree that tells a guest what board it runs on. Source: Devicetree Specification 0.4;
// Linux bindings for riscv,cpu-intc, sifive,clint0, ns16550a, syscon-poweroff.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace backspin::emu {

struct BoardDescription {
    std::size_t harts = 1;                        ///< 1 to kMaxHarts
    std::uint64_t ram_size = 0;                   ///< bytes, from memory_map::kRamBase; not 0
    std::string isa = "rv64imac_zicsr_zifencei";  ///< as in the binding riscv,isa
    std::string boot_arguments;                   ///< /chosen/bootargs; left out when empty

    /// As many as QEMU's virt board takes.
    static constexpr std::size_t kMaxHarts = 512;
    /// Longest isa and boot_arguments, so that the tree's size has a bound.
    static constexpr std::size_t kMaxText = 2048;
};

/// The tree as a guest finds it in memory: its size is fdt_totalsize, with no slack. Throws
/// std::invalid_argument for a description out of its bounds.
std::vector<std::byte> build_device_tree(const BoardDescription& board);

}  // namespace backspin::emu
