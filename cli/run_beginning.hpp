// Where a new run begins: at power-on, or where a recorded one was at some place; and what stands outside the
// machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/machine_setup.hpp"
#include "cli/options/command.hpp"
#include "cli/recorded_run.hpp"
#include "emu/riscv_machine.hpp"

namespace backspin::cli {

/// A machine of this setup, gone along the recording to the place: the digests that lie on its way from the
/// nearest snapshot have been compared. `setup`: the recording's, its drives perhaps observed. Throws
/// StartError if there is no such place, or if the replay does not come there as it was recorded.
std::unique_ptr<emu::RiscvMachine> machine_at(const RecordedRun& run, const MachineSetup& setup,
                                              const Place& place);

struct RunBeginning {
    MachineSetup setup;  ///< its drives are observed from here on
    std::unique_ptr<emu::RiscvMachine> machine;
    std::vector<OutsideChoice> devices;  ///< behind each of setup.options.board.virtio
    std::string name{};                  ///< of the place, if it has one
};

/// Throws StartError.
RunBeginning begin_at_power_on(const MachineChoice& choice);

/// Needs the recording as long as the machine reads drives. `given` has the devices of the command line: each
/// is what stands behind the next recorded device of its kind. Behind those left over stands nothing, but for
/// the host's entropy, which a source without it would wait for forever. Throws StartError and
/// RecordingError.
RunBeginning begin_in_recording(const RecordedStart& start, const MachineChoice& given);

}  // namespace backspin::cli
