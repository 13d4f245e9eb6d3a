// A set of pages that is asked at every miss, and emptied as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/pages.hpp"

namespace backspin::emu {

class PageSet {
  public:
    explicit PageSet(std::size_t pages) : bits_((pages + 63) / 64) {}

    bool contains(PageIndex page) const { return (bits_[page.value / 64] >> page.value % 64 & 1) != 0; }
    /// Whether it is new.
    bool insert(PageIndex page) {
        if (contains(page)) return false;
        bits_[page.value / 64] |= std::uint64_t{1} << page.value % 64;
        members_.push_back(page);
        return true;
    }
    /// Costs as much as there is in it.
    void clear() {
        for (const auto page : members_) bits_[page.value / 64] = 0;
        members_.clear();
    }

  private:
    std::vector<std::uint64_t> bits_;
    std::vector<PageIndex> members_;
};

}  // namespace backspin::emu
