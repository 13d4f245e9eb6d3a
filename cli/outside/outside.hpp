// What stands on the host behind one device of the machine: the kernel's entropy, a network, a sound file ...
// It gives inputs, which are recorded, and takes output. A replay has none: its inputs come from the log, and
// its output goes nowhere, unless it is for the user's eyes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cli/host_loop.hpp"
#include "cli/options/outside_choice.hpp"

namespace backspin::cli {

/// Thread: the machine's. What it waits for on the host, it waits for in the host loop's handlers.
class Outside {
  public:
    virtual ~Outside() = default;

    /// The next input, of at most `room` bytes (room > 0); empty if none waits. One packet at a time where
    /// the device takes packets. Asked at the frontier only.
    virtual std::vector<std::byte> next(std::size_t room) = 0;

    /// What the device gave out, the first time that the machine comes there. A guest's program can make it
    /// give out a lot: it must not block.
    virtual void output(std::span<const std::byte> /*bytes*/) {}

    /// The user sees what the device gives out: also when going forward over it once more, and in a replay.
    virtual bool is_for_eyes() const { return false; }

    /// Has its inputs at hand and needs no host to wait for. It is asked at positions that are the same in
    /// every run, soon after the device has room.
    virtual bool answers_at_once() const { return false; }

    /// Input may come at any time, so an idle machine waits in real time.
    virtual bool interactive() const { return false; }

    /// Others stand behind it, who do not go back in time with the machine: only branch 0 is connected.
    virtual bool reaches_others() const { return false; }

    /// Hands out what is still held back, at the end of the run.
    virtual void flush() {}
};

/// Null where there is nothing outside. Throws StartError.
std::unique_ptr<Outside> open_outside(HostLoop& loop, const OutsideChoice& choice, bool force);

}  // namespace backspin::cli
