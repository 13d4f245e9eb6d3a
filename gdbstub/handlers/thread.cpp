#include "gdbstub/packets/thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/text.hpp"
#include "gdbstub/xml.hpp"

namespace backspin::gdbstub::handlers {

Answer select_thread(Conversation& conversation, std::string_view packet) {
    const std::optional<SelectThread> request = SelectThread::parse(packet);
    if (!request) return malformed();
    const std::optional<ThreadId> thread = request->selector.thread;
    if (thread && !conversation.has_thread(*thread)) return no_such_thread();
    if (request->purpose == ThreadPurpose::resume) {
        conversation.resume_thread = thread;
    } else if (thread) {
        conversation.general_thread = *thread;
        conversation.user_thread.selected(*thread);
    }
    return ok();
}

Answer thread_alive(Conversation& conversation, std::string_view packet) {
    const std::optional<ThreadAlive> request = ThreadAlive::parse(packet);
    if (!request) return malformed();
    if (!conversation.has_thread(request->thread)) return no_such_thread();
    conversation.user_thread.asked_if_alive(request->thread, conversation.target.threads().size());
    return ok();
}

Answer current_thread(Conversation& conversation, std::string_view) {
    return Text{fmt::format("QC{:x}", conversation.general_thread.value)};
}

Answer first_threads(Conversation& conversation, std::string_view) {
    conversation.user_thread.threads_listed();
    std::string reply;
    for (const ThreadInfo& info : conversation.target.threads()) {
        reply += fmt::format("{}{:x}", reply.empty() ? 'm' : ',', info.id.value);
    }
    return Text{reply};
}

// All of them came with the first.
Answer further_threads(Conversation&, std::string_view) {
    return Text{"l"};
}

Answer thread_extra_info(Conversation& conversation, std::string_view packet) {
    const std::optional<ThreadExtraInfo> request = ThreadExtraInfo::parse(packet);
    if (!request) return malformed();
    for (const ThreadInfo& info : conversation.target.threads()) {
        if (info.id == request->thread) return Text{to_hex(fmt::format("{} [{}]", info.name, info.state))};
    }
    return no_such_thread();
}

// GDB manual, "Thread List Format".
std::string threads_document(const Target& target) {
    std::string xml = "<?xml version=\"1.0\"?>\n<threads>\n";
    for (const ThreadInfo& info : target.threads()) {
        const std::string core = info.core ? fmt::format(" core=\"{}\"", *info.core) : "";
        xml += fmt::format("  <thread id=\"{:x}\"{} name=\"{}\">{}</thread>\n", info.id.value, core,
                           xml_escaped(info.name), xml_escaped(info.state));
    }
    return xml + "</threads>\n";
}

}  // namespace backspin::gdbstub::handlers
