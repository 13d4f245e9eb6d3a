// What a packet's handler wants done. The session alone turns it into bytes.
#pragma once

#include <string>
#include <variant>

#include "gdbstub/outcome.hpp"
#include "gdbstub/resume.hpp"
#include "gdbstub/session.hpp"

namespace backspin::gdbstub {

/// The empty reply: the packet is not known here.
struct Unsupported {};
/// No reply at all.
struct Silence {};
/// A reply whose data is hex or words: none of the characters that have a meaning on the wire.
struct Text {
    std::string body;
};
/// A reply whose data the client expects to be escaped.
struct Binary {
    std::string body;
};
/// Text for the user's console, then the outcome of the command that gave it.
struct ConsoleText {
    std::string text;
};
/// The target is to move. No reply until it stops; for R, not even then.
struct BeginRun {
    Resume resume;
    bool tells_stop = true;
    /// The packet names no action for the other threads: GDB steps off a breakpoint.
    bool steps_alone = false;
};
/// The conversation is over, with or without a last OK.
struct Goodbye {
    Farewell how{};
    bool says_ok = true;
};

using Answer =
    std::variant<Unsupported, Silence, Text, Binary, ConsoleText, BeginRun, Goodbye, Refused, Broken>;

inline Text ok() {
    return {"OK"};
}
inline Refused no_such_thread() {
    return {errno_value::no_thread, "no such thread"};
}
inline Refused malformed() {
    return {errno_value::invalid, "malformed packet"};
}

}  // namespace backspin::gdbstub
