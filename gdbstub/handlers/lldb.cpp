// What only LLDB sends. llvm-project: lldb/docs/resources/lldbgdbremote.md.
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/stop_reply.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub::handlers {

namespace {

std::size_t pointer_bytes(const TargetDescription& description) {
    for (const RegisterDescription& entry : description.registers) {
        if (entry.role == RegisterRole::program_counter) return entry.bytes();
    }
    return sizeof(std::uint64_t);
}

std::string machine_facts(const Target& target, const HostInfo& host) {
    const TargetDescription& description = target.description();
    return fmt::format("triple:{};endian:{};ptrsize:{};", to_hex(host.triple()),
                       description.big_endian ? "big" : "little", pointer_bytes(description));
}

/// As the value of a string in JSON.
std::string json_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\') quoted += '\\';
        if (static_cast<unsigned char>(character) < 0x20) {
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(character));
        } else {
            quoted += character;
        }
    }
    return quoted + '"';
}

/// Why the thread of the last stop stopped, in LLDB's words; empty where the signal says all.
struct ReasonInJson {
    static std::string named(std::string_view reason) { return fmt::format(",\"reason\":\"{}\"", reason); }

    std::string operator()(const Stepped&) const { return named("trace"); }
    std::string operator()(const HitSoftwareBreakpoint&) const { return named("breakpoint"); }
    std::string operator()(const HitHardwareBreakpoint&) const { return named("breakpoint"); }
    std::string operator()(const HitWatchpoint& hit) const {
        return named("watchpoint") + fmt::format(",\"description\":\"{}\"", hit.address.value);
    }
    std::string operator()(const ReachedHistoryEnd&) const { return named("history boundary"); }
    std::string operator()(const PoweredOff&) const { return named("history boundary"); }
    template <class Other>
    std::string operator()(const Other&) const {
        return {};
    }
};

Outcome<std::string> thread_in_json(const Conversation& conversation, const ThreadInfo& thread) {
    const Outcome<std::vector<ExpeditedRegister>> expedited = expedited_registers(conversation, thread.id);
    if (!expedited) return expedited.failure_as<Outcome<std::string>>();
    std::string registers;
    for (const ExpeditedRegister& each : *expedited.value())
        registers += fmt::format("{}\"{}\":\"{}\"", registers.empty() ? "" : ",", each.number, each.value);
    const StopReport& stop = conversation.last_stop;
    std::string why;
    if (thread.id == stop.thread) {
        why = fmt::format(",\"signal\":{}", stop_signal(conversation, stop.reason)) +
              std::visit(ReasonInJson{}, stop.reason);
    }
    return fmt::format("{{\"tid\":{},\"name\":{}{},\"registers\":{{{}}}}}", thread.id.value,
                       json_string(thread.name), why, registers);
}

/// What a register is called in LLDB's list of those that every processor has.
std::string_view generic_name(const RegisterDescription& entry) {
    if (entry.role == RegisterRole::program_counter) return "generic:pc;";
    if (entry.name == "sp") return "generic:sp;";
    if (entry.name == "fp") return "generic:fp;";
    if (entry.name == "ra") return "generic:ra;";
    return "";
}

}  // namespace

Answer host_info(Conversation& conversation, std::string_view) {
    const HostInfo* const host = conversation.target.host_info();
    conversation.meet_lldb();
    if (host == nullptr) return Unsupported{};
    // With any other timing LLDB steps off a watchpoint forwards even when it goes backwards, and never gets
    // away.
    return Text{machine_facts(conversation.target, *host) + "watchpoint_exceptions_received:after;"};
}

Answer process_info(Conversation& conversation, std::string_view) {
    const HostInfo* const host = conversation.target.host_info();
    if (host == nullptr) return Unsupported{};
    return Text{"pid:1;" + machine_facts(conversation.target, *host)};
}

Answer thread_suffix(Conversation& conversation, std::string_view) {
    conversation.meet_lldb();
    return ok();
}

// For a client that does not read target.xml. The offset is that in the reply to g; a register that is not in
// there has none.
Answer register_info(Conversation& conversation, std::string_view packet) {
    Scanner scanner(packet);
    scanner.accept("qRegisterInfo");
    const std::optional<std::uint64_t> number = scanner.hex_number();
    if (!number || !scanner.at_end()) return malformed();
    const std::vector<RegisterDescription>& registers = conversation.target.description().registers;
    if (*number >= registers.size()) {
        return Refused{errno_value::invalid, fmt::format("no register has the number {}", *number)};
    }
    const RegisterDescription& entry = registers[*number];
    std::string reply = fmt::format("name:{};bitsize:{};", entry.name, entry.bits);
    if (entry.general) {
        std::size_t offset = 0;
        for (std::size_t before = 0; before < *number; ++before)
            if (registers[before].general) offset += registers[before].bytes();
        reply += fmt::format("offset:{};", offset);
    }
    const bool floating = entry.type.starts_with("ieee_");
    reply += fmt::format("encoding:{};format:{};set:{};", floating ? "ieee754" : "uint",
                         floating ? "float" : "hex", entry.group.empty() ? "general" : entry.group);
    return Text{reply + std::string(generic_name(entry))};
}

Answer memory_region(Conversation& conversation, std::string_view packet) {
    const HostInfo* const host = conversation.target.host_info();
    if (host == nullptr) return Unsupported{};
    Scanner scanner(packet);
    scanner.accept("qMemoryRegionInfo:");
    const std::optional<std::uint64_t> at = scanner.hex_number();
    if (!at || !scanner.at_end()) return malformed();
    const std::optional<MemoryRegion> region = host->memory_region(conversation.general_thread, Address{*at});
    if (!region) return Unsupported{};
    // All 2^64 addresses are one more than their number can say.
    const std::uint64_t length = region->last.value - region->first.value;
    std::string reply = fmt::format("start:{:x};size:{:x};", region->first.value,
                                    length == ~std::uint64_t{0} ? length : length + 1);
    if (region->readable || region->writable || region->executable) {
        reply += fmt::format("permissions:{}{}{};", region->readable ? "r" : "", region->writable ? "w" : "",
                             region->executable ? "x" : "");
    }
    if (!region->name.empty()) reply += fmt::format("name:{};", to_hex(region->name));
    return Text{reply};
}

// All threads at once: who they are, where, and which one stopped why. JSON has the character that escapes
// others.
Answer threads_info(Conversation& conversation, std::string_view) {
    std::string list;
    for (const ThreadInfo& thread : conversation.target.threads()) {
        const Outcome<std::string> described = thread_in_json(conversation, thread);
        if (!described) return described.failure_as<Answer>();
        list += (list.empty() ? "" : ",") + *described.value();
    }
    return Binary{"[" + list + "]"};
}

}  // namespace backspin::gdbstub::handlers
