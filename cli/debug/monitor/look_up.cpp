#include "cli/debug/monitor/look_up.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/debug/monitor/families.hpp"

namespace backspin::cli::monitor {
namespace {

std::string_view first_word(std::string_view name) {
    return name.substr(0, name.find(' '));
}

std::string_view second_word(std::string_view name) {
    const auto space = name.find(' ');
    return space == std::string_view::npos ? std::string_view{} : name.substr(space + 1);
}

std::vector<const Command*> all_commands() {
    std::vector<const Command*> commands;
    for (const auto& family : families()) {
        for (const auto& command : family.commands) commands.push_back(&command);
    }
    return commands;
}

/// Whole or as the only one with this beginning; otherwise all that begin so.
std::vector<std::string_view> meant(std::string_view typed, std::vector<std::string_view> names) {
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    if (std::ranges::find(names, typed) != names.end()) return {typed};
    std::erase_if(names, [&](std::string_view name) { return typed.empty() || !name.starts_with(typed); });
    return names;
}

/// How many letters have to be put in, taken out, exchanged or swapped with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto exchanged = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, exchanged});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[a.size()][b.size()];
}

/// Those that a slip of the fingers makes of `typed`.
std::vector<std::string_view> near(std::string_view typed, const std::vector<std::string_view>& names) {
    constexpr std::size_t kLongest = 32;
    std::vector<std::string_view> close;
    if (typed.size() > kLongest) return close;
    std::size_t least = 3;
    for (const auto name : names) {
        const auto far = distance(typed, name);
        if (far > (name.size() < 5 ? 1 : 2) || far > least) continue;
        if (std::exchange(least, far) != far) close.clear();
        close.push_back(name);
    }
    std::ranges::sort(close);
    close.erase(std::ranges::unique(close).begin(), close.end());
    return close;
}

NotFound unknown(std::string_view typed, const std::vector<std::string_view>& names) {
    constexpr std::size_t kShown = 40;
    const auto close = near(typed, names);
    const auto meant =
        close.empty() ? std::string{} : fmt::format("did you mean {}? ", fmt::join(close, " or "));
    return {fmt::format("unknown command '{}': {}'monitor help' lists them", typed.substr(0, kShown), meant)};
}

NotFound ambiguous(std::string_view typed, const std::vector<std::string_view>& names) {
    return {fmt::format("'{}' may be {}", typed, fmt::join(names, ", "))};
}

}  // namespace

std::span<const Family> families() {
    static const std::array<Family, 10> kFamilies{helping(), moves(), marks(),   branches(),  stops(),
                                                  memory(),  info(),  outside(), questions(), habits()};
    return kFamilies;
}

std::variant<Found, NotFound> look_up(std::string_view line) {
    auto rest = line;
    const auto typed = take_word(rest);
    if (typed.empty()) return NotFound{"'monitor help' lists the commands"};
    const auto commands = all_commands();
    std::vector<std::string_view> firsts(commands.size());
    std::ranges::transform(commands, firsts.begin(),
                           [](const Command* command) { return first_word(command->name); });
    const auto found = meant(typed, firsts);
    if (found.empty()) return unknown(typed, firsts);
    if (found.size() > 1) return ambiguous(typed, found);

    std::vector<const Command*> same;
    std::ranges::copy_if(commands, std::back_inserter(same),
                         [&](const Command* command) { return first_word(command->name) == found.front(); });
    if (second_word(same.front()->name).empty()) return Found{same.front(), rest};

    std::vector<std::string_view> seconds(same.size());
    std::ranges::transform(same, seconds.begin(),
                           [](const Command* command) { return second_word(command->name); });
    const auto next = take_word(rest);
    const auto chosen = meant(next, seconds);
    if (chosen.size() > 1) {
        const auto between = fmt::format(", {} ", found.front());
        return NotFound{fmt::format("'{} {}' may be {} {}", found.front(), next, found.front(),
                                    fmt::join(chosen, between))};
    }
    if (chosen.empty())
        return NotFound{fmt::format("{} wants one of: {}", found.front(), fmt::join(seconds, ", "))};
    const auto command = std::ranges::find_if(
        same, [&](const Command* each) { return second_word(each->name) == chosen.front(); });
    return Found{*command, rest};
}

std::vector<std::string_view> names_with(std::string_view beginning) {
    std::vector<std::string_view> names;
    for (const auto* command : all_commands()) {
        if (command->name.starts_with(beginning)) names.push_back(command->name);
    }
    std::ranges::sort(names);
    return names;
}

namespace {

std::string usage(const Command& command) {
    return command.arguments.empty() ? std::string(command.name)
                                     : fmt::format("{} {}", command.name, command.arguments);
}

}  // namespace

std::string list_of_commands() {
    std::string text;
    for (const auto& family : families()) {
        text += fmt::format("{}{}:\n", text.empty() ? "" : "\n", family.title);
        for (const auto& command : family.commands)
            text += fmt::format("{:<32} {}\n", usage(command), command.help);
    }
    return text +
           "\nA name may be shortened as far as it stays the only one. 'monitor help NAME' says more.\n";
}

std::string help_of(const Command& command) {
    auto text = fmt::format("{}\n  {}\n", usage(command), command.help);
    if (!command.more.empty()) text += fmt::format("{}\n", command.more);
    return text;
}

}  // namespace backspin::cli::monitor
