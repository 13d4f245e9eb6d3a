// What each verb of the command line does. Each returns the process's exit code, and throws what could not be
// started.
#pragma once

#include "cli/debugger/own_debugger.hpp"
#include "cli/machine_setup.hpp"
#include "cli/options/command.hpp"

namespace backspin::cli {

/// `own`: the debugger that this program starts itself; the endpoint in the command is then not looked at,
/// and the exit code is the debugger's.
int run(const RunCommand& command, const OwnDebugger* own = nullptr);
int debug(const DebugCommand& command);
int print_snippet(const SnippetCommand& command);
int dtb(const DtbCommand& command);
int replay(const ReplayCommand& command, const OwnDebugger* own = nullptr);
int verify(const VerifyCommand& command, const MachineBuilder& build = build_machine);
int info(const InfoCommand& command);
int events(const EventsCommand& command);
int log(const LogCommand& command);
int query(const QueryCommand& command);
int export_as(const ExportCommand& command);
int snapshot(const SnapshotCommand& command);
int commit(const CommitCommand& command);
int repair(const RepairCommand& command);

}  // namespace backspin::cli
