#include "gdbstub/packets/registers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub::handlers {

namespace {

using Registers = std::vector<RegisterDescription>;

/// The thread of a register packet: its own if it names one.
std::optional<ThreadId> thread_for(const Conversation& conversation, std::optional<ThreadId> named) {
    if (!named) return conversation.general_thread;
    return conversation.has_thread(*named) ? named : std::nullopt;
}

Refused no_such_register(RegisterNumber number) {
    return {errno_value::invalid, fmt::format("no register has the number {}", number.value)};
}

}  // namespace

Answer read_registers(Conversation& conversation, std::string_view packet) {
    const std::optional<ReadRegisters> request = ReadRegisters::parse(packet);
    if (!request) return malformed();
    const std::optional<ThreadId> thread = thread_for(conversation, request->thread);
    if (!thread) return no_such_thread();

    const Registers& registers = conversation.target.description().registers;
    std::string reply;
    std::vector<std::byte> value;
    for (std::uint32_t number = 0; number < registers.size(); ++number) {
        if (!registers[number].general) continue;
        value.resize(registers[number].bytes());
        const Outcome<Done> read = conversation.target.read_register(*thread, RegisterNumber{number}, value);
        if (const Broken* broken = read.broken()) return *broken;
        reply += read ? to_hex(value) : std::string(value.size() * 2, 'x');  // x: not available
    }
    return Text{reply};
}

// Only registers that change are written: a write may be an event of its own in the target's history.
Answer write_registers(Conversation& conversation, std::string_view packet) {
    const std::optional<WriteRegisters> request = WriteRegisters::parse(packet);
    if (!request) return malformed();
    const std::optional<ThreadId> thread = thread_for(conversation, request->thread);
    if (!thread) return no_such_thread();

    Target& target = conversation.target;
    const Registers& registers = target.description().registers;
    std::span<const std::byte> values = request->values;
    std::vector<std::byte> present;
    for (std::uint32_t number = 0; number < registers.size() && !values.empty(); ++number) {
        if (!registers[number].general) continue;
        if (values.size() < registers[number].bytes()) return malformed();
        const std::span<const std::byte> wanted = values.first(registers[number].bytes());
        values = values.subspan(wanted.size());
        present.resize(wanted.size());
        const Outcome<Done> read = target.read_register(*thread, RegisterNumber{number}, present);
        if (const Broken* broken = read.broken()) return *broken;
        if (read && std::equal(wanted.begin(), wanted.end(), present.begin())) continue;
        const Outcome<Done> written = target.write_register(*thread, RegisterNumber{number}, wanted);
        if (!written) return written.failure_as<Answer>();
    }
    return values.empty() ? Answer{ok()} : Answer{malformed()};
}

Answer read_register(Conversation& conversation, std::string_view packet) {
    const std::optional<ReadRegister> request = ReadRegister::parse(packet);
    if (!request) return malformed();
    const std::optional<ThreadId> thread = thread_for(conversation, request->thread);
    if (!thread) return no_such_thread();

    const Registers& registers = conversation.target.description().registers;
    if (request->number.value >= registers.size()) return no_such_register(request->number);
    std::vector<std::byte> value(registers[request->number.value].bytes());
    const Outcome<Done> read = conversation.target.read_register(*thread, request->number, value);
    if (!read) return read.failure_as<Answer>();
    return Text{to_hex(value)};
}

Answer write_register(Conversation& conversation, std::string_view packet) {
    const std::optional<WriteRegister> request = WriteRegister::parse(packet);
    if (!request) return malformed();
    const std::optional<ThreadId> thread = thread_for(conversation, request->thread);
    if (!thread) return no_such_thread();

    const Registers& registers = conversation.target.description().registers;
    if (request->number.value >= registers.size()) return no_such_register(request->number);
    if (request->value.size() != registers[request->number.value].bytes()) return malformed();
    const Outcome<Done> written =
        conversation.target.write_register(*thread, request->number, request->value);
    if (!written) return written.failure_as<Answer>();
    return ok();
}

}  // namespace backspin::gdbstub::handlers
