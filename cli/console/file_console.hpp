#pragma once

#include <string>

#include "cli/console/console.hpp"

namespace backspin::cli {

/// Output to a file that must not exist unless `force`; no input. Throws StartError.
std::unique_ptr<Console> open_file_console(const std::string& path, bool force);

}  // namespace backspin::cli
