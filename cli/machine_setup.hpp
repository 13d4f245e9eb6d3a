// What a machine is made of: its options and its images, from the command line or from a recording.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/options/command.hpp"
#include "cli/outside/disk_image.hpp"
#include "emu/riscv_machine.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

struct LoadedImage {
    std::string name;  ///< as the user named it
    std::string role;  ///< kProgramRole, kBiosRole or kInitrdRole; each at most once in a setup
    std::vector<std::byte> bytes;
};

inline constexpr const char* kProgramRole = "program";
inline constexpr const char* kBiosRole = "bios";
inline constexpr const char* kInitrdRole = "initrd";

struct MachineSetup {
    emu::MachineOptions options;
    std::vector<LoadedImage> images;  ///< the machine starts in the bios if there is one, else in the
                                      ///< program; the first is the one that a debugger is told of
    std::vector<std::shared_ptr<const emu::DiskImage>> disks;  ///< of the drives among options.board.virtio
    std::vector<std::string> disk_names;                       ///< of each: its file, as the user named it
    std::vector<std::shared_ptr<ObservedImage>>
        observed_disks;                             ///< the same, for a recorder; none in a replay
    StepCount epoch_steps{std::uint64_t{1} << 22};  ///< distance of the recorded digests
    emu::EngineOptions engine{};                    ///< no recording keeps it
};

/// A plain file of at most 1 GiB, whole. Throws StartError.
std::vector<std::byte> read_file(const std::string& path, const char* what);

/// What the command line says, with all files read. Throws StartError.
MachineSetup set_up(const MachineChoice& choice);

/// --force must not cost the user what the run needs: throws StartError if an output is one of the images, or
/// `input`.
void refuse_own_inputs(const std::vector<std::string>& outputs, const MachineSetup& setup,
                       const std::optional<std::string>& input);

/// A machine at power-on. Throws StartError that names the image.
std::unique_ptr<emu::RiscvMachine> build_machine(const MachineSetup& setup);
using MachineBuilder = std::function<std::unique_ptr<emu::RiscvMachine>(const MachineSetup& setup)>;
/// Whatever engine the setup names.
MachineBuilder builder_with(const emu::EngineOptions& engine);

/// The device tree in that machine's memory; there may be no image. Throws StartError.
std::vector<std::byte> device_tree_of(const MachineSetup& setup);

/// The channels of its consoles, whose output is text.
std::vector<Channel> console_channels(const MachineSetup& setup);

/// The images as a recording keeps them. Valid as long as the setup.
std::vector<snapshots::ImageSource> image_sources(const MachineSetup& setup);

/// The keys and values that a recording keeps, and back. from_recording throws StartError for what this
/// program cannot build, and RecordingError.
snapshots::Configuration to_configuration(const MachineSetup& setup);
/// Without its images and drives: enough to say what its devices are. Throws StartError.
MachineSetup describe_recording(const snapshots::RecordingReader& reader);
/// `drive_files`: images of its drives, the first ones in order, for what the recording does not hold of
/// them.
MachineSetup from_recording(const snapshots::RecordingReader& reader,
                            std::span<const std::string> drive_files = {});

}  // namespace backspin::cli
