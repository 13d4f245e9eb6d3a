// What a hart's addresses lead to, stretch by stretch: memory, a device, or nothing.
#pragma once

#include "base/address.hpp"
#include "emu/riscv_machine.hpp"
#include "gdbstub/target.hpp"

namespace backspin::cli {

/// The stretch around an address, as the hart's loads and stores see it now: where nothing is translated, a
/// range of the bus or a gap between two; otherwise one page of whatever size, or what one invalid entry of a
/// page table leaves out. What is said to be writable or executable, page tables allow; protection of
/// physical memory is left out.
gdbstub::MemoryRegion memory_region_at(const emu::RiscvMachine& machine, HartId hart, VirtualAddress at);

}  // namespace backspin::cli
