// The content of a drive: an image that never changes, and over it the pages that the guest has written,
// which are part of the machine's memory and thus of every snapshot of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/pages.hpp"

namespace backspin::emu {

/// An image that lies outside the machine. What it holds must never change while a machine uses it: it is
/// part of what the state at every position depends on. Thread: any, several at a time.
class DiskImage {
  public:
    virtual ~DiskImage() = default;
    /// Bytes. Constant.
    virtual std::uint64_t size() const = 0;
    /// Precondition: offset + out.size() <= size(). Throws what the host's code wants thrown (std::exception)
    /// when the image cannot be read or is not the one that it should be; the run ends there.
    virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

/// Source of the layout: pages of 4 KiB from the image's start, the last one padded with zeros.
class Drive {
  public:
    /// `pages` outlives this; the drive's are those from `first` on, as many as pages_for(image->size()).
    Drive(PageTable& pages, PageIndex first, std::shared_ptr<const DiskImage> image);

    static std::uint64_t pages_for(std::uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize; }

    std::uint64_t size() const { return size_; }
    /// False, and nothing done, if a byte lies behind the end.
    bool read(std::uint64_t offset, std::span<std::byte> out) const;
    bool write(std::uint64_t offset, std::span<const std::byte> bytes);

    PageIndex first_page() const { return first_; }
    std::uint64_t page_count() const { return pages_for(size_); }

  private:
    void read_image(std::uint64_t offset, std::span<std::byte> out) const;

    PageTable* pages_;
    PageIndex first_;
    std::shared_ptr<const DiskImage> image_;
    std::uint64_t size_;
};

}  // namespace backspin::emu
