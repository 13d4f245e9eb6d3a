// Where the session is, and going elsewhere: for the commands that do.
#pragma once

#include <string>

#include "base/position.hpp"
#include "cli/debug/monitor/command.hpp"

namespace backspin::cli::monitor {

/// "position 5 of 100, time 0.000000050 s, in the past", a line.
std::string where(const Desk& desk);

Reply go_to(const Desk& desk, StepCount target);
/// What is said after a move that began at `from`.
Reply arrived(const Desk& desk, const replay::Stopped& stopped, Position from);

/// The bookmarks of the current branch and its past.
Bookmarks bookmarks_here(const Desk& desk);
std::string name_of(Branch branch, const Desk& desk);

}  // namespace backspin::cli::monitor
