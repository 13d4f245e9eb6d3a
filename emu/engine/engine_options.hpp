// Which engine a machine runs by. No part of its configuration: the state at every position is the same.
#pragma once

#include <cstdint>

namespace backspin::emu {

enum class EngineKind : std::uint8_t {
    automatic,    ///< translated code where the host can run it
    translating,  ///< translated code: an error where it cannot
    interpreting,
};

struct EngineOptions {
    EngineKind kind = EngineKind::automatic;
    /// A block that is entered this often is translated: 1 or more. Less often, translating costs more than
    /// it saves.
    std::int32_t entries_before_translation = 32;
};

}  // namespace backspin::emu
