#pragma once

#include <span>

#include "cli/options/verb.hpp"

namespace backspin::cli {

/// The verbs that ask something of a recording, or mend it.
std::span<const VerbEntry> recording_verbs();

}  // namespace backspin::cli
