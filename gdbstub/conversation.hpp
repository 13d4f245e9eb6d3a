// What a session remembers between packets, and what every handler works on.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "gdbstub/resume.hpp"
#include "gdbstub/target.hpp"
#include "gdbstub/user_thread.hpp"

namespace backspin::gdbstub {

/// The most bytes of memory or of a document that one reply carries: twice as many characters in hex, or if
/// each needed an escape.
inline constexpr std::size_t kMaximumData = 0x10000;

/// What the client said or showed of itself.
struct ClientTraits {
    bool software_break_reasons = false;  ///< swbreak+ offered: GDB treats the reason as an error otherwise
    bool hardware_break_reasons = false;
    bool error_messages = false;  ///< error-message+ offered: E.text may answer any packet
    bool extended_mode = false;   ///< "!" was sent: stays connected after a kill
    bool lldb = false;
};

struct Conversation {
    Conversation(Target& of, StopReport now);

    bool has_thread(ThreadId) const;
    /// The thread that bs, bc, c and s move: the one named by Hc, or else the one that the user looks at.
    ThreadId moving_thread() const { return resume_thread.value_or(user_thread.value()); }
    /// A run has ended so: the client's "?" is answered with it.
    void stopped(const StopReport& report);
    /// Notes that LLDB is at the other end.
    void meet_lldb();

    Target& target;
    StopReport last_stop;
    ClientTraits client;
    ThreadId general_thread;  ///< Hg, or the thread of the last stop, whichever came later
    UserThread user_thread;
    std::optional<ThreadId> resume_thread;  ///< Hc; nothing: any
    std::string description_document;       ///< target.xml
    std::string threads_document;           ///< as it was when its first piece was read
    std::size_t open_files = 0;             ///< of vFile
};

/// The part of the document that was asked for, by the rules of qXfer: "m" and data, or "l" and data when
/// that is the last.
std::string document_piece(std::string_view document, std::uint64_t offset, std::uint64_t length);

}  // namespace backspin::gdbstub
