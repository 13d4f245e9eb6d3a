// The ways in which a client leaves, or gives the target up.
#include "gdbstub/handlers/handlers.hpp"

namespace backspin::gdbstub::handlers {

namespace {

void drop_breakpoints(Conversation& conversation) {
    if (Breakpoints* breakpoints = conversation.target.breakpoints()) breakpoints->remove_all();
}

}  // namespace

Answer detach(Conversation& conversation, std::string_view) {
    drop_breakpoints(conversation);
    return Goodbye{.how = Farewell::detached};
}

Answer kill_at_once(Conversation& conversation, std::string_view) {
    drop_breakpoints(conversation);
    if (conversation.client.extended_mode) return Silence{};
    return Goodbye{.how = Farewell::killed, .says_ok = false};
}

Answer kill_politely(Conversation& conversation, std::string_view) {
    drop_breakpoints(conversation);
    if (conversation.client.extended_mode) return ok();
    return Goodbye{.how = Farewell::killed};
}

Answer enter_extended(Conversation& conversation, std::string_view) {
    conversation.client.extended_mode = true;
    return ok();
}

}  // namespace backspin::gdbstub::handlers
