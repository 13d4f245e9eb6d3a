// What a console of the machine is connected to: --console or --virtio-console
// stdio | none | file:PATH | tcp:[HOST:]PORT | unix:PATH | pty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace backspin::cli {

struct StdioConsole {
    bool operator==(const StdioConsole&) const = default;
};
struct NoConsole {
    bool operator==(const NoConsole&) const = default;
};
/// Output goes to the file; there is no input.
struct FileConsole {
    std::string path;
    bool operator==(const FileConsole&) const = default;
};
/// Listens; one client at a time.
struct TcpConsole {
    std::uint16_t port = 0;          ///< 0: any free one
    std::string host = "127.0.0.1";  ///< an address or a name; without its brackets if IPv6
    bool operator==(const TcpConsole&) const = default;
};
/// Listens; one client at a time.
struct UnixConsole {
    std::string path;
    bool operator==(const UnixConsole&) const = default;
};
struct PtyConsole {
    bool operator==(const PtyConsole&) const = default;
};
using ConsoleChoice = std::variant<StdioConsole, NoConsole, FileConsole, TcpConsole, UnixConsole, PtyConsole>;

/// `option` is named in complaints: "console" or "virtio-console". Throws UsageError.
ConsoleChoice parse_console(std::string_view text, std::string_view option = "console");

}  // namespace backspin::cli
