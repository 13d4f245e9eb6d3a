// Semihosting: calls with which a program for the bare machine uses the computer that it runs on. An `ebreak`
// between two instructions that do nothing is a call, where the user has switched that on.
// Source: RISC-V Semihosting, version 1.0; Semihosting for AArch32 and AArch64 (Arm), chapter "Semihosting
// operations".
//
// What the machine knows by itself is answered at once. What it cannot know (files, typed characters) is
// asked: the call retires, and the machine stands still until the answer comes as an input on
// kSemihostingChannel. Files are only read.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "emu/board.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// What a call may have changed in memory.
using ChangedMemory = std::vector<MemoryPiece>;

/// Makes the call if the ebreak at hart.pc is one; nothing, and nothing done, if it is a breakpoint. pc and
/// counters are the caller's: a call retires. In U mode there are no calls, as with QEMU.
std::optional<ChangedMemory> call_host(Board& board, Memory& memory, Hart& hart);

/// What the host has to say to a request.
struct HostAnswer {
    HostError error = HostError::none;
    std::span<const std::byte>
        data;  ///< open: the file's length in 8 bytes, the lowest first; else what was read
};

/// The bytes of an input on kSemihostingChannel: the error's number in 4 bytes, the lowest first, and the
/// data.
std::vector<std::byte> input_of(const HostAnswer& answer);

/// An input has come on kSemihostingChannel: gives it to the hart that waits. Any bytes may come; those that
/// say nothing are an input/output error, and without a request nothing happens.
ChangedMemory take_answer(Board& board, Memory& memory, std::span<const std::byte> bytes);

}  // namespace backspin::emu
