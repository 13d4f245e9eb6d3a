// Pushes of the machine's buttons, under whatever name they are asked for.
#pragma once

#include "cli/debug/monitor/command.hpp"
#include "emu/input.hpp"

namespace backspin::cli::monitor {

/// Refused in the past, and where the machine is off.
Reply push(const Desk& desk, emu::PowerButton button);

}  // namespace backspin::cli::monitor
