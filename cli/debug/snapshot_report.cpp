#include "cli/debug/snapshot_report.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "cli/units.hpp"
#include "snapshots/reach.hpp"

namespace backspin::cli {
namespace {

std::string in_time(StepCount steps, StepCount per_millisecond) {
    const auto ms = static_cast<double>(steps.value) / static_cast<double>(per_millisecond.value);
    return ms < 1000 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.1f} s", ms / 1000);
}

}  // namespace

std::string describe_cost(const replay::Timeline& timeline) {
    return fmt::format("cost: {:.1f} % of the time that the machine ran\n", 100 * timeline.snapshot_share());
}

std::string describe_snapshots(const replay::Timeline& timeline) {
    const auto& kept = timeline.snapshots();
    auto text = fmt::format("in memory: {} snapshots, {} pinned, {} of {}\n", kept.size(), kept.pinned(),
                            describe_size(kept.bytes()), describe_size(kept.budget().bytes));
    if (const auto* spill = kept.spill()) {
        text += fmt::format("spilled: {} snapshots, {} of {} in {}\n", spill->positions().size(),
                            describe_size(spill->bytes()), describe_size(spill->limit()),
                            spill->directory().empty() ? "memory" : spill->directory());
    }
    const auto points = timeline.starting_points();
    const auto end = timeline.frontier().step;
    const auto reach = snapshots::reach(points, end);
    const auto speed = timeline.steps_per_millisecond();
    text += fmt::format("oldest position: {} of {}\n", points.front().value, end.value);
    text += fmt::format("going back: {} steps run again at the median, {} at most: {} and {}\n",
                        reach.median.value, reach.worst.value, in_time(reach.median, speed),
                        in_time(reach.worst, speed));
    return text + describe_cost(timeline);
}

}  // namespace backspin::cli
