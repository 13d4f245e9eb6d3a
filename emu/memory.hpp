// Guest memory by physical address: RAM, and the mask ROM that the reset vector lies in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/pages.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

class Memory {
  public:
    /// `ram_bytes`: a multiple of the page size, at least one page; it costs only what is written.
    Memory(std::shared_ptr<PageStore> store, std::uint64_t ram_bytes);

    BusRange ram() const { return ram_; }

    /// The page that this address is in; nothing outside RAM and ROM.
    std::optional<PageIndex> page_of(PhysicalAddress at) const;
    /// Whether the guest may write here: RAM only.
    bool is_writable(PhysicalAddress at) const { return ram_.contains(at); }

    /// The bytes at `at`, which may cross pages; false, and nothing done, unless all of them are RAM or ROM.
    bool read(PhysicalAddress at, std::span<std::byte> out) const;
    /// False, and nothing done, unless all bytes are RAM.
    bool write(PhysicalAddress at, std::span<const std::byte> bytes);
    /// Of an access that the guest may not make, the address that is in its way: the first one behind RAM or
    /// ROM if it runs over an end, else its own.
    PhysicalAddress first_missing(PhysicalAddress at, bool writing) const;
    /// Puts bytes anywhere in RAM or ROM, for loading images. False, and nothing done, outside.
    bool load(PhysicalAddress at, std::span<const std::byte> bytes);

    PageTable& pages() { return pages_; }
    const PageTable& pages() const { return pages_; }

  private:
    bool covers(PhysicalAddress at, std::size_t length) const;
    void put(PhysicalAddress at, std::span<const std::byte> bytes);

    BusRange ram_;
    PageTable pages_;  ///< RAM's pages first, then the ROM's
};

}  // namespace backspin::emu
