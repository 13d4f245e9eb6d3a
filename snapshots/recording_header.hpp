// What can be told of a recording's file before SQLite opens it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>

namespace backspin::snapshots {

/// What is wrong with a file, without its name: that is put before it in one place.
class Damage : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr const char* kCopyAgain = "copy it again from where it came";

/// The fields of SQLite's 100-byte header that tell what is before us ("SQLite file format", section 1.3).
struct RecordingHeader {
    std::uint64_t page_size = 0;
    std::uint64_t page_count = 0;
    bool page_count_valid = false;
    bool write_ahead_log = false;
    std::uint32_t user_version = 0;
    std::uint32_t application_id = 0;
};

/// Throws Damage: not a plain file, no recording, truncated, newer, or being written by another process.
RecordingHeader read_header(const std::filesystem::path& path);

}  // namespace backspin::snapshots
