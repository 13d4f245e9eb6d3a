#include "cli/debug/monitor.hpp"

#include <variant>

#include <fmt/format.h>

#include "adapter/timeline_target.hpp"
#include "cli/debug/monitor/look_up.hpp"

namespace backspin::cli {

gdbstub::Outcome<std::string> MonitorCommands::execute(std::string_view command, gdbstub::ThreadId selected) {
    using namespace monitor;
    desk_.selected = adapter::hart_of(selected);
    const auto found = look_up(trimmed(command));
    if (const auto* none = std::get_if<NotFound>(&found)) return refused(none->why);
    const auto& [meant, arguments] = std::get<Found>(found);
    if (meant->arguments.empty() && !arguments.empty())
        return refused(fmt::format("{} takes nothing behind its name", meant->name));
    return meant->run({desk_, *meant, arguments});
}

}  // namespace backspin::cli
