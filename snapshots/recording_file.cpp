#include "snapshots/recording_file.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshots/recording_schema.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;

std::string error_text(int error) {
    return std::generic_category().message(error);
}

void refuse_existing(const fs::path& path) {
    std::error_code ignored;
    if (fs::symlink_status(path, ignored).type() != fs::file_type::not_found) {
        fail(path, "exists already; name another file, or allow it to be replaced with --force");
    }
    if (fs::exists(with_suffix(path, "-wal"), ignored)) {
        fail(path, "the write-ahead log of another recording lies beside it (" + path.string() +
                       "-wal); name another file, or allow it to be replaced with --force");
    }
}

}  // namespace

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
    throw RecordingError(path.string() + ": " + what);
}

fs::path with_suffix(const fs::path& path, const char* suffix) {
    auto longer = path;
    longer += suffix;
    return longer;
}

void remove_log(const fs::path& path) {
    std::error_code ignored;
    fs::remove(with_suffix(path, "-wal"), ignored);
    fs::remove(with_suffix(path, "-shm"), ignored);
}

TemporaryFile::TemporaryFile(fs::path path) : path_(std::move(path)) {
    // Exclusive: a name that someone else prepared, a symbolic link above all, is not followed.
    const int file = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (file < 0) fail(path_, "cannot be created: " + error_text(errno));
    ::close(file);
}

TemporaryFile::~TemporaryFile() {
    if (published_) return;
    std::error_code ignored;
    fs::remove(path_, ignored);
    fs::remove(with_suffix(path_, "-journal"), ignored);
}

void TemporaryFile::publish(const fs::path& name, Overwrite overwrite) {
    const unsigned flags = overwrite == Overwrite::refuse ? RENAME_NOREPLACE : 0U;
    int failed = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, name.c_str(), flags);
    if (failed != 0 && errno == EINVAL && flags != 0) {
        // A file system that cannot do it in one move: hard links refuse an existing name, too.
        failed = ::link(path_.c_str(), name.c_str());
        if (failed == 0) ::unlink(path_.c_str());
    }
    if (failed != 0) fail(name, "cannot be written: " + error_text(errno));
    published_ = true;
}

void check_target(const fs::path& path, Overwrite overwrite) {
    if (path.filename().empty()) fail(path, "is not a file name");
    if (overwrite == Overwrite::refuse) refuse_existing(path);
    std::error_code ignored;
    const auto type = fs::status(path, ignored).type();
    if (type != fs::file_type::not_found && type != fs::file_type::regular) {
        fail(path, "is not a plain file; name another one");
    }
}

void check_setup(const fs::path& path, const Configuration& configuration,
                 std::span<const ImageSource> images, std::span<const std::string_view> component_names) {
    if (component_names.size() > kMostComponents) fail(path, "more than 1024 components");
    for (const auto name : component_names) {
        if (name.size() > kLongestName) fail(path, "a component's name is longer than 255 bytes");
    }
    if (configuration.size() > kMostKeys) fail(path, "more than 256 configuration keys");
    for (const auto& [key, value] : configuration) {
        if (key.size() > kLongestKey || value.size() > kLongestValue) {
            fail(path, "the configuration of " + key.substr(0, kLongestKey) + " is too long to be recorded");
        }
    }
    if (images.size() > kMostImages) fail(path, "more than 64 images");
    for (const auto& image : images) {
        if (image.name.size() > kLongestName || image.role.size() > kLongestName) {
            fail(path, "an image's name is longer than 255 bytes; give it a shorter one");
        }
        if (image.bytes.size() > kLargestImage) fail(path, image.name + " is larger than 1 GiB");
    }
}

std::string explain(const SqliteError& error) {
    switch (error.code()) {
        case SQLITE_FULL: return "the disk is full; make room, or record to another disk";
        case SQLITE_IOERR:
            return "cannot be written or read; the disk has failed, or the file is as large as it may be";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "another process has it locked; end that process";
        case SQLITE_READONLY: return "cannot be written; check the permissions of the file and its folder";
        default: return error.what();
    }
}

void fold(Database& database) {
    database.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
}

}  // namespace backspin::snapshots
