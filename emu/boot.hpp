// What lies where in memory at power-on: firmware, kernel or other program, initial RAM disk, device tree,
// and the reset vector, all as QEMU's virt board places them, so that what boots there boots here. Source:
// QEMU hw/riscv/boot.c and hw/riscv/virt.c; OpenSBI include/sbi/fw_dynamic.h; Linux
// Documentation/arch/riscv/boot.rst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "emu/device_tree.hpp"
#include "emu/loader.hpp"

namespace backspin::emu {

/// A file that the user handed in.
struct BootFile {
    std::string name;                  ///< as the user called it, for messages
    std::span<const std::byte> bytes;  ///< empty: there is no such file
};

struct BootFiles {
    /// Where the harts start, in machine mode: ELF, or flat for the start of RAM. Without it they start in
    /// the program.
    BootFile firmware;
    /// With firmware, what that one starts in supervisor mode (a kernel, U-Boot): ELF, Linux's Image, gzipped
    /// or not, or flat for the next 2 MiB (RV32: 4 MiB) behind the firmware. Without, a program for the bare
    /// machine: ELF, or flat for the start of RAM.
    BootFile program;
    /// For a Linux kernel.
    BootFile initrd;
};

struct Placement {
    PhysicalAddress at;
    std::span<const std::byte> bytes;  ///< to be copied there; views a file that was given, or BootPlan::made
    std::uint64_t memory_size = 0;     ///< at least bytes.size(); the rest is zeros, as RAM is at power-on
    std::string what;                  ///< in words, for messages
};

struct BootPlan {
    BootPlan() = default;
    BootPlan(BootPlan&&) = default;
    BootPlan& operator=(BootPlan&&) = default;

    std::vector<Placement> placements;  ///< by address; disjoint, each inside RAM or the mask ROM
    PhysicalAddress reset;              ///< where every hart starts: the reset vector
    PhysicalAddress entry;  ///< where the reset vector leads, with a0 = the hart's number, a1 = device_tree
    PhysicalAddress device_tree;
    std::vector<std::vector<std::byte>> made;  ///< the bytes of what was in no file
};

/// `board` as the user wants it; where the initrd lies is filled in here. The files must outlive the plan.
/// Throws LoadError with a text that names the file, and std::invalid_argument for a board out of its bounds.
BootPlan plan_boot(const BootFiles& files, BoardDescription board);

}  // namespace backspin::emu
