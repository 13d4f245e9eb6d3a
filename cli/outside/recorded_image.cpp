#include "cli/outside/recorded_image.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

/// 16 MiB a drive: a guest reads a block page by page.
constexpr std::size_t kBlocksKept = 256;

}  // namespace

std::vector<std::byte> EmbeddedBlocks::load(std::uint32_t drive, std::uint64_t block) const {
    const std::lock_guard lock(mutex_);
    if (!reader_) reader_.emplace(recording_);
    const auto& blocks = reader_->disk_blocks(drive);
    const auto found = blocks.find(block);
    if (found == blocks.end() || !found->second.embedded)
        throw DiskError(fmt::format("{}: was changed while it was read", recording_.string()));
    return reader_->disk_block(drive, block);
}

RecordedImage::RecordedImage(RecordedDrive drive, std::shared_ptr<const EmbeddedBlocks> embedded,
                             std::shared_ptr<const FileImage> file)
    : drive_(std::move(drive)), embedded_(std::move(embedded)), file_(std::move(file)) {
    if (file_ && file_->size() != drive_.size)
        throw StartError(
            fmt::format("{}: has {} bytes, and {} had {} when it was recorded; give the image as it "
                        "was",
                        file_->path(), file_->size(), drive_.name, drive_.size));
    const auto elsewhere = [](const auto& block) { return !block.second.embedded; };
    if (!file_ && std::ranges::any_of(drive_.blocks, elsewhere))
        throw StartError(
            fmt::format("{}: the recording holds only hashes of this drive's blocks; give its image, "
                        "too: --drive FILE (of commit: --base FILE)",
                        drive_.name));
}

std::vector<std::byte> RecordedImage::load(std::uint64_t block) const {
    const auto known = drive_.blocks.find(block);
    const bool was_read = known != drive_.blocks.end();
    const auto length = block_length(drive_.size, block);
    const auto offset = block * kDiskBlock;
    if (was_read && known->second.embedded) {
        auto bytes = embedded_->load(drive_.number, block);
        if (bytes.size() == length) return bytes;
        throw DiskError(
            fmt::format("{}: block {} of the recording has {} bytes instead of {}: it was altered",
                        drive_.name, block, bytes.size(), length));
    }
    if (!file_) {
        throw DiskError(
            fmt::format("{}: block {} (byte {}) was not read when the run was recorded, and is not in "
                        "the recording; give the drive's image, too: --drive FILE (of commit: --base FILE)",
                        drive_.name, block, offset));
    }
    std::vector<std::byte> bytes(length);
    file_->read(offset, bytes);
    if (was_read && snapshots::sha256(bytes) != known->second.sha256) {
        throw DiskError(
            fmt::format("{}: block {} (bytes {} to {}) is not as it was when {} was recorded; give the "
                        "image as it was",
                        file_->path(), block, offset, offset + length - 1, drive_.name));
    }
    return bytes;
}

RecordedImage::Bytes RecordedImage::content(std::uint64_t block) const {
    if (const auto found = kept_.find(block); found != kept_.end()) return found->second;
    auto bytes = std::make_shared<const std::vector<std::byte>>(load(block));
    if (order_.size() == kBlocksKept) {
        kept_.erase(order_.front());
        order_.pop_front();
    }
    kept_.emplace(block, bytes);
    order_.push_back(block);
    return bytes;
}

void RecordedImage::read(std::uint64_t offset, std::span<std::byte> out) const {
    const std::lock_guard lock(mutex_);
    for_each_block_part(
        offset, out.size(),
        [&](std::uint64_t block, std::uint64_t in_block, std::size_t done, std::size_t length) {
            std::memcpy(out.data() + done, content(block)->data() + in_block, length);
        });
}

}  // namespace backspin::cli
