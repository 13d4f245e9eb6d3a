// What each verb of the command line does. Each returns the process's exit code, and throws what could not be
// started.
#pragma once

#include "cli/machine_setup.hpp"
#include "cli/options/command.hpp"

namespace backspin::cli {

int run(const RunCommand& command);
int dtb(const DtbCommand& command);
int replay(const ReplayCommand& command);
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
