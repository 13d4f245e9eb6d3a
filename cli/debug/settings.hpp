// What a person may switch during a session, and what is kept of a session beyond its own end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/machine.hpp"
#include "cli/place.hpp"

namespace backspin::cli {

struct DebugSettings {
    bool step_interrupts = false;  ///< stepping stops in interrupt handlers too

    // Until the client leaves.
    bool console = false;              ///< what the consoles show is told to the client, too
    bool physical_memory = false;      ///< the client's addresses of memory are physical
    std::optional<HartId> stop_hart;   ///< breakpoints, watchpoints and catches stop for this one only
    std::vector<StopPoint> catches{};  ///< of StopKind::trap
    void client_left() { *this = {.step_interrupts = step_interrupts, .stop_hart = {}}; }
};

struct SessionKeeping {
    Marks bookmarks{};
    std::function<void(const std::string& path, const Marks&)> save{};     ///< null: refused
    std::function<void(const std::string& name, Position at)> bookmark{};  ///< null: nobody else hears
    std::string at_branch{};  ///< said of each new branch: a line, or nothing
    /// On the current branch's line. Null: what the consoles show is not kept.
    LineFinder find_line{};
    std::string no_branches{};  ///< why there can be none; empty: there can
};

}  // namespace backspin::cli
