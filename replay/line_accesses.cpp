#include "replay/line_accesses.hpp"

#include <algorithm>
#include <numeric>
#include <ranges>
#include <utility>

namespace backspin::replay {

AccessIndex& LineAccesses::of(Branch branch) {
    return by_branch_.try_emplace(branch, epoch_steps_, most_bytes_).first->second;
}

const AccessIndex* LineAccesses::known(Branch branch) const {
    const auto found = by_branch_.find(branch);
    return found != by_branch_.end() ? &found->second : nullptr;
}

std::size_t LineAccesses::bytes() const {
    return std::accumulate(by_branch_.begin(), by_branch_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& entry) { return sum + entry.second.bytes(); });
}

void LineAccesses::add(Position begin, StepCount end, PackedNotes notes) {
    of(begin.branch).add(begin.step, end, std::move(notes));
    drop_others();
}

/// One index merges what is old in it; all together are kept within the same bound by forgetting whole
/// branches that are not looked at.
void LineAccesses::drop_others() {
    while (by_branch_.size() > 1 && bytes() > most_bytes_) {
        const auto other = std::ranges::find_if(by_branch_, [&](const auto& entry) {
            return std::ranges::find(line_.segments(), entry.first, &Line::Segment::branch) ==
                   line_.segments().end();
        });
        if (other == by_branch_.end()) return;
        by_branch_.erase(other);
    }
}

std::optional<AccessIndex::Stretch> LineAccesses::containing(StepCount step) const {
    const auto& segment = line_.segment(step);
    const auto* index = known(segment.branch);
    auto stretch = index != nullptr ? index->containing(step) : std::nullopt;
    // What the parent did behind the fork may be noted in one with what it did before.
    if (stretch) stretch->end = std::min(stretch->end, segment.end);
    return stretch;
}

StepCount LineAccesses::latest_candidate(StepCount floor, StepCount end,
                                         std::span<const StopPoint> stops) const {
    if (end <= floor) return floor;
    for (const auto& segment : std::views::reverse(line_.until({end.value - 1}))) {
        const auto begin = std::max(floor, segment.begin);
        const auto* index = known(segment.branch);
        if (begin < end) {
            const auto candidate = index != nullptr ? index->latest_candidate(begin, end, stops) : end;
            if (candidate > begin) return candidate;
            end = begin;
        }
        if (segment.begin <= floor) break;
    }
    return floor;
}

StepCount LineAccesses::first_candidate(StepCount begin, StepCount ceiling,
                                        std::span<const StopPoint> stops) const {
    for (const auto& segment : line_.from(begin)) {
        const auto end = std::min(ceiling, segment.end);
        const auto* index = known(segment.branch);
        if (begin < end) {
            const auto candidate = index != nullptr ? index->first_candidate(begin, end, stops) : begin;
            if (candidate < end) return candidate;
            begin = end;
        }
        if (segment.end >= ceiling) break;
    }
    return ceiling;
}

}  // namespace backspin::replay
