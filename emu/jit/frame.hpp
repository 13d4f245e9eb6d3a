// What translated code and the interpreter hand to each other. Translated code gives up wherever something
// is not the usual case: the interpreter, which knows all cases, makes that step and may come back behind it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emu/engine/block.hpp"

namespace backspin::emu::jit {

enum class Exit : std::uint32_t {
    operation,     ///< `slot` is to be executed; the block was paid for
    enter,         ///< the block at `slot` is to be entered; it was not paid for
    taken,         ///< where the branch at `slot` leads is not linked, or not translated
    fall_through,  ///< the same if it is not taken
    address,       ///< go on at `pc`
};

struct Frame {
    // Set by the interpreter.
    std::uint64_t* x = nullptr;       ///< the hart's registers; all others are found beside them
    void* data = nullptr;             ///< the translation buffers: that for reads first
    void* jumps = nullptr;            ///< the JumpTable
    std::uint32_t observed = 0;       ///< whether breakpoint operations are the interpreter's
    std::uint32_t float_ready = 0;    ///< floating point is on, dirty, and rounds as the host can
    std::uint32_t guest_control = 0;  ///< MXCSR for the guest's rounding mode, no flags
    std::uint32_t usual_control = 0;  ///< MXCSR as the rest of the program expects it

    // In and out.
    std::uint64_t left = 0;  ///< as in the interpreter: of the budget, once the block has run
    std::uint64_t base = 0;  ///< address of the page that runs

    // Set by translated code.
    Exit exit{};
    std::uint32_t float_used = 0;     ///< final_control holds the flags that were raised
    std::uint32_t final_control = 0;  ///< MXCSR at the end
    const Slot* slot = nullptr;
    const Slot* head = nullptr;  ///< of operation: where the block begins
    std::uint64_t pc = 0;
    const std::byte* site = nullptr;  ///< of taken and fall_through: where a jump can be put in
};

}  // namespace backspin::emu::jit
