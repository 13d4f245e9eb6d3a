#include "emu/drive.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace backspin::emu {
namespace {

/// Calls `piece(page, offset in the page, offset in the range, length)`.
template <class F>
void for_each_part(std::uint64_t offset, std::size_t length, F piece) {
    for (std::size_t done = 0; done < length;) {
        const auto here = offset + done;
        const auto part = std::min<std::size_t>(length - done, kPageSize - here % kPageSize);
        piece(here / kPageSize, here % kPageSize, done, part);
        done += part;
    }
}

}  // namespace

Drive::Drive(PageTable& pages, PageIndex first, std::shared_ptr<const DiskImage> image)
    : pages_(&pages), first_(first), image_(std::move(image)), size_(image_->size()) {}

void Drive::read_image(std::uint64_t offset, std::span<std::byte> out) const {
    const auto there = std::min<std::uint64_t>(out.size(), size_ - offset);
    image_->read(offset, out.first(there));
    std::ranges::fill(out.subspan(there), std::byte{});
}

bool Drive::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > size_ || out.size() > size_ - offset) return false;
    for_each_part(offset, out.size(),
                  [&](std::uint64_t page, std::size_t in_page, std::size_t done, std::size_t length) {
                      const auto part = out.subspan(done, length);
                      const auto* written = pages_->find({first_.value + page});
                      if (written == nullptr) return read_image(page * kPageSize + in_page, part);
                      std::memcpy(part.data(), written->bytes().data() + in_page, length);
                  });
    return true;
}

bool Drive::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (offset > size_ || bytes.size() > size_ - offset) return false;
    for_each_part(offset, bytes.size(),
                  [&](std::uint64_t page, std::size_t in_page, std::size_t done, std::size_t length) {
                      const PageIndex index{first_.value + page};
                      const bool is_new = pages_->find(index) == nullptr;
                      auto* written = pages_->write_page(index);
                      if (is_new && length < kPageSize) read_image(page * kPageSize, written->bytes());
                      std::memcpy(written->bytes().data() + in_page, bytes.data() + done, length);
                  });
    return true;
}

}  // namespace backspin::emu
