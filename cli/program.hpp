#pragma once

#include <span>
#include <string>

namespace backspin::cli {

/// What the `backspin` program does with its arguments (without its name). Returns the process's exit code;
/// every error is one line on stderr.
int run_program(std::span<const std::string> arguments);

}  // namespace backspin::cli
