#include "cli/shared_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "emu/semihosting.hpp"

namespace backspin::cli {
namespace {

using emu::HostError;

class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    int get() const { return value_; }

  private:
    int value_;
};

/// What the guest is told of this computer's error: no more than it can know.
HostError error_of(int host) {
    switch (host) {
        case ENOENT: return HostError::no_entry;
        case ENOTDIR: return HostError::not_a_directory;
        case EACCES:
        case EPERM:
        case ELOOP: return HostError::access;  // ELOOP: a symbolic link
        case ENAMETOOLONG: return HostError::invalid;
        default: return HostError::input_output;
    }
}

struct Opened {
    HostError error = HostError::none;
    Descriptor file{-1};
    std::uint64_t length = 0;
};

/// O_NONBLOCK: what is no plain file must not make anybody wait before it is refused.
Opened open_plain_file(int folder, const std::string& name) {
    Opened opened;
    opened.file =
        Descriptor(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status{};
    if (opened.file.get() < 0 || ::fstat(opened.file.get(), &status) != 0) {
        opened.error = error_of(errno);
    } else if (S_ISDIR(status.st_mode)) {
        opened.error = HostError::is_a_directory;
    } else if (!S_ISREG(status.st_mode)) {
        opened.error = HostError::access;
    } else {
        opened.length = static_cast<std::uint64_t>(status.st_size);
    }
    return opened;
}

/// Goes down part by part, each relative to the folder before it: nothing that happens to the tree meanwhile
/// leads out of it.
Opened open_below(int folder, std::string_view name) {
    if (folder < 0 || name.starts_with('/')) return {HostError::access};
    Descriptor inner(-1);
    for (;;) {
        const auto slash = name.find('/');
        const std::string part(name.substr(0, slash));
        if (part == "..") return {HostError::access};
        const int from = inner.get() >= 0 ? inner.get() : folder;
        if (slash == std::string_view::npos) return open_plain_file(from, part);
        name.remove_prefix(slash + 1);
        if (part.empty() || part == ".") continue;
        inner = Descriptor(::openat(from, part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (inner.get() < 0) return {error_of(errno)};
    }
}

std::vector<std::byte> failure(HostError error) {
    return emu::input_of({error, {}});
}

std::vector<std::byte> length_of(const Opened& opened) {
    return emu::input_of({HostError::none, std::as_bytes(std::span(&opened.length, 1))});
}

std::vector<std::byte> read_at(const Opened& opened, std::uint64_t offset, std::size_t length) {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<::off_t>::max()) - length)
        return emu::input_of({});  // far behind the end of any file
    std::vector<std::byte> data(length);
    std::size_t filled = 0;
    while (filled < data.size()) {
        const auto got = ::pread(opened.file.get(), data.data() + filled, data.size() - filled,
                                 static_cast<::off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure(error_of(errno));
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    data.resize(filled);
    return emu::input_of({HostError::none, data});
}

}  // namespace

SharedFolder::SharedFolder(const std::string& path)
    : folder_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (folder_ < 0) {
        throw StartError(fmt::format("{}: cannot be shared with the guest: {}; give --share a folder", path,
                                     std::generic_category().message(errno)));
    }
}

SharedFolder::~SharedFolder() {
    if (folder_ >= 0) ::close(folder_);
}

SharedFolder::SharedFolder(SharedFolder&& other) noexcept : folder_(std::exchange(other.folder_, -1)) {}

std::vector<std::byte> SharedFolder::answer(const emu::HostRequest& request) const {
    const auto opened = open_below(folder_, request.name);
    if (opened.error != HostError::none) return failure(opened.error);
    if (request.kind == emu::HostRequest::Kind::open) return length_of(opened);
    return read_at(opened, request.offset, request.length);
}

}  // namespace backspin::cli
