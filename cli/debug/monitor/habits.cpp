// What people type by habit from OpenOCD and QEMU, and development environments send by themselves.
#include <array>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/going.hpp"
#include "cli/debug/monitor/outside.hpp"

namespace backspin::cli::monitor {
namespace {

Reply to_start(const Call& call) {
    return go_to(call.desk, call.desk.timeline.begin().step);
}

// `reset run` lets a target go on that gdb believes to stand still.
Reply reset(const Call& call) {
    const auto mode = call.arguments;
    if (mode.empty() || mode == "halt" || mode == "init") return to_start(call);
    if (mode != "run") return wants(call);
    auto reply = to_start(call);
    if (auto* text = reply.value()) *text += "gdb's 'continue' runs it\n";
    return reply;
}

// An environment's launch script must not fail over it.
Reply nothing(const Call&) {
    return std::string{};
}

Reply resume(const Call&) {
    return refused("the machine moves when gdb says so: type continue, or reverse-continue");
}

Reply quit(const Call&) {
    return refused("gdb's 'kill' ends the machine, 'detach' leaves it for the next debugger");
}

Reply power_down(const Call& call) {
    return push(call.desk, emu::PowerButton::power);
}

constexpr auto kHabitsCommands = std::to_array<Command>({
    {"reset", "[halt|init|run]", "as start; a reset of the guest's own is button reset", reset},
    {"system_reset", "", "as start", to_start},
    {"system_powerdown", "", "as button power", power_down},
    {"halt", "[...]", "nothing: the machine stands still whenever gdb has its prompt", nothing},
    {"stop", "", "as halt", nothing},
    {"speed", "[...]", "nothing: there is no probe between gdb and the machine", nothing},
    {"adapter", "[...]", "as speed", nothing},
    {"cont", "", "says how gdb lets the machine go on", resume},
    {"resume", "[...]", "as cont", resume},
    {"quit", "", "says how gdb ends the machine", quit},
    {"shutdown", "[...]", "as quit", quit},
});

}  // namespace

Family habits() {
    return {"By habit, from OpenOCD and QEMU", kHabitsCommands};
}

}  // namespace backspin::cli::monitor
