#pragma once

#include "cli/console/console.hpp"

namespace backspin::cli {

/// Listens on the loopback and prints the port. Throws StartError.
std::unique_ptr<Console> open_tcp_console(HostLoop& loop, const TcpConsole& choice, ConsoleUse use);

/// A new pseudo-terminal; prints its name. Throws StartError.
std::unique_ptr<Console> open_pty_console(HostLoop& loop, ConsoleUse use);

}  // namespace backspin::cli
