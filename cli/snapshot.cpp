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
    {
        const RecordedRun run(command.file, command.drive_files);
        const auto known = run.bookmarks().find(command.name);
        if (!command.name.empty() && known != run.bookmarks().end())
            throw StartError(fmt::format("{}: step {} has the name '{}' already; choose another",
                                         command.file, known->second.value, command.name));
        machine = machine_at(run, run.setup(), command.at);
    }
    snapshots::RecordingAppender recording(command.file);
    recording.add_snapshot({Branch{}, machine->now()}, machine->save(), command.name);
    recording.finish();
    fmt::print("{}: holds a snapshot at step {} now{}\n", command.file, machine->now().value,
               command.name.empty() ? "" : ", named " + command.name);
    return kSuccess;
}

}  // namespace backspin::cli
