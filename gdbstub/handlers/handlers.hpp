// One function per packet, grouped by the file that holds them; files are named as the packet families are.
#pragma once

#include <string_view>

#include "gdbstub/answer.hpp"
#include "gdbstub/conversation.hpp"

namespace backspin::gdbstub::handlers {

using Handler = Answer (*)(Conversation&, std::string_view packet);

// breakpoint.cpp
Answer breakpoint(Conversation&, std::string_view packet);      // Z z
Answer trace_variable(Conversation&, std::string_view packet);  // qTV

// file_io.cpp
Answer file_io(Conversation&, std::string_view packet);  // vFile

// leave.cpp
Answer detach(Conversation&, std::string_view packet);          // D
Answer kill_at_once(Conversation&, std::string_view packet);    // k
Answer kill_politely(Conversation&, std::string_view packet);   // vKill
Answer enter_extended(Conversation&, std::string_view packet);  // !

// lldb.cpp
Answer host_info(Conversation&, std::string_view packet);      // qHostInfo
Answer process_info(Conversation&, std::string_view packet);   // qProcessInfo
Answer thread_suffix(Conversation&, std::string_view packet);  // QThreadSuffixSupported
Answer register_info(Conversation&, std::string_view packet);  // qRegisterInfo
Answer memory_region(Conversation&, std::string_view packet);  // qMemoryRegionInfo
Answer threads_info(Conversation&, std::string_view packet);   // jThreadsInfo

// memory.cpp
Answer read_memory(Conversation&, std::string_view packet);      // m x
Answer write_memory(Conversation&, std::string_view packet);     // M X
Answer search_memory(Conversation&, std::string_view packet);    // qSearch:memory
Answer checksum_memory(Conversation&, std::string_view packet);  // qCRC

// query.cpp
Answer supported(Conversation&, std::string_view packet);       // qSupported
Answer remote_command(Conversation&, std::string_view packet);  // qRcmd
Answer attached(Conversation&, std::string_view packet);        // qAttached
Answer symbol_lookup(Conversation&, std::string_view packet);   // qSymbol

// registers.cpp
Answer read_registers(Conversation&, std::string_view packet);   // g
Answer write_registers(Conversation&, std::string_view packet);  // G
Answer read_register(Conversation&, std::string_view packet);    // p
Answer write_register(Conversation&, std::string_view packet);   // P

// resume.cpp
Answer why_stopped(Conversation&, std::string_view packet);        // ?
Answer resume_actions(Conversation&, std::string_view packet);     // vCont
Answer known_actions(Conversation&, std::string_view packet);      // vCont?
Answer legacy_resume(Conversation&, std::string_view packet);      // c C s S
Answer reverse_step(Conversation&, std::string_view packet);       // bs
Answer reverse_continue(Conversation&, std::string_view packet);   // bc
Answer restart(Conversation&, std::string_view packet);            // R
Answer run_program(Conversation&, std::string_view packet);        // vRun
Answer interrupt_at_rest(Conversation&, std::string_view packet);  // vCtrlC

// thread.cpp
Answer select_thread(Conversation&, std::string_view packet);      // H
Answer thread_alive(Conversation&, std::string_view packet);       // T
Answer current_thread(Conversation&, std::string_view packet);     // qC
Answer first_threads(Conversation&, std::string_view packet);      // qfThreadInfo
Answer further_threads(Conversation&, std::string_view packet);    // qsThreadInfo
Answer thread_extra_info(Conversation&, std::string_view packet);  // qThreadExtraInfo
std::string threads_document(const Target&);                       // for qXfer:threads

// transfer.cpp
Answer transfer(Conversation&, std::string_view packet);  // qXfer

}  // namespace backspin::gdbstub::handlers
