// The stop points of a run, arranged for the engine: is there an execute stop here, does this access touch a
// watched range, is this trap one to stop at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/machine.hpp"

namespace backspin::emu {

class StopPoints {
  public:
    /// A watch of more pages than this counts as watching every page: slower, and just as exact.
    static constexpr std::uint64_t kMostListedPages = std::uint64_t{1} << 14;

    /// True if something changed.
    bool set(std::span<const StopPoint> points);

    const std::vector<std::uint64_t>& execute() const { return execute_; }
    bool executes_at(VirtualAddress pc) const { return std::ranges::binary_search(execute_, pc.value); }

    bool stops_at_traps() const { return !traps_.empty(); }
    bool stops_at_trap(std::uint64_t cause) const {
        return std::ranges::any_of(traps_, [&](const StopPoint& causes) {
            return cause >= causes.address.value && cause - causes.address.value < causes.length;
        });
    }

    const std::vector<StopPoint>& watches() const { return watches_; }
    /// Whether any watched byte lies in the 4 KiB page that starts here.
    bool watches_page(VirtualAddress page) const {
        return watches_everything_ || std::ranges::binary_search(watched_pages_, page.value);
    }

    /// The same of a physical page; those are not among the pages above.
    bool watches_page(PhysicalAddress page) const {
        return watches_all_physical_ || std::ranges::binary_search(watched_physical_pages_, page.value);
    }
    bool watches_physical() const { return watches_all_physical_ || !watched_physical_pages_.empty(); }

  private:
    void watch(const StopPoint& point);

    std::vector<StopPoint> points_;
    std::vector<std::uint64_t> execute_;  ///< ascending
    std::vector<StopPoint> traps_;
    std::vector<StopPoint> watches_;
    std::vector<std::uint64_t> watched_pages_;  ///< ascending
    bool watches_everything_ = false;
    std::vector<std::uint64_t> watched_physical_pages_;  ///< ascending
    bool watches_all_physical_ = false;
};

/// The part of two ranges that both have; length 0 if none. Neither range wraps around.
struct Overlap {
    std::uint64_t start = 0;
    std::uint64_t length = 0;
};
constexpr Overlap overlap(VirtualAddress a, std::uint64_t a_length, VirtualAddress b,
                          std::uint64_t b_length) {
    const auto start = std::max(a.value, b.value);
    const auto a_last = a.value + (a_length - 1);
    const auto b_last = b.value + (b_length - 1);
    const auto last = std::min(a_last, b_last);
    return start <= last ? Overlap{start, last - start + 1} : Overlap{};
}

}  // namespace backspin::emu
