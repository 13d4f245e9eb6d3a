// What the machine's console is connected to: --console stdio | none | file:PATH | tcp:PORT | pty.
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
/// Listens on the loopback; one client at a time.
struct TcpConsole {
    std::uint16_t port = 0;  ///< 0: any free one
    bool operator==(const TcpConsole&) const = default;
};
struct PtyConsole {
    bool operator==(const PtyConsole&) const = default;
};
using ConsoleChoice = std::variant<StdioConsole, NoConsole, FileConsole, TcpConsole, PtyConsole>;

/// Throws UsageError.
ConsoleChoice parse_console(std::string_view text);

}  // namespace backspin::cli
