// The image of a drive as a recording knows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/outside/disk_image.hpp"

namespace backspin::cli {

/// What a recording holds of one image. Used by one thread at a time.
class BlockSource {
  public:
    enum class Known : std::uint8_t {
        nothing,   ///< the block was not read while the recording was made
        its_hash,  ///< it was, but its bytes are not here
        its_bytes,
    };
    virtual ~BlockSource() = default;
    virtual Known known(std::uint64_t block) const = 0;
    /// Precondition: its_bytes.
    virtual std::vector<std::byte> bytes(std::uint64_t block) const = 0;
    /// Whether this is the block that was read. Precondition: its_hash or its_bytes.
    virtual bool matches(std::uint64_t block, std::span<const std::byte> bytes) const = 0;
};

/// Its blocks come from the recording, or else from a file, where they are compared with the recorded hash.
class RecordedImage final : public emu::DiskImage {
  public:
    /// `name`: of the drive, for messages. `file` may be null. Throws StartError if the file has another
    /// size.
    RecordedImage(std::string name, std::uint64_t size, std::shared_ptr<const BlockSource> blocks,
                  std::shared_ptr<const FileImage> file);

    std::uint64_t size() const override { return size_; }
    /// Throws DiskError for a block that is nowhere, or another one than was read.
    void read(std::uint64_t offset, std::span<std::byte> out) const override;

  private:
    using Bytes = std::shared_ptr<const std::vector<std::byte>>;
    Bytes content(std::uint64_t block) const;
    std::vector<std::byte> load(std::uint64_t block) const;

    std::string name_;
    std::uint64_t size_;
    std::shared_ptr<const BlockSource> blocks_;
    std::shared_ptr<const FileImage> file_;

    mutable std::mutex mutex_;
    /// The blocks used last; in the order in which they came.
    mutable std::unordered_map<std::uint64_t, Bytes> kept_;
    mutable std::deque<std::uint64_t> order_;
};

}  // namespace backspin::cli
