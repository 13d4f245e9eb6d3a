// What a machine is made of: its options and its images, from the command line or from a recording.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "emu/riscv_machine.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

struct LoadedImage {
    std::string name;  ///< as the user named it
    std::string role;  ///< kProgramRole or kBiosRole
    std::vector<std::byte> bytes;
};

inline constexpr const char* kProgramRole = "program";
inline constexpr const char* kBiosRole = "bios";

struct MachineSetup {
    emu::MachineOptions options;
    std::vector<LoadedImage> images;  ///< the machine starts in the bios if there is one, else in the program
    StepCount epoch_steps{std::uint64_t{1} << 20};  ///< distance of the recorded digests
};

/// A plain file of at most 1 GiB, whole. Throws StartError.
std::vector<std::byte> read_file(const std::string& path, const char* what);

/// A machine at power-on. Throws StartError that names the image.
std::unique_ptr<emu::RiscvMachine> build_machine(const MachineSetup& setup);

/// The keys and values that a recording keeps, and back. from_recording throws StartError for what this
/// program cannot build, and RecordingError.
snapshots::Configuration to_configuration(const MachineSetup& setup);
MachineSetup from_recording(const snapshots::RecordingReader& reader);

}  // namespace backspin::cli
