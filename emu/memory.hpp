// Guest memory by physical address: RAM, and the mask ROM that the reset vector lies in. Behind both, out of
// any address's reach, lie the pages that the guest has written to its drives.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/pages.hpp"
#include "emu/drive.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

/// Calls `piece(address, offset, length)` for each part of a range that lies in one page.
template <class F>
void for_each_page(PhysicalAddress at, std::size_t length, F piece) {
    for (std::size_t done = 0; done < length;) {
        const PhysicalAddress here{at.value + done};
        const auto part = std::min(length - done, kPageSize - here.value % kPageSize);
        piece(here, done, part);
        done += part;
    }
}

/// Bytes that lie in one page.
struct MemoryPiece {
    PhysicalAddress at;
    std::size_t length = 0;
};

class Memory {
  public:
    /// `ram_bytes`: a multiple of the page size, at least one page; it costs only what is written.
    /// One drive for each image; together they have at most kMostDriveBytes, or std::invalid_argument.
    Memory(std::shared_ptr<PageStore> store, std::uint64_t ram_bytes,
           std::span<const std::shared_ptr<const DiskImage>> images = {});

    /// So that a page table's directory stays small beside what it leads to.
    static constexpr std::uint64_t kMostDriveBytes = std::uint64_t{1} << 40;

    BusRange ram() const { return ram_; }

    /// The page that this address is in; nothing outside RAM and ROM.
    std::optional<PageIndex> page_of(PhysicalAddress at) const {
        if (ram_.contains(at)) return PageIndex{(at.value - ram_.base.value) >> kPageBits};
        if (memory_map::kMaskRom.contains(at)) return page_of_rom(at);
        return std::nullopt;
    }
    /// Whether the guest may write here: RAM only.
    bool is_writable(PhysicalAddress at) const { return ram_.contains(at); }

    /// The bytes at `at`, which may cross pages; false, and nothing done, unless all of them are RAM or ROM.
    bool read(PhysicalAddress at, std::span<std::byte> out) const;
    /// False, and nothing done, unless all bytes are RAM.
    bool write(PhysicalAddress at, std::span<const std::byte> bytes);
    /// Puts bytes anywhere in RAM or ROM, for loading images. False, and nothing done, outside.
    bool load(PhysicalAddress at, std::span<const std::byte> bytes);

    /// The memory as it is now is what reset() puts back: images loaded, and zeros.
    void keep_as_power_on() { power_on_ = pages_.share(); }
    void set_power_on(const PageRoot& root) { power_on_ = root; }
    /// As after a power cycle: drives keep what was written to them. Precondition: the power-on memory was
    /// given.
    void reset();

    std::uint64_t ram_bytes() const { return ram_.size; }
    std::size_t drive_count() const { return drives_.size(); }
    /// By number, from 0. Valid as long as this memory.
    Drive drive(std::size_t number) { return {pages_, drives_.at(number).first, drives_.at(number).image}; }

    PageTable& pages() { return pages_; }
    const PageTable& pages() const { return pages_; }

  private:
    PageIndex page_of_rom(PhysicalAddress at) const;
    bool covers(PhysicalAddress at, std::size_t length) const;
    void put(PhysicalAddress at, std::span<const std::byte> bytes);

    struct DrivePlace {
        PageIndex first;
        std::shared_ptr<const DiskImage> image;
    };
    std::uint64_t pages_on_bus() const { return (ram_.size + memory_map::kMaskRom.size) / kPageSize; }

    BusRange ram_;
    std::vector<DrivePlace> drives_;
    PageRoot power_on_;
    PageTable pages_;  ///< RAM's pages first, then the ROM's, then the drives'
};

}  // namespace backspin::emu
