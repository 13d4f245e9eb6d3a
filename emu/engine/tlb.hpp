// Software translation buffer: from a guest page to where its bytes are on the host. A hit is one compare;
// everything else (permission, devices, copy on write, watched pages, pages with decoded code) hangs on the
// miss: a page that needs attention is simply not entered.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "base/pages.hpp"

namespace backspin::emu {

/// One direct-mapped table. Reads, writes and fetches have one each, so that a copy whose source and
/// destination share a slot does not thrash (measured 20 to 30 times slower where they share).
class Tlb {
  public:
    // 256 entries ran a random walk over 4 MiB at half the speed of 1024; 4096 gained nothing more.
    static constexpr std::size_t kEntries = 1024;

    /// Translated code looks here itself: the entries are the first in the object.
    struct Entry {
        std::uint64_t page = kNone;  ///< address of the guest page
        std::uint64_t delta = 0;     ///< host address minus guest address
    };

    /// The host address of `size` bytes at `at`; null on a miss. An access that crosses into the next page
    /// misses: the page of its last byte is compared, and that one belongs to another slot.
    std::byte* find(VirtualAddress at, std::size_t size) const {
        const auto& entry = entries_[slot_of(at)];
        if (entry.page != ((at.value + size - 1) & ~std::uint64_t{kPageSize - 1})) [[unlikely]]
            return nullptr;
        return reinterpret_cast<std::byte*>(at.value + entry.delta);
    }

    void fill(VirtualAddress page, const std::byte* host) {
        const auto slot = slot_of(page);
        used_[slot / 64] |= std::uint64_t{1} << slot % 64;
        entries_[slot] = {page.value, reinterpret_cast<std::uint64_t>(host) - page.value};
    }

    /// Drops whatever leads to this host page, under whichever guest address.
    void drop_leading_to(const std::byte* host) {
        const auto target = reinterpret_cast<std::uint64_t>(host);
        for (std::size_t word = 0; word < used_.size(); ++word) {
            for (auto bits = used_[word]; bits != 0; bits &= bits - 1) {
                auto& entry = entries_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
                if (entry.page + entry.delta == target) entry.page = kNone;
            }
        }
    }

    /// Only what was filled is cleared: a run of a few hundred steps between two restores pays for the few
    /// pages it used.
    void clear() {
        for (std::size_t word = 0; word < used_.size(); ++word) {
            for (auto bits = used_[word]; bits != 0; bits &= bits - 1) {
                entries_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))].page = kNone;
            }
            used_[word] = 0;
        }
    }

  private:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};  // no page starts there

    static std::size_t slot_of(VirtualAddress at) { return at.value >> kPageBits & (kEntries - 1); }

    std::array<Entry, kEntries> entries_{};
    std::array<std::uint64_t, kEntries / 64> used_{};  ///< a bit for each entry filled since the last clear
};

}  // namespace backspin::emu
