#pragma once

#include "cli/console/console.hpp"

namespace backspin::cli {

/// Listens and prints the port, after the console's name. Throws StartError.
std::unique_ptr<Console> open_tcp_console(HostLoop& loop, const TcpConsole& choice, ConsoleUse use,
                                          const std::string& name);
/// Listens on a Unix socket, which only its owner may use.
std::unique_ptr<Console> open_unix_console(HostLoop& loop, const UnixConsole& choice, ConsoleUse use,
                                           const std::string& name);

/// A new pseudo-terminal; prints its name. Throws StartError.
std::unique_ptr<Console> open_pty_console(HostLoop& loop, ConsoleUse use, const std::string& name);

}  // namespace backspin::cli
