#include "snapshots/spill_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace backspin::snapshots {

SpillFile::SpillFile(const std::string& directory) : directory_(directory) {
    if (directory_.empty()) {
        file_ = ::memfd_create("backspin-snapshots", MFD_CLOEXEC);
    } else {
        auto name = directory_ + "/backspin-XXXXXX";
        file_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (file_ >= 0) ::unlink(name.c_str());
    }
    if (file_ < 0) throw error("cannot be made");
}

SpillFile::~SpillFile() {
    ::close(file_);
}

SpillError SpillFile::error(const char* what) const {
    const auto* why = std::strerror(errno);
    const auto file = directory_.empty() ? std::string("memory") : "a temporary file in " + directory_;
    return SpillError(file + " for snapshots " + what + ": " + why);
}

std::uint64_t SpillFile::append(std::span<const std::byte> bytes) {
    const auto begin = size_;
    auto at = begin;
    while (!bytes.empty()) {
        const auto written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = ENOSPC;
        if (written <= 0) throw error("cannot be written");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        at += static_cast<std::uint64_t>(written);
    }
    size_ = at;
    return begin;
}

void SpillFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
        const auto got = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) throw error("cannot be read");
        into = into.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
}

}  // namespace backspin::snapshots
