// A drive of the machine: --drive file=IMG[,readonly][,id=NAME], and what of it a recording holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace backspin::cli {

/// The file behind a drive.
struct DriveImage {
    std::string path;
    bool operator==(const DriveImage&) const = default;
};

struct DriveChoice {
    DriveImage image;
    bool readonly = false;
    std::string id;
};

/// In a path, a comma is written twice. Throws UsageError.
DriveChoice parse_drive(std::string_view text);

/// Which blocks of the drives' images go into a recording.
enum class EmbedDisks : std::uint8_t {
    blocks_read,
    all,   ///< --embed-disks
    none,  ///< --no-embed-disks: their hashes only
};

}  // namespace backspin::cli
