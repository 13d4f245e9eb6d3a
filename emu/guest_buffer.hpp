// A hart's memory as the host reaches it in the hart's name: where the hart may load and store, through its
// translation and protection, but without leaving marks in the page tables.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "emu/hart.hpp"
#include "emu/isa/isa.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// Where the bytes are. Nothing if the hart may not access one of them so, or one is neither in RAM nor, to
/// be read, in ROM.
std::optional<std::vector<MemoryPiece>> locate_for_hart(const Isa& isa, const Memory& memory,
                                                        const Hart& hart, VirtualAddress at,
                                                        std::size_t length, AccessKind kind);

/// False, and nothing done, if the hart may not load, or fetch, all of it.
bool read_for_hart(const Isa& isa, const Memory& memory, const Hart& hart, VirtualAddress at,
                   std::span<std::byte> out, AccessKind kind = AccessKind::load);

}  // namespace backspin::emu
