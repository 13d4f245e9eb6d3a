// Which pages a stretch of a run touched: what a search needs to pass over stretches in which its stops
// cannot hold. Notes may name pages that were not touched; they never lack one that was.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/address.hpp"
#include "base/pages.hpp"

namespace backspin {

/// An address, virtual or physical as the context says, without the place in its page of 4 KiB.
struct PageNumber {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const PageNumber&) const = default;
};

constexpr PageNumber page_number(VirtualAddress at) {
    return {at.value >> kPageBits};
}
constexpr PageNumber page_number(PhysicalAddress at) {
    return {at.value >> kPageBits};
}

/// Each list is in ascending order, each page in it once.
struct AccessNotes {
    /// Virtual pages that harts attempted instructions in, loaded from, and stored to. What stores and loads
    /// in one, as an atomic, is noted as stored only.
    std::vector<PageNumber> executed, read, written;
    /// Physical pages that anybody wrote.
    std::vector<PageNumber> changed;
    /// Those of them that were written by something else than a hart's store: a device, an input, a page
    /// walk.
    std::vector<PageNumber> changed_from_outside;
    /// Whether virtual and physical addresses may have differed for any hart.
    bool translated = false;

    /// What two stretches together touched.
    void merge(const AccessNotes& other);
    bool operator==(const AccessNotes&) const = default;
};

/// Gathers pages, in any order and as often as they come.
class PageCollector {
  public:
    void add(PageNumber page) {
        auto& recent = recent_[page.value % recent_.size()];
        if (recent == page) return;
        recent = page;
        pages_.push_back(page);
        if (pages_.size() >= compact_at_) compact();
    }
    /// In ascending order, each once; none is left here.
    std::vector<PageNumber> take();

  private:
    static constexpr std::size_t kRecent = 64;
    static constexpr std::size_t kLeast = 4096;
    static constexpr PageNumber kNone{~std::uint64_t{0}};

    void compact();

    std::vector<PageNumber> pages_;
    std::vector<PageNumber> recent_ = std::vector<PageNumber>(kRecent, kNone);
    std::size_t compact_at_ = kLeast;
};

}  // namespace backspin
