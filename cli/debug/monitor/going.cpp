#include "cli/debug/monitor/going.hpp"

#include <fmt/format.h>

namespace backspin::cli::monitor {
namespace {

std::string seconds(VirtualTime time) {
    return fmt::format("{}.{:09} s", time.ns / 1'000'000'000, time.ns % 1'000'000'000);
}

}  // namespace

std::string where(const Desk& desk) {
    const auto& timeline = desk.timeline;
    const auto at = timeline.position().step.value;
    const auto frontier = timeline.frontier().step.value;
    const auto* kind = !timeline.at_frontier() ? "in the past" : timeline.is_live() ? "live" : "at the end";
    auto text =
        fmt::format("position {} of {}, time {}, {}", at, frontier, seconds(desk.machine.time()), kind);
    if (timeline.branches().size() > 1) text += ", branch " + timeline.current_branch().name;
    return text + "\n";
}

Reply go_to(const Desk& desk, StepCount target) {
    const auto from = desk.timeline.position();
    return arrived(desk, desk.timeline.seek(target), from);
}

Reply arrived(const Desk& desk, const replay::Stopped& stopped, Position from) {
    if (stopped.why == replay::StopReason::interrupted)
        return refused("interrupted: the position is what it was");
    if (stopped.why == replay::StopReason::diverged)
        return refused("the replay did not do what was recorded");
    auto text = where(desk);
    if (desk.timeline.position() != from) text += "now type: maintenance flush register-cache\n";
    return text;
}

Bookmarks bookmarks_here(const Desk& desk) {
    Bookmarks here;
    for (const auto& [name, at] : desk.keeping.bookmarks) {
        if (desk.timeline.has(at)) here.emplace(name, at.step);
    }
    return here;
}

std::string name_of(Branch branch, const Desk& desk) {
    return desk.timeline.branches().at(branch.id).name;
}

}  // namespace backspin::cli::monitor
