// What only LLDB sends. llvm-project: lldb/docs/resources/lldbgdbremote.md.
#include <fmt/format.h>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub::handlers {

namespace {

std::size_t pointer_bytes(const TargetDescription& description) {
    for (const RegisterDescription& entry : description.registers) {
        if (entry.role == RegisterRole::program_counter) return entry.bytes();
    }
    return sizeof(std::uint64_t);
}

std::string machine_facts(const Target& target, const HostInfo& host) {
    const TargetDescription& description = target.description();
    return fmt::format("triple:{};endian:{};ptrsize:{};", to_hex(host.triple()),
                       description.big_endian ? "big" : "little", pointer_bytes(description));
}

}  // namespace

Answer host_info(Conversation& conversation, std::string_view) {
    const HostInfo* const host = conversation.target.host_info();
    conversation.meet_lldb();
    if (host == nullptr) return Unsupported{};
    // With any other timing LLDB steps off a watchpoint forwards even when it goes backwards, and never gets
    // away.
    return Text{machine_facts(conversation.target, *host) + "watchpoint_exceptions_received:after;"};
}

Answer process_info(Conversation& conversation, std::string_view) {
    const HostInfo* const host = conversation.target.host_info();
    if (host == nullptr) return Unsupported{};
    return Text{"pid:1;" + machine_facts(conversation.target, *host)};
}

Answer thread_suffix(Conversation& conversation, std::string_view) {
    conversation.meet_lldb();
    return ok();
}

}  // namespace backspin::gdbstub::handlers
