// Accesses that have to wait for the host: a device's register shows something that the machine cannot know
// by itself (the host's clock), and its load cannot wait in the middle of a step.
//
// So the step before is the device's: it asks, and the hart attempts nothing. The machine stands still until
// the answer has come as an input; then the hart makes its attempt, which finds the answer in the device.
// Asking changes nothing but the device (and it wakes the hart, whose turn has begun): no counter, no bit of
// a page table. It is no attempt, so no stop holds before it: each load is reported once, where it happens.
#pragma once

#include "emu/board.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// Whether the hart's attempt at its pc would reach such a register with no answer there. Changes nothing.
bool must_ask_host(const Board& board, const Memory& memory, const Hart& hart);

}  // namespace backspin::emu
