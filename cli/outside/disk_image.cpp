#include "cli/outside/disk_image.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "emu/devices/virtio/block.hpp"

namespace backspin::cli {
namespace {

std::string host_error() {
    return std::generic_category().message(errno);
}

}  // namespace

// ---- FileImage ----------------------------------------------------------------------------------

FileImage::FileImage(const std::string& path)
    // Opening a pipe, which it is not to be, would wait without O_NONBLOCK.
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0)
        throw StartError(fmt::format("{}: cannot open this disk image: {}", path, host_error()));
    const auto refuse = [&](const std::string& why) {
        ::close(descriptor_);
        throw StartError(path + ": " + why);
    };
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) refuse(host_error());
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        refuse("is neither a plain file nor a block device; give a raw disk image");
    const auto end = ::lseek(descriptor_, 0, SEEK_END);
    if (end < 0) refuse(host_error());
    size_ = static_cast<std::uint64_t>(end);
    if (size_ < emu::virtio::Block::kSector)
        refuse("is smaller than one sector of 512 bytes; give a raw disk image, as of 'truncate -s 1G FILE'");
}

FileImage::~FileImage() {
    ::close(descriptor_);
}

void FileImage::read(std::uint64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const auto got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            throw DiskError(fmt::format("{}: cannot be read at byte {}: {}", path_, offset, host_error()));
        if (got == 0)
            throw DiskError(
                fmt::format("{}: ends at byte {}, and had {} when the run began; leave it as it is "
                            "while a machine uses it",
                            path_, offset, size_));
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

// ---- ObservedImage ------------------------------------------------------------------------------

ObservedImage::ObservedImage(std::shared_ptr<const emu::DiskImage> image)
    : image_(std::move(image)), read_(block_count(image_->size())) {}

void ObservedImage::tell(std::uint64_t block) const {
    buffer_.resize(block_length(size(), block));
    image_->read(block * kDiskBlock, buffer_);
    listener_(block, buffer_);
}

void ObservedImage::read(std::uint64_t offset, std::span<std::byte> out) const {
    for_each_block_part(
        offset, out.size(),
        [&](std::uint64_t block, std::uint64_t in_block, std::size_t done, std::size_t length) {
            const auto part = out.subspan(done, length);
            const std::lock_guard lock(mutex_);
            if (listener_ && !read_[block]) {
                // What the guest sees first is what was told of, even if the file changes at this moment.
                tell(block);
                std::memcpy(part.data(), buffer_.data() + in_block, length);
            } else {
                image_->read(block * kDiskBlock + in_block, part);
            }
            read_[block] = true;
        });
}

void ObservedImage::listen(Listener listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
    if (!listener_) return;
    try {
        for (std::uint64_t block = 0; block < read_.size(); ++block) {
            if (read_[block]) tell(block);
        }
    } catch (...) {
        listener_ = {};
        throw;
    }
}

void ObservedImage::read_all() const {
    const std::lock_guard lock(mutex_);
    for (std::uint64_t block = 0; block < read_.size(); ++block) {
        if (listener_ && !read_[block]) tell(block);
        read_[block] = true;
    }
}

void ObservedImage::forget_reads() {
    const std::lock_guard lock(mutex_);
    read_.assign(read_.size(), false);
}

}  // namespace backspin::cli
