// Stop replies: how a run's end is told. GDB manual, "Stop Reply Packets".
#pragma once

#include <string>

#include "gdbstub/conversation.hpp"
#include "gdbstub/outcome.hpp"

namespace backspin::gdbstub {

/// T with the expedited registers, the thread and the reason, or W. Fails only if the target is broken.
Outcome<std::string> stop_reply(const Conversation&, const StopReport&);

}  // namespace backspin::gdbstub
