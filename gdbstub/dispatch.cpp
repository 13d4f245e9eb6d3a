#include "gdbstub/dispatch.hpp"

#include <array>

#include "gdbstub/handlers/handlers.hpp"

namespace backspin::gdbstub {

namespace {

enum class Name : std::uint8_t {
    whole,   // the packet is this name
    prefix,  // the packet begins with it
};

struct Entry {
    std::string_view name;
    Name match;
    handlers::Handler handler;
    ReplyForm form;
};

// The first that fits counts. A packet that none fits gets the empty reply, vMustReplyEmpty among them.
constexpr auto kEntries = std::to_array<Entry>({
    {"bs", Name::whole, handlers::reverse_step, ReplyForm::status},
    {"bc", Name::whole, handlers::reverse_continue, ReplyForm::status},
    {"m", Name::prefix, handlers::read_memory, ReplyForm::data},
    {"x", Name::prefix, handlers::read_memory, ReplyForm::data},
    {"M", Name::prefix, handlers::write_memory, ReplyForm::status},
    {"X", Name::prefix, handlers::write_memory, ReplyForm::status},
    {"g", Name::prefix, handlers::read_registers, ReplyForm::data},
    {"G", Name::prefix, handlers::write_registers, ReplyForm::status},
    {"p", Name::prefix, handlers::read_register, ReplyForm::data},
    {"P", Name::prefix, handlers::write_register, ReplyForm::status},
    {"Z", Name::prefix, handlers::breakpoint, ReplyForm::status},
    {"z", Name::prefix, handlers::breakpoint, ReplyForm::status},
    {"H", Name::prefix, handlers::select_thread, ReplyForm::status},
    {"T", Name::prefix, handlers::thread_alive, ReplyForm::status},
    {"?", Name::whole, handlers::why_stopped, ReplyForm::status},
    {"c", Name::prefix, handlers::legacy_resume, ReplyForm::status},
    {"C", Name::prefix, handlers::legacy_resume, ReplyForm::status},
    {"s", Name::prefix, handlers::legacy_resume, ReplyForm::status},
    {"S", Name::prefix, handlers::legacy_resume, ReplyForm::status},
    {"D", Name::whole, handlers::detach, ReplyForm::status},
    {"D;", Name::prefix, handlers::detach, ReplyForm::status},
    {"k", Name::whole, handlers::kill_at_once, ReplyForm::status},
    {"!", Name::whole, handlers::enter_extended, ReplyForm::status},
    {"R", Name::prefix, handlers::restart, ReplyForm::status},
    {"vCont?", Name::whole, handlers::known_actions, ReplyForm::data},
    {"vCont;", Name::prefix, handlers::resume_actions, ReplyForm::status},
    {"vCtrlC", Name::whole, handlers::interrupt_at_rest, ReplyForm::status},
    {"vFile:", Name::prefix, handlers::file_io, ReplyForm::data},
    {"vKill;", Name::prefix, handlers::kill_politely, ReplyForm::status},
    {"vRun;", Name::prefix, handlers::run_program, ReplyForm::status},
    {"qSupported", Name::prefix, handlers::supported, ReplyForm::data},
    {"qXfer:", Name::prefix, handlers::transfer, ReplyForm::data},
    {"qRcmd,", Name::prefix, handlers::remote_command, ReplyForm::console},
    {"qC", Name::whole, handlers::current_thread, ReplyForm::data},
    {"qCRC:", Name::prefix, handlers::checksum_memory, ReplyForm::data},
    {"qSearch:memory:", Name::prefix, handlers::search_memory, ReplyForm::data},
    {"qAttached", Name::prefix, handlers::attached, ReplyForm::data},
    {"qTV:", Name::prefix, handlers::trace_variable, ReplyForm::data},
    {"qSymbol:", Name::prefix, handlers::symbol_lookup, ReplyForm::data},
    {"qfThreadInfo", Name::whole, handlers::first_threads, ReplyForm::data},
    {"qsThreadInfo", Name::whole, handlers::further_threads, ReplyForm::data},
    {"qThreadExtraInfo,", Name::prefix, handlers::thread_extra_info, ReplyForm::data},
    {"qHostInfo", Name::whole, handlers::host_info, ReplyForm::data},
    {"qProcessInfo", Name::whole, handlers::process_info, ReplyForm::data},
    {"QThreadSuffixSupported", Name::whole, handlers::thread_suffix, ReplyForm::status},
    {"qRegisterInfo", Name::prefix, handlers::register_info, ReplyForm::data},
    {"qMemoryRegionInfo:", Name::prefix, handlers::memory_region, ReplyForm::data},
    {"jThreadsInfo", Name::whole, handlers::threads_info, ReplyForm::data},
});

bool fits(const Entry& entry, std::string_view packet) {
    return entry.match == Name::whole ? packet == entry.name : packet.starts_with(entry.name);
}

}  // namespace

Handled handle(Conversation& conversation, std::string_view packet) {
    for (const Entry& entry : kEntries) {
        if (fits(entry, packet)) return {entry.handler(conversation, packet), entry.form};
    }
    return {Unsupported{}};
}

}  // namespace backspin::gdbstub
