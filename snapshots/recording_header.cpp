#include "snapshots/recording_header.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshots/recording.hpp"
#include "snapshots/recording_schema.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;

std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

class FileDescriptor {
  public:
    explicit FileDescriptor(const fs::path& path)
        : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        if (value_ < 0) throw Damage("cannot be opened: " + std::generic_category().message(errno));
    }
    ~FileDescriptor() { ::close(value_); }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int get() const { return value_; }

  private:
    int value_;
};

/// Whether a process holds SQLite's shared lock on the file ("File locking", unix: 510 bytes from 1 GiB + 2).
bool being_written(int file) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000002;
    lock.l_len = 510;
    return ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

RecordingHeader header_of(int file) {
    struct stat status{};
    if (::fstat(file, &status) != 0) throw Damage(std::generic_category().message(errno));
    if (!S_ISREG(status.st_mode)) throw Damage("is not a plain file");
    std::array<std::byte, 100> bytes{};
    const auto got = ::pread(file, bytes.data(), bytes.size(), 0);
    if (got < 0) throw Damage("cannot be read: " + std::generic_category().message(errno));
    constexpr std::string_view kMagic{"SQLite format 3\0", 16};
    const auto length = static_cast<std::size_t>(got);
    if (length == 0) throw Damage("is empty, so it is not a recording");
    if (std::memcmp(bytes.data(), kMagic.data(), std::min(length, kMagic.size())) != 0) {
        throw Damage("is not a Backspin recording; recordings are made by 'backspin record' or 'run --save'");
    }
    if (length < bytes.size()) {
        throw Damage("is truncated: only " + std::to_string(length) + " bytes are left; " + kCopyAgain);
    }
    RecordingHeader header;
    header.application_id = big_endian(bytes, 68, 4);
    header.user_version = big_endian(bytes, 60, 4);
    header.page_size = big_endian(bytes, 16, 2) == 1 ? 65536 : big_endian(bytes, 16, 2);
    header.page_count = big_endian(bytes, 28, 4);
    header.page_count_valid = big_endian(bytes, 24, 4) == big_endian(bytes, 92, 4);
    header.write_ahead_log = big_endian(bytes, 18, 1) == 2;
    if (header.application_id != kApplicationId) {
        throw Damage("is an SQLite database, but not a Backspin recording");
    }
    if (header.user_version > kRecordingVersion) {
        throw Damage("is a recording of format " + std::to_string(header.user_version) +
                     ", newer than this program's " + std::to_string(kRecordingVersion) +
                     "; open it with a newer Backspin");
    }
    if (header.user_version == 0)
        throw Damage(std::string("has no format version: it is damaged; ") + kCopyAgain);
    const auto expected = header.page_size * header.page_count;
    const auto actual = static_cast<std::uint64_t>(status.st_size);
    if (!header.write_ahead_log && header.page_count_valid && actual < expected) {
        throw Damage("is truncated: " + std::to_string(actual) + " of " + std::to_string(expected) +
                     " bytes are there; " + kCopyAgain);
    }
    return header;
}

}  // namespace

RecordingHeader read_header(const fs::path& path) {
    const FileDescriptor file(path);
    const auto header = header_of(file.get());
    if (being_written(file.get()))
        throw Damage("is being written by another process; wait until that has ended");
    return header;
}

}  // namespace backspin::snapshots
