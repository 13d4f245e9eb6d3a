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

RecordedImage::RecordedImage(std::string name, std::uint64_t size, std::shared_ptr<const BlockSource> blocks,
                             std::shared_ptr<const FileImage> file)
    : name_(std::move(name)), size_(size), blocks_(std::move(blocks)), file_(std::move(file)) {
    if (file_ && file_->size() != size_)
        throw StartError(
            fmt::format("{}: has {} bytes, and the recorded run's {} had {}; give the image as it "
                        "was",
                        file_->path(), file_->size(), name_, size_));
}

std::vector<std::byte> RecordedImage::load(std::uint64_t block) const {
    const auto known = blocks_->known(block);
    const auto length = block_length(size_, block);
    const auto offset = block * kDiskBlock;
    if (known == BlockSource::Known::its_bytes) {
        auto bytes = blocks_->bytes(block);
        if (bytes.size() != length)
            throw DiskError(
                fmt::format("{}: the recording's block {} has {} bytes instead of {}: it was altered", name_,
                            block, bytes.size(), length));
        return bytes;
    }
    if (!file_) {
        throw DiskError(fmt::format("{}: block {} (byte {}) is not in the recording; name the drive's image",
                                    name_, block, offset));
    }
    std::vector<std::byte> bytes(length);
    file_->read(offset, bytes);
    if (known == BlockSource::Known::its_hash && !blocks_->matches(block, bytes)) {
        throw DiskError(
            fmt::format("{}: block {} (bytes {} to {}) is not as it was when {} was recorded; give the "
                        "image as it was",
                        file_->path(), block, offset, offset + length - 1, name_));
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
