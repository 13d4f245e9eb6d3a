// `debug`, and what prints text for debuggers: `gdbinit`, `lldbinit` and `dapinit`.
#pragma once

#include <span>

#include "cli/options/verb.hpp"

namespace backspin::cli {

/// In the order in which they are listed.
std::span<const VerbEntry> debug_verbs();

}  // namespace backspin::cli
