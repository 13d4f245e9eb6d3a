// Where a debugger connects: --gdb [HOST:]PORT | unix:PATH | stdio.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace backspin::cli {

struct TcpEndpoint {
    std::string host = "127.0.0.1";  ///< an address or a name; without its brackets if IPv6
    std::uint16_t port = 0;          ///< 0: any free one
    std::string port_file{};         ///< where the port's number is told; empty: nowhere
    bool operator==(const TcpEndpoint&) const = default;
};
struct UnixEndpoint {
    std::string path;
    bool operator==(const UnixEndpoint&) const = default;
};
struct StdioEndpoint {
    bool operator==(const StdioEndpoint&) const = default;
};
using Endpoint = std::variant<TcpEndpoint, UnixEndpoint, StdioEndpoint>;

/// Throws UsageError.
Endpoint parse_endpoint(std::string_view text);

}  // namespace backspin::cli
