// Other futures of the session: docs/branches.md.
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/going.hpp"
#include "cli/units.hpp"

namespace backspin::cli::monitor {
namespace {

std::optional<replay::BranchInfo> find_branch(std::string_view name, const Desk& desk) {
    const auto value = parse_number(name);
    for (auto& branch : desk.timeline.branches()) {
        if (branch.name == name || value == branch.number.id) return std::move(branch);
    }
    return std::nullopt;
}

Reply branch(const Call& call) {
    auto& desk = call.desk;
    if (!desk.keeping.no_branches.empty()) return refused(desk.keeping.no_branches);
    if (!call.arguments.empty() && !is_bookmark_name(call.arguments))
        return refused("a branch's name begins with a letter, and has letters, digits, '-', '_' and '.'");
    if (const auto why = desk.timeline.branch(std::string(call.arguments))) return refused(why->why);
    const auto branch = desk.timeline.current_branch();
    return fmt::format(
        "branch {} begins at position {}: what is written and typed from here on is its own\n{}", branch.name,
        branch.fork.step.value, desk.keeping.at_branch);
}

Reply list(const Call& call) {
    const auto& timeline = call.desk.timeline;
    const auto current = timeline.current_branch().number;
    std::string text;
    for (const auto& branch : timeline.branches()) {
        text += fmt::format("{} {:>3} {:<16} ", branch.number == current ? '*' : ' ', branch.number.id,
                            branch.name);
        text += branch.number == Branch{} ? fmt::format("from position {}", branch.fork.step.value)
                                          : fmt::format("from position {} of {}", branch.fork.step.value,
                                                        name_of(branch.fork.branch, call.desk));
        text += fmt::format(" to {}, {}\n", branch.frontier.value, branch.live ? "live" : "a recording");
    }
    return text;
}

Reply switch_to(const Call& call) {
    const auto branch = find_branch(call.arguments, call.desk);
    if (!branch)
        return refused(fmt::format("there is no branch '{}': 'monitor branches' lists them", call.arguments));
    const auto from = call.desk.timeline.position();
    return arrived(call.desk, call.desk.timeline.switch_to(branch->number), from);
}

constexpr auto kBranchesCommands = std::to_array<Command>({
    {"branch", "[NAME]", "begin another future here, to write and type in", branch},
    {"branches", "", "list them: number, name, where each begins and ends", list},
    {"switch", "NAME", "go on with another branch, where it was left", switch_to},
});

}  // namespace

Family branches() {
    return {"Other futures", kBranchesCommands};
}

}  // namespace backspin::cli::monitor
