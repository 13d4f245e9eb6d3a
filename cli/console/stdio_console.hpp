#pragma once

#include "cli/console/console.hpp"

namespace backspin::cli {

/// Output on stdout. Input from stdin: a terminal (raw, with Ctrl-A), or a pipe or file up to its end.
std::unique_ptr<Console> open_stdio_console(HostLoop& loop, ConsoleUse use);

}  // namespace backspin::cli
