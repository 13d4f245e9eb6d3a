#include "gdbstub/packets/query.hpp"

#include <fmt/format.h>

#include "gdbstub/framing.hpp"
#include "gdbstub/handlers/handlers.hpp"

namespace backspin::gdbstub::handlers {

// Left out on purpose: qXfer:memory-map, because GDB then refuses every address outside the map, and with it
// a guest's virtual addresses; multiprocess, because there is one program, whose processors are threads.
Answer supported(Conversation& conversation, std::string_view packet) {
    const std::optional<Supported> request = Supported::parse(packet);
    if (!request) return malformed();
    ClientTraits& client = conversation.client;
    Target& target = conversation.target;
    const bool breakpoints = target.breakpoints() != nullptr;
    client.software_break_reasons = breakpoints && request->offers("swbreak+");
    client.hardware_break_reasons = breakpoints && request->offers("hwbreak+");
    client.error_messages = request->offers("error-message+");

    std::string reply = fmt::format(
        "PacketSize={:x};QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+", kMaximumPacket);
    if (target.exec_file() != nullptr) reply += ";qXfer:exec-file:read+";
    reply += ";vContSupported+";
    if (client.software_break_reasons) reply += ";swbreak+";
    if (client.hardware_break_reasons) reply += ";hwbreak+";
    if (breakpoints && target.breakpoints()->does_tasks())
        reply += ";ConditionalBreakpoints+;BreakpointCommands+";
    if (target.moves().reverse) reply += ";ReverseStep+;ReverseContinue+";
    reply += ";binary-upload+";
    if (client.error_messages) reply += ";error-message+";
    return Text{reply};
}

Answer remote_command(Conversation& conversation, std::string_view packet) {
    Monitor* const monitor = conversation.target.monitor();
    if (monitor == nullptr) return Unsupported{};
    const std::optional<RemoteCommand> request = RemoteCommand::parse(packet);
    if (!request) return malformed();
    Outcome<std::string> outcome = monitor->execute(request->command, conversation.user_thread.value());
    if (!outcome) return outcome.failure_as<Answer>();
    return ConsoleText{std::move(*outcome.value())};
}

// Attached to, not started: leaving the client must not end the program.
Answer attached(Conversation&, std::string_view) {
    return Text{"1"};
}

// Nothing to look up.
Answer symbol_lookup(Conversation&, std::string_view) {
    return ok();
}

}  // namespace backspin::gdbstub::handlers
