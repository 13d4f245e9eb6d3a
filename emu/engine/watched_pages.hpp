// Pages in which something is watched, and where on the host their bytes are: who touches others of their
// bytes need not take the slow path that looks for hits. Programs keep what they write all the time on one
// page with what a user watches.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "base/pages.hpp"

namespace backspin::emu {

class WatchedPages {
  public:
    /// Guest addresses, in one page.
    struct Range {
        std::uint64_t first = 0, last = 0;
    };

    /// The host address of these bytes; null if the page is not known, if they are not all in one page, or if
    /// some of them are watched.
    std::byte* find_beside(VirtualAddress at, std::size_t size) const {
        const auto& entry = entries_[slot_of(at.value)];
        const auto last = at.value + (size - 1);
        // The page of the last byte: where that is the next page, it belongs to another slot.
        if (entry.page != (last & ~std::uint64_t{kPageSize - 1})) return nullptr;
        if (at.value <= entry.watched.last && last >= entry.watched.first) return nullptr;
        return reinterpret_cast<std::byte*>(at.value + entry.delta);
    }

    void fill(VirtualAddress page, const std::byte* host, Range watched) {
        entries_[slot_of(page.value)] = {page.value, reinterpret_cast<std::uint64_t>(host) - page.value,
                                         watched};
        is_empty_ = false;
    }

    /// Drops whatever leads to this host page, under whichever guest address.
    void drop_leading_to(const std::byte* host) {
        if (is_empty_) return;
        for (auto& entry : entries_) {
            if (entry.page + entry.delta == reinterpret_cast<std::uint64_t>(host)) entry.page = kNone;
        }
    }

    void clear() {
        if (is_empty_) return;
        for (auto& entry : entries_) entry.page = kNone;
        is_empty_ = true;
    }

  private:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};  // no page starts there
    struct Entry {
        std::uint64_t page = kNone;
        std::uint64_t delta = 0;  ///< host address minus guest address
        Range watched;
    };
    static constexpr std::size_t kEntries = 16;

    static std::size_t slot_of(std::uint64_t at) { return at >> kPageBits & (kEntries - 1); }

    std::array<Entry, kEntries> entries_{};
    bool is_empty_ = true;
};

}  // namespace backspin::emu
