// What stops the machine, beyond what gdb knows of.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/debug/causes.hpp"
#include "cli/debug/monitor/families.hpp"
#include "cli/units.hpp"

namespace backspin::cli::monitor {
namespace {

constexpr std::size_t kMostCatches = 100;

Reply list_catches(const Call& call) {
    std::string text;
    std::size_t number = 0;
    for (const auto& causes : call.desk.settings.catches)
        text += fmt::format("{:>3}  trap {}\n", ++number, describe_causes(causes));
    return text.empty() ? "no catches\n" : text;
}

Reply catch_trap(const Call& call, std::string_view cause) {
    auto& catches = call.desk.settings.catches;
    const auto causes = parse_causes(cause);
    if (!causes)
        return refused(fmt::format("there is no cause '{}': 'monitor help catch' lists them", cause));
    if (std::ranges::find(catches, *causes) != catches.end())
        return refused(fmt::format("{} is caught already", cause));
    if (catches.size() >= kMostCatches) return refused("there are too many catches: delete some first");
    catches.push_back(*causes);
    return fmt::format("catch {}: trap {}\n", catches.size(), describe_causes(*causes));
}

Reply delete_catch(const Call& call, std::string_view which) {
    auto& catches = call.desk.settings.catches;
    if (which == "all") {
        catches.clear();
        return list_catches(call);
    }
    const auto number = parse_number(which);
    if (!number || *number == 0 || *number > catches.size())
        return refused(fmt::format("there is no catch '{}': 'monitor catch' lists them", which));
    catches.erase(catches.begin() + static_cast<std::ptrdiff_t>(*number - 1));
    return list_catches(call);
}

Reply catches(const Call& call) {
    auto rest = call.arguments;
    const auto what = take_word(rest);
    if (what.empty()) return list_catches(call);
    if (what == "trap" && !rest.empty()) return catch_trap(call, rest);
    if (what == "delete" && !rest.empty()) return delete_catch(call, rest);
    return wants(call);
}

Reply stop_hart(const Call& call) {
    auto& only = call.desk.settings.stop_hart;
    if (call.arguments == "all") {
        only.reset();
    } else if (!call.arguments.empty()) {
        only = hart_of(call.arguments, call.desk);
        if (!only) return no_such_hart(call.desk);
    }
    if (!only) return std::string("breakpoints and watchpoints stop for every hart\n");
    return fmt::format("breakpoints and watchpoints stop for hart {} only\n", only->value);
}

Reply step_interrupts(const Call& call) {
    auto& on = call.desk.settings.step_interrupts;
    if (call.arguments == "on" || call.arguments == "off") {
        on = call.arguments == "on";
    } else if (!call.arguments.empty()) {
        return refused("step-interrupts wants on or off");
    }
    return fmt::format("stepping {} interrupt handlers\n", on ? "stops in" : "crosses");
}

const std::string& help_of_catch() {
    static const auto text = fmt::format(
        "  Forward it stops before the trap, at the instruction; backward after it, at its handler.\n"
        "  CAUSE is all, exceptions, interrupts, a number as in mcause (13), interrupt:NUMBER, or one of:\n"
        "  {}",
        list_of_causes());
    return text;
}

}  // namespace

Family stops() {
    static const auto kStopsCommands = std::to_array<Command>({
        {"catch", "[trap CAUSE|delete N|delete all]", "stop at traps, both ways; without a word, list them",
         catches, help_of_catch()},
        {"stop-hart", "[N|all]", "stop for this hart only, both ways", stop_hart,
         "  Breakpoints, watchpoints and catches that another hart comes to are passed, and so are a "
         "device's\n"
         "  writes. Steps, Ctrl-C and the ends of history are as ever. It holds until the client leaves."},
        {"step-interrupts", "[on|off]", "whether stepping stops in interrupt handlers (off)",
         step_interrupts},
    });
    return {"Stops", kStopsCommands};
}

}  // namespace backspin::cli::monitor
