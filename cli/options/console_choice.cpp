#include "cli/options/console_choice.hpp"

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/units.hpp"

namespace backspin::cli {

ConsoleChoice parse_console(std::string_view text) {
    constexpr std::string_view kFile = "file:";
    constexpr std::string_view kTcp = "tcp:";
    if (text == "stdio") return StdioConsole{};
    if (text == "none") return NoConsole{};
    if (text == "pty") return PtyConsole{};
    if (text.starts_with(kFile) && text.size() > kFile.size())
        return FileConsole{std::string(text.substr(kFile.size()))};
    if (text.starts_with(kTcp)) {
        const auto port = parse_number(text.substr(kTcp.size()));
        if (port && *port <= 65535) return TcpConsole{static_cast<std::uint16_t>(*port)};
        throw UsageError(fmt::format("--console {}: give a port from 0 (any free one) to 65535", text));
    }
    throw UsageError(fmt::format("--console {}: choose one of stdio, none, file:PATH, tcp:PORT, pty", text));
}

}  // namespace backspin::cli
