#include "emu/engine/stop_points.hpp"

#include "base/pages.hpp"

namespace backspin::emu {

bool StopPoints::set(std::span<const StopPoint> points) {
    if (std::ranges::equal(points, points_)) return false;
    points_.assign(points.begin(), points.end());
    execute_.clear();
    traps_.clear();
    watches_.clear();
    watched_pages_.clear();
    watched_physical_pages_.clear();
    watches_everything_ = watches_all_physical_ = false;
    for (const auto& point : points_) {
        if (point.kind == StopKind::execute) {
            execute_.push_back(point.address.value);
        } else if (point.kind == StopKind::trap) {
            traps_.push_back(point);
        } else if (point.length != 0) {
            watch(point);
        }
    }
    std::ranges::sort(execute_);
    for (auto* pages : {&watched_pages_, &watched_physical_pages_}) {
        std::ranges::sort(*pages);
        pages->erase(std::ranges::unique(*pages).begin(), pages->end());
    }
    return true;
}

void StopPoints::watch(const StopPoint& point) {
    // A range ends at the end of the address space at the latest.
    const auto end = point.address.value + (point.length - 1);
    const auto wraps = end < point.address.value;
    watches_.push_back(point);
    if (wraps) watches_.back().length = std::uint64_t{0} - point.address.value;

    const bool is_physical = point.space == StopSpace::physical;
    auto& everything = is_physical ? watches_all_physical_ : watches_everything_;
    auto& pages = is_physical ? watched_physical_pages_ : watched_pages_;
    const auto first = point.address.value >> kPageBits;
    const auto last = (wraps ? ~std::uint64_t{0} : end) >> kPageBits;
    everything = everything || last - first >= kMostListedPages;
    if (everything) return;
    for (auto page = first; page <= last; ++page) pages.push_back(page << kPageBits);
}

}  // namespace backspin::emu
