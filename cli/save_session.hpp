// A recording of a live session that was not recorded: from what the session keeps to go back by.
#pragma once

#include <string>

#include "cli/machine_setup.hpp"
#include "cli/place.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

/// Writes all of the history into a new file; the cursor stays where it is. The file has digests and some
/// snapshots where the session has snapshots. Throws RecordingError, and DiskError for an image that can no
/// longer be read.
void save_session(const std::string& path, const MachineSetup& setup, emu::RiscvMachine& machine,
                  replay::Timeline& timeline, const Marks& bookmarks);

}  // namespace backspin::cli
