// The debug session: serves one client after the other until the program is to end.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "cli/console_history.hpp"
#include "cli/debug/debuggee.hpp"
#include "cli/host_loop.hpp"
#include "cli/options/command.hpp"
#include "cli/options/endpoint.hpp"
#include "cli/place.hpp"
#include "replay/host.hpp"

namespace backspin::cli {

struct DebugSetup {
    emu::RiscvMachine& machine;
    replay::Timeline& timeline;
    HostLoop& loop;
    replay::InputPort* input = nullptr;  ///< null: no input ever comes
    Endpoint endpoint;
    Program program;
    PowerOff power_off = PowerOff::stop;
    Marks bookmarks{};  ///< that there are already
    /// Writes the session into a file; throws what is then shown. Null: it cannot, or is being recorded.
    std::function<void(const std::string& path, const Marks&)> save{};
    /// Hears of a new bookmark. Null: nobody wants to.
    std::function<void(const std::string& name, Position at)> bookmark{};
    std::string at_branch{};  ///< said of each new branch: a line, or nothing
    /// What its consoles have shown, and go on to show. Not owned; null: nobody keeps it.
    const ConsoleHistory* shown = nullptr;
    /// Lets the given one hear all that the console shows, until it is called with null. Null: nobody can.
    std::function<void(std::function<void(std::span<const std::byte>)>)> also_show{};
    /// The client is told of it from the beginning; `monitor console off` ends that.
    bool shows_console = false;
    /// Called once it listens, in place of saying so: starts the debugger that is to come. Null: the user
    /// does.
    std::function<void()> ready{};
    std::string no_branches{};  ///< why there can be none; empty: there can
};

enum class DebugEnd : std::uint8_t {
    asked_to_end,  ///< loop.end_request() says why
    client_left,   ///< over stdio, where no other can come
    killed,        ///< the client asked for the program's end
    powered_off,   ///< with PowerOff::exit: the guest's own end
};

/// Sets the timeline's host hooks, listens, says so on stderr, and serves. The machine moves only when a
/// client says so. Throws StartError if it cannot listen.
DebugEnd debug(const DebugSetup& setup);

}  // namespace backspin::cli
