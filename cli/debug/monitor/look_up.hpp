// From what a person typed to the command that is meant.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/debug/monitor/command.hpp"

namespace backspin::cli::monitor {

struct Found {
    const Command* command = nullptr;
    std::string_view arguments;  ///< what stands behind the name
};
/// Why no command is meant, in words.
struct NotFound {
    std::string why;
};

/// A name, or the beginning of one that no other has; a whole name is never taken for the beginning of
/// another.
std::variant<Found, NotFound> look_up(std::string_view line);

/// All names that begin so, ascending.
std::vector<std::string_view> names_with(std::string_view beginning);

/// All commands with one line each, or, of one, its usage.
std::string list_of_commands();
std::string help_of(const Command& command);

}  // namespace backspin::cli::monitor
