#include "cli/options/console_choice.hpp"

#include <sys/un.h>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

/// [HOST:]PORT
TcpConsole parse_tcp(std::string_view text, std::string_view whole) {
    const auto colon = text.rfind(':');
    const auto port = parse_number(colon == std::string_view::npos ? text : text.substr(colon + 1));
    if (!port || *port > 65535)
        throw UsageError(fmt::format("{}: give a port from 0 (any free one) to 65535", whole));
    TcpConsole console{static_cast<std::uint16_t>(*port)};
    if (colon == std::string_view::npos) return console;
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (!host.empty()) console.host = host;
    return console;
}

UnixConsole parse_unix(std::string_view path, std::string_view whole) {
    constexpr auto kLongest = sizeof(sockaddr_un::sun_path) - 1;
    if (path.size() > kLongest)
        throw UsageError(
            fmt::format("{}: takes at most {} bytes of path; use a shorter one", whole, kLongest));
    return UnixConsole{std::string(path)};
}

}  // namespace

ConsoleChoice parse_console(std::string_view text, std::string_view option) {
    const auto whole = fmt::format("--{} {}", option, text);
    /// What follows the prefix; empty if it is another one.
    const auto after = [&](std::string_view prefix) {
        return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view{};
    };
    if (text == "stdio") return StdioConsole{};
    if (text == "none") return NoConsole{};
    if (text == "pty") return PtyConsole{};
    if (const auto path = after("file:"); !path.empty()) return FileConsole{std::string(path)};
    if (const auto path = after("unix:"); !path.empty()) return parse_unix(path, whole);
    if (text.starts_with("tcp:")) return parse_tcp(after("tcp:"), whole);
    throw UsageError(
        fmt::format("{}: choose one of stdio, none, file:PATH, tcp:[HOST:]PORT, unix:PATH, pty", whole));
}

}  // namespace backspin::cli
