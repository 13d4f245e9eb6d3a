#include "cli/options/endpoint.hpp"

#include <sys/un.h>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

std::uint16_t parse_port(std::string_view text, std::string_view whole) {
    const auto port = parse_number(text);
    if (!port || *port > 65535) {
        throw UsageError(
            fmt::format("--gdb {}: '{}' is not a port; give a number from 0 (any free port) to 65535, as in "
                        "--gdb 1234, or unix:PATH, or stdio",
                        whole, text));
    }
    return static_cast<std::uint16_t>(*port);
}

TcpEndpoint parse_tcp(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return {"127.0.0.1", parse_port(text, text)};
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    TcpEndpoint endpoint;
    endpoint.port = parse_port(text.substr(colon + 1), text);
    if (!host.empty()) endpoint.host = host;
    return endpoint;
}

}  // namespace

Endpoint parse_endpoint(std::string_view text) {
    constexpr std::string_view kUnix = "unix:";
    if (text == "stdio") return StdioEndpoint{};
    if (!text.starts_with(kUnix)) return parse_tcp(text);
    const auto path = text.substr(kUnix.size());
    if (path.empty()) throw UsageError("--gdb unix: needs a path, as in --gdb unix:/tmp/backspin.sock");
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        throw UsageError(fmt::format("--gdb unix: takes at most {} bytes of path; use a shorter one",
                                     sizeof(sockaddr_un::sun_path) - 1));
    }
    return UnixEndpoint{std::string(path)};
}

}  // namespace backspin::cli
