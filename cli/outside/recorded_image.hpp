// The image of a drive as a recording knows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/outside/disk_image.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

/// The blocks of images that a recording holds. It opens the file once more, when the first is wanted:
/// machines read their drives on whatever thread they run. Thread: any.
class EmbeddedBlocks {
  public:
    explicit EmbeddedBlocks(std::filesystem::path recording) : recording_(std::move(recording)) {}
    /// Throws RecordingError, DiskError.
    std::vector<std::byte> load(std::uint32_t drive, std::uint64_t block) const;

  private:
    std::filesystem::path recording_;
    mutable std::mutex mutex_;
    mutable std::optional<snapshots::RecordingReader> reader_;
};

/// One drive of a recorded run.
struct RecordedDrive {
    std::uint32_t number = 0;
    std::string name;  ///< for messages
    std::uint64_t size = 0;
    std::map<std::uint64_t, snapshots::DiskBlockInfo> blocks;  ///< those that were read
};

/// Its blocks come from the recording, or else from a file, where they are compared with the recorded hash.
class RecordedImage final : public emu::DiskImage {
  public:
    /// `file` may be null. Throws StartError if it has another size, or if it is missing and a block that was
    /// read is not embedded.
    RecordedImage(RecordedDrive drive, std::shared_ptr<const EmbeddedBlocks> embedded,
                  std::shared_ptr<const FileImage> file);

    std::uint64_t size() const override { return drive_.size; }
    /// Throws DiskError for a block that is nowhere, or another one than was read.
    void read(std::uint64_t offset, std::span<std::byte> out) const override;

  private:
    using Bytes = std::shared_ptr<const std::vector<std::byte>>;
    Bytes content(std::uint64_t block) const;
    std::vector<std::byte> load(std::uint64_t block) const;

    RecordedDrive drive_;
    std::shared_ptr<const EmbeddedBlocks> embedded_;
    std::shared_ptr<const FileImage> file_;

    mutable std::mutex mutex_;
    /// The blocks used last; in the order in which they came.
    mutable std::unordered_map<std::uint64_t, Bytes> kept_;
    mutable std::deque<std::uint64_t> order_;
};

}  // namespace backspin::cli
