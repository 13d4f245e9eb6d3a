// A recording's file before and after it is written: under which names it may appear, and what SQLite's
// errors mean to its user.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "snapshots/recording.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what);
/// What happened and how to mend it, without the file's name.
std::string explain(const SqliteError& error);

/// A file that is gone when this goes, unless it was published.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::filesystem::path path);
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const std::filesystem::path& path() const { return path_; }

    /// Renames to `name` in one move: nobody sees half a file, and with `refuse` nobody's file is lost.
    void publish(const std::filesystem::path& name, Overwrite overwrite);

  private:
    std::filesystem::path path_;
    bool published_ = false;
};

std::filesystem::path with_suffix(const std::filesystem::path& path, const char* suffix);

/// The log of a file that is about to be replaced would be taken for the new one's.
void remove_log(const std::filesystem::path& path);

/// Throw RecordingError for what cannot be recorded.
void check_target(const std::filesystem::path& path, Overwrite overwrite);
void check_setup(const std::filesystem::path& path, const Configuration& configuration,
                 std::span<const ImageSource> images, std::span<const std::string_view> component_names);

/// Ends WAL mode: what is in the log goes into the file.
void fold(Database& database);

}  // namespace backspin::snapshots
