#include <array>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/look_up.hpp"

namespace backspin::cli::monitor {
namespace {

Reply help(const Call& call) {
    if (call.arguments.empty()) return list_of_commands();
    // Of several that begin so, all; of one that has none of its own, its subcommands.
    const auto found = look_up(call.arguments);
    if (const auto* one = std::get_if<Found>(&found)) return help_of(*one->command);
    std::string text;
    for (const auto& family : families()) {
        for (const auto& command : family.commands) {
            if (command.name.starts_with(call.arguments)) text += help_of(command);
        }
    }
    if (text.empty()) return refused(std::get<NotFound>(found).why);
    return text;
}

/// For clients that complete what their user types.
Reply complete(const Call& call) {
    std::string text;
    for (const auto name : names_with(call.arguments)) text += std::string(name) + "\n";
    return text;
}

constexpr auto kHelpingCommands = std::to_array<Command>({
    {"help", "[NAME]", "this list, or what one command does", help},
    {"complete", "[TEXT]", "the names that begin so, one a line: for programs", complete},
});

}  // namespace

Family helping() {
    return {"Help", kHelpingCommands};
}

}  // namespace backspin::cli::monitor
