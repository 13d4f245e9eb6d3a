#include "emu/engine/stop_points.hpp"

#include "base/pages.hpp"

namespace backspin::emu {
bool StopPoints::set(std::span<const StopPoint> points) {
    if (std::ranges::equal(points, points_)) return false;
    points_.assign(points.begin(), points.end());
    execute_.clear();
    watches_.clear();
    watched_pages_.clear();
    watches_everything_ = false;
    for (auto point : points_) {
        if (point.kind == StopKind::execute) {
            execute_.push_back(point.address.value);
            continue;
        }
        if (point.length == 0) continue;
        // A range ends at the end of the address space at the latest.
        const auto end = point.address.value + (point.length - 1);
        const auto wraps = end < point.address.value;
        if (wraps) point.length = std::uint64_t{0} - point.address.value;
        watches_.push_back(point);
        const auto first = point.address.value >> kPageBits;
        const auto last = (wraps ? ~std::uint64_t{0} : end) >> kPageBits;
        watches_everything_ = watches_everything_ || last - first >= kMostListedPages;
        if (watches_everything_) continue;
        for (auto page = first; page <= last; ++page) watched_pages_.push_back(page << kPageBits);
    }
    std::ranges::sort(execute_);
    std::ranges::sort(watched_pages_);
    watched_pages_.erase(std::ranges::unique(watched_pages_).begin(), watched_pages_.end());
    return true;
}

}  // namespace backspin::emu
