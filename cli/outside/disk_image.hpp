// Images of drives on the host. None is ever written: what the guest writes is part of the machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "emu/drive.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// An image cannot be read, or is not the one that it should be: one line saying which, where, and how to
/// mend it. The run ends.
class DiskError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Recordings know an image by its blocks: this many bytes each, the last one as many as there are.
inline constexpr std::uint64_t kDiskBlock = snapshots::kDiskBlock;

/// Length of the block with this number, in an image of this size.
constexpr std::uint64_t block_length(std::uint64_t size, std::uint64_t block) {
    return std::min(kDiskBlock, size - block * kDiskBlock);
}
constexpr std::uint64_t block_count(std::uint64_t size) {
    return (size + kDiskBlock - 1) / kDiskBlock;
}

/// Calls `part(block, offset in the block, offset in the range, length)`.
template <class F>
void for_each_block_part(std::uint64_t offset, std::size_t length, F part) {
    for (std::size_t done = 0; done < length;) {
        const auto here = offset + done;
        const auto size = std::min<std::uint64_t>(length - done, kDiskBlock - here % kDiskBlock);
        part(here / kDiskBlock, here % kDiskBlock, done, static_cast<std::size_t>(size));
        done += static_cast<std::size_t>(size);
    }
}

/// A raw image: a plain file, sparse or not, or a block device. Nothing of it is read before the guest does.
class FileImage final : public emu::DiskImage {
  public:
    /// Throws StartError.
    explicit FileImage(const std::string& path);
    ~FileImage() override;
    FileImage(const FileImage&) = delete;
    FileImage& operator=(const FileImage&) = delete;

    std::uint64_t size() const override { return size_; }
    /// Throws DiskError.
    void read(std::uint64_t offset, std::span<std::byte> out) const override;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
    int descriptor_;
    std::uint64_t size_ = 0;
};

/// Another image, that tells a listener of each of its blocks at the first read.
class ObservedImage final : public emu::DiskImage {
  public:
    /// Called by the thread that reads, once a block, one call at a time.
    using Listener = std::function<void(std::uint64_t block, std::span<const std::byte> bytes)>;

    explicit ObservedImage(std::shared_ptr<const emu::DiskImage> image);

    std::uint64_t size() const override { return image_->size(); }
    void read(std::uint64_t offset, std::span<std::byte> out) const override;

    /// At once of those that have been read before. An empty listener ends it.
    void listen(Listener listener);
    /// As if the guest read all of it now.
    void read_all() const;
    /// As if it had read nothing yet.
    void forget_reads();

  private:
    /// Reads the block into the buffer, and tells of it.
    void tell(std::uint64_t block) const;

    std::shared_ptr<const emu::DiskImage> image_;
    Listener listener_;
    mutable std::mutex mutex_;
    mutable std::vector<bool> read_;         ///< by block
    mutable std::vector<std::byte> buffer_;  ///< the block that was told of last
};

}  // namespace backspin::cli
