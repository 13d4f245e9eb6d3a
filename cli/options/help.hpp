#pragma once

#include <string>

namespace backspin::cli {

/// The version and what this build can do, a line each.
std::string version_text();

}  // namespace backspin::cli
