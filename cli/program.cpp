#include "cli/program.hpp"

#include <cstdio>
#include <new>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_code.hpp"
#include "cli/options/command.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

struct Execute {
    int operator()(const RunCommand& command) const { return run(command); }
    int operator()(const DebugCommand& command) const { return debug(command); }
    int operator()(const SnippetCommand& command) const { return print_snippet(command); }
    int operator()(const DtbCommand& command) const { return dtb(command); }
    int operator()(const ReplayCommand& command) const { return replay(command); }
    int operator()(const VerifyCommand& command) const {
        return verify(command, builder_with(command.engine));
    }
    int operator()(const InfoCommand& command) const { return info(command); }
    int operator()(const EventsCommand& command) const { return events(command); }
    int operator()(const LogCommand& command) const { return log(command); }
    int operator()(const QueryCommand& command) const { return query(command); }
    int operator()(const ExportCommand& command) const { return export_as(command); }
    int operator()(const SnapshotCommand& command) const { return snapshot(command); }
    int operator()(const CommitCommand& command) const { return commit(command); }
    int operator()(const RepairCommand& command) const { return repair(command); }
    int operator()(const PrintCommand& command) const {
        fmt::print("{}", command.text);
        return kSuccess;
    }
};

StartedOn started_on() {
    const bool terminal = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
    return terminal ? StartedOn::terminal : StartedOn::pipes;
}

int complain(int exit_code, const char* what) {
    fmt::print(stderr, "backspin: {}\n", what);
    return exit_code;
}

}  // namespace

int run_program(std::span<const std::string> arguments) {
    try {
        return std::visit(Execute{}, parse_command_line(arguments, started_on()));
    } catch (const UsageError& error) {
        return complain(kWrongCommandLine, error.what());
    } catch (const std::bad_alloc&) {
        return complain(kCouldNotStart, "out of memory");
    } catch (const std::exception& error) {
        // StartError, RecordingError, ScriptError: each is one line that says what, where and how to mend it.
        return complain(kCouldNotStart, error.what());
    }
}

}  // namespace backspin::cli
