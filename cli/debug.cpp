// `backspin debug`: a machine and a debugger on it, in one terminal. And what debuggers read of ours, for
// those who start one themselves.
#include <fmt/format.h>

#include "cli/debugger/own_debugger.hpp"
#include "cli/debugger/snippets.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {

int debug(const DebugCommand& command) {
    const OwnDebugger own(command.debugger, command.console_in_debugger);
    if (const auto* live = std::get_if<RunCommand>(&command.machine)) return run(*live, &own);
    return replay(std::get<ReplayCommand>(command.machine), &own);
}

int print_snippet(const SnippetCommand& command) {
    switch (command.reader) {
        case SnippetCommand::For::gdb: fmt::print("{}", gdb_snippet()); break;
        case SnippetCommand::For::lldb: fmt::print("{}", lldb_snippet()); break;
        case SnippetCommand::For::dap: fmt::print("{}", dap_snippet()); break;
    }
    return kSuccess;
}

}  // namespace backspin::cli
