// `backspin snapshot`: adds a state of a recorded run to its file.
#include <cstdio>

#include <fmt/format.h>

#include "cli/exit_code.hpp"
#include "cli/recorded_run.hpp"
#include "cli/run_beginning.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"
#include "snapshots/recording_appender.hpp"

namespace backspin::cli {

int snapshot(const SnapshotCommand& command) {
    std::unique_ptr<emu::RiscvMachine> machine;
    Position at;
    {
        const RecordedRun run(command.file, command.drive_files, build_machine, command.branch);
        const auto marks = marks_of(run.reader());
        const auto known = marks.find(command.name);
        if (!command.name.empty() && known != marks.end())
            throw StartError(fmt::format("{}: step {} has the name '{}' already; choose another",
                                         command.file, known->second.step.value, command.name));
        machine = machine_at(run, run.setup(), command.at);
        at = run.position(machine->now());
    }
    snapshots::RecordingAppender recording(command.file);
    recording.add_snapshot(at, machine->save(), command.name);
    recording.finish();
    fmt::print("{}: holds a snapshot at step {} now{}\n", command.file, machine->now().value,
               command.name.empty() ? "" : ", named " + command.name);
    return kSuccess;
}

}  // namespace backspin::cli
