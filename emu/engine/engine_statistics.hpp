// What an engine has done since its machine was made: no part of any state, and nothing depends on it.
#pragma once

#include <array>
#include <cstdint>

namespace backspin::emu {

/// Accesses that were not found in the translation buffers.
struct AccessStatistics {
    std::uint64_t loads = 0, stores = 0;
    std::uint64_t of_devices = 0;  ///< among both
};

/// Translated code.
struct TranslationStatistics {
    std::uint64_t blocks = 0;        ///< translated
    std::uint64_t instructions = 0;  ///< in them
    std::uint64_t bytes = 0;         ///< of the host's code
    std::uint64_t links = 0;         ///< jumps from block to block put in
    std::uint64_t times_full = 0;    ///< times everything was dropped to make room
    /// How often it gave up, by what for: see jit::Exit.
    std::array<std::uint64_t, 5> exits{};
};

struct EngineStatistics {
    std::uint64_t steps = 0;             ///< by instructions, in either way
    std::uint64_t translated_steps = 0;  ///< in translated code
    TranslationStatistics translation;
    AccessStatistics accesses;
    std::array<std::uint64_t, 4> slices{};  ///< runs, by what ended them: see Interpreter::Leave
};

}  // namespace backspin::emu
