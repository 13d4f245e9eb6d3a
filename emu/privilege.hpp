// Privilege modes, and the kinds of access that they decide about.
#pragma once

#include <cstdint>

namespace backspin::emu {

/// As encoded in mstatus.MPP.
enum class Privilege : std::uint8_t { user = 0, supervisor = 1, machine = 3 };

enum class AccessKind : std::uint8_t { fetch, load, store };

}  // namespace backspin::emu
