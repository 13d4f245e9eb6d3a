// What reaches the machine from outside.
#include "cli/debug/monitor/outside.hpp"

#include <array>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"

namespace backspin::cli::monitor {

Reply push(const Desk& desk, emu::PowerButton button) {
    const auto why = desk.timeline.write(DeviceInput{emu::kPowerChannel, {static_cast<std::byte>(button)}});
    if (why) {
        const auto* how = why->a_branch_could ? "; 'monitor branch' begins another future here" : "";
        return refused(why->why + how);
    }
    return std::string(button == emu::PowerButton::reset ? "pushed: the machine starts anew when it goes on\n"
                                                         : "pushed: the machine is off\n");
}

namespace {

Reply button(const Call& call) {
    if (call.arguments == "reset") return push(call.desk, emu::PowerButton::reset);
    if (call.arguments == "power") return push(call.desk, emu::PowerButton::power);
    return refused("button wants reset or power");
}

Reply console(const Call& call) {
    auto& on = call.desk.settings.console;
    if (call.arguments == "on" || call.arguments == "off") {
        on = call.arguments == "on";
    } else if (!call.arguments.empty()) {
        return refused("console wants on or off");
    }
    return fmt::format("what the guest prints is {}shown here\n", on ? "" : "not ");
}

constexpr auto kOutsideCommands = std::to_array<Command>({
    {"button", "reset|power", "push this button: an input, at the end of history only", button},
    {"console", "[on|off]", "whether what the guest prints is shown in gdb, too (off)", console,
     "  It holds until the client leaves. In the past, what was printed there is shown again."},
});

}  // namespace

Family outside() {
    return {"From outside", kOutsideCommands};
}

}  // namespace backspin::cli::monitor
