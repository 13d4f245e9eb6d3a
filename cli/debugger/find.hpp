// Which debugger there is on this computer, and the words that start it on a machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/debugger_choice.hpp"

namespace backspin::cli {

enum class DebuggerKind : std::uint8_t { gdb, lldb };

struct FoundDebugger {
    std::filesystem::path program;  ///< a file that can be started
    DebuggerKind kind = DebuggerKind::gdb;
};

/// `search` is a list of folders as in PATH. Throws StartError that says what was looked for, and what to do.
FoundDebugger find_debugger(const DebuggerChoice& choice, const std::string& search);

/// Where the machine is, and what was put into files for the debugger.
struct DebuggerFiles {
    std::filesystem::path socket;
    std::filesystem::path commands;                ///< what it is to read first
    std::optional<std::filesystem::path> symbols;  ///< nothing: it knows of none
};

/// The program and its arguments. What the user gave comes when the machine is connected, the batch file
/// last: the exit code of a GDB in batch mode is that of its last file.
std::vector<std::string> command_line(const FoundDebugger& debugger, const DebuggerChoice& choice,
                                      const DebuggerFiles& files);

}  // namespace backspin::cli
