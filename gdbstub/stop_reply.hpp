// Stop replies: how a run's end is told. GDB manual, "Stop Reply Packets".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gdbstub/conversation.hpp"
#include "gdbstub/outcome.hpp"

namespace backspin::gdbstub {

/// A register that is told with every stop.
struct ExpeditedRegister {
    std::uint32_t number = 0;
    std::string value;  ///< in hex, in the target's byte order
};

/// Fails only if the target is broken; a register that cannot be read is left out.
Outcome<std::vector<ExpeditedRegister>> expedited_registers(const Conversation&, ThreadId);

/// GDB's number of the signal by which the stop is told.
unsigned stop_signal(const Conversation&, const StopReason&);

/// T with the expedited registers, the thread and the reason, or W. Fails only if the target is broken.
Outcome<std::string> stop_reply(const Conversation&, const StopReport&);

}  // namespace backspin::gdbstub
