// What a machine's engine has done, as text: --stats and monitor stats.
#pragma once

#include <string>

#include "emu/engine/engine_statistics.hpp"

namespace backspin::cli {

/// Lines, each with its newline.
std::string describe_engine(const emu::EngineStatistics& statistics);

}  // namespace backspin::cli
