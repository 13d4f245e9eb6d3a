#include "gdbstub/conversation.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace backspin::gdbstub {

Conversation::Conversation(Target& of, StopReport now)
    : target(of),
      last_stop(now),
      general_thread(last_stop.thread),
      user_thread(last_stop.thread),
      description_document(target_xml(of.description())) {
    if (HostInfo* host = target.host_info()) host->report_watches(WatchTiming::before_access);
}

bool Conversation::has_thread(ThreadId thread) const {
    const std::vector<ThreadInfo> threads = target.threads();
    return std::any_of(threads.begin(), threads.end(),
                       [&](const ThreadInfo& info) { return info.id == thread; });
}

void Conversation::stopped(const StopReport& report) {
    last_stop = report;
    // Clients take the thread of a stop as selected and do not say Hg for it.
    general_thread = report.thread;
    user_thread.stopped(report.thread);
}

void Conversation::meet_lldb() {
    if (std::exchange(client.lldb, true)) return;
    if (HostInfo* host = target.host_info()) host->report_watches(WatchTiming::after_access);
}

std::string document_piece(std::string_view document, std::uint64_t offset, std::uint64_t length) {
    if (offset >= document.size()) return "l";
    const std::string_view from_offset = document.substr(offset);
    const std::string_view piece = from_offset.substr(0, std::min<std::uint64_t>(length, kMaximumData));
    return (piece.size() == from_offset.size() ? "l" : "m") + std::string(piece);
}

}  // namespace backspin::gdbstub
