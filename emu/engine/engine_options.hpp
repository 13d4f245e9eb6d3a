// Which engine a machine runs by. No part of its configuration: the state at every position is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/address.hpp"

namespace backspin::emu {

enum class EngineKind : std::uint8_t {
    automatic,    ///< translated code where the host can run it
    translating,  ///< translated code: an error where it cannot
    interpreting,
};

/// Where the code of a block lies on the host, and what it was translated from.
struct TranslatedBlock {
    const std::byte* code = nullptr;
    std::size_t bytes = 0;
    VirtualAddress guest;  ///< as it was entered first
};

struct EngineOptions {
    EngineKind kind = EngineKind::automatic;
    /// A block that is entered this often is translated: 1 or more. Less often, translating costs more than
    /// it saves.
    std::int32_t entries_before_translation = 32;
    /// Room for translated code, from kLeastCodeBytes on: when it is full, all of it is dropped.
    std::size_t code_bytes = std::size_t{32} << 20;
    static constexpr std::size_t kLeastCodeBytes = std::size_t{256} << 10;
    /// Told of every block that is translated, for profilers; by the thread that runs the machine.
    std::function<void(const TranslatedBlock&)> on_translated{};
};

}  // namespace backspin::emu
