#include "gdbstub/stop_reply.hpp"

#include <fmt/format.h>

#include <string_view>
#include <variant>
#include <vector>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

// GDB's signal numbers (include/gdb/signals.def in its sources).
constexpr unsigned kSignalNone = 0;
constexpr unsigned kSignalInterrupt = 2;
constexpr unsigned kSignalTrap = 5;

struct SignalOf {
    const ClientTraits& client;

    unsigned operator()(const Interrupted&) const { return kSignalInterrupt; }
    // GDB says "Program stopped" for no signal; LLDB takes it for no stop and resumes at once, for ever.
    unsigned operator()(const Asleep&) const { return client.lldb ? kSignalTrap : kSignalNone; }
    unsigned operator()(const Signalled& signalled) const { return signalled.signal; }
    template <class Other>
    unsigned operator()(const Other&) const {
        return kSignalTrap;
    }
};

std::string_view watch_word(WatchKind kind) {
    switch (kind) {
        case WatchKind::write: return "watch";
        case WatchKind::read: return "rwatch";
        case WatchKind::access: return "awatch";
    }
    return "watch";
}

// The reason's own "n:r;" pair; empty where the signal says all.
struct ReasonOf {
    const ClientTraits& client;

    std::string operator()(const HitSoftwareBreakpoint&) const {
        return client.software_break_reasons ? "swbreak:;" : "";
    }
    std::string operator()(const HitHardwareBreakpoint&) const {
        return client.hardware_break_reasons ? "hwbreak:;" : "";
    }
    std::string operator()(const HitWatchpoint& hit) const {
        return fmt::format("{}:{:x};", watch_word(hit.kind), hit.address.value);
    }
    std::string operator()(const ReachedHistoryEnd& reached) const {
        return reached.which == HistoryEnd::begin ? "replaylog:begin;" : "replaylog:end;";
    }
    std::string operator()(const PoweredOff&) const { return "replaylog:end;"; }
    template <class Other>
    std::string operator()(const Other&) const {
        return "";
    }
};

}  // namespace

Outcome<std::vector<ExpeditedRegister>> expedited_registers(const Conversation& conversation,
                                                            ThreadId thread) {
    std::vector<ExpeditedRegister> expedited;
    const std::vector<RegisterDescription>& registers = conversation.target.description().registers;
    std::vector<std::byte> value;
    for (std::uint32_t number = 0; number < registers.size(); ++number) {
        if (!registers[number].expedited) continue;
        value.resize(registers[number].bytes());
        const Outcome<Done> read = conversation.target.read_register(thread, RegisterNumber{number}, value);
        if (const Broken* broken = read.broken()) return *broken;
        if (read) expedited.push_back({number, to_hex(value)});
    }
    return expedited;
}

unsigned stop_signal(const Conversation& conversation, const StopReason& reason) {
    return std::visit(SignalOf{conversation.client}, reason);
}

Outcome<std::string> stop_reply(const Conversation& conversation, const StopReport& report) {
    const auto* powered_off = std::get_if<PoweredOff>(&report.reason);
    if (powered_off != nullptr && powered_off->exit_code)
        return fmt::format("W{:02x}", *powered_off->exit_code);

    const Outcome<std::vector<ExpeditedRegister>> expedited =
        expedited_registers(conversation, report.thread);
    if (!expedited) return expedited.failure_as<Outcome<std::string>>();
    std::string registers;
    for (const ExpeditedRegister& each : *expedited.value())
        registers += fmt::format("{:02x}:{};", each.number, each.value);
    return fmt::format("T{:02x}{}thread:{:x};{}", stop_signal(conversation, report.reason), registers,
                       report.thread.value, std::visit(ReasonOf{conversation.client}, report.reason));
}

}  // namespace backspin::gdbstub
