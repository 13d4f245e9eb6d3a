#include "gdbstub/packets/breakpoint.hpp"

#include <utility>

#include <fmt/format.h>

#include "gdbstub/handlers/handlers.hpp"

namespace backspin::gdbstub::handlers {

Answer breakpoint(Conversation& conversation, std::string_view packet) {
    Breakpoints* const breakpoints = conversation.target.breakpoints();
    if (breakpoints == nullptr) return Unsupported{};
    std::optional<BreakpointPacket> request = BreakpointPacket::parse(packet);
    if (!request) return malformed();
    if (!breakpoints->does_tasks()) {
        // Not advertised. A condition that is not looked at only stops too often, and the client looks again
        // itself; a command that is not run would be missed.
        if (!request->tasks.commands.empty())
            return Refused{errno_value::invalid, "commands at breakpoints are not run by the target"};
        request->tasks = {};
    }
    const Outcome<Done> outcome = request->insert
                                      ? breakpoints->insert(request->breakpoint, std::move(request->tasks))
                                      : breakpoints->remove(request->breakpoint);
    if (!outcome) return outcome.failure_as<Answer>();
    return ok();
}

// Nothing else is known here of tracing: without it, GDB asks this when a variable is printed.
Answer trace_variable(Conversation& conversation, std::string_view packet) {
    Breakpoints* const breakpoints = conversation.target.breakpoints();
    if (breakpoints == nullptr || !breakpoints->does_tasks()) return Unsupported{};
    const std::optional<VariablePacket> request = VariablePacket::parse(packet);
    if (!request) return malformed();
    const auto value = breakpoints->variable(request->number);
    return Text{value ? fmt::format("V{:x}", *value) : "U"};
}

}  // namespace backspin::gdbstub::handlers
