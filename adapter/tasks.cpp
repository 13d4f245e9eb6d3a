#include "adapter/tasks.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <xxhash.h>

#include "adapter/timeline_target.hpp"

namespace backspin::adapter {

std::optional<std::uint64_t> ThreadContext::agent_register(gdbstub::RegisterNumber number) {
    const auto& registers = target_.description().registers;
    std::array<std::byte, sizeof(std::uint64_t)> bytes{};
    if (number.value >= registers.size() || registers[number.value].bytes() > bytes.size())
        return std::nullopt;
    const std::span value(bytes.data(), registers[number.value].bytes());
    if (!target_.register_of(machine_, hart_, number, value)) return std::nullopt;
    if (target_.description().big_endian) std::ranges::reverse(value);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < value.size(); ++i)
        bits |= std::to_integer<std::uint64_t>(value[i]) << (8 * i);
    return bits;
}

bool ThreadContext::agent_memory(gdbstub::Address at, std::span<std::byte> into) {
    const auto read = target_.memory_of(machine_, hart_, target_.address_of(at), into);
    return read && *read.value() == into.size();
}

std::optional<std::uint64_t> ThreadContext::agent_variable(gdbstub::VariableNumber number) {
    const auto assigned = assigned_.find(number);
    return assigned == assigned_.end() ? value_of(variables_, number) : assigned->second;
}

std::optional<std::uint64_t> value_of(const gdbstub::AgentVariables& variables,
                                      gdbstub::VariableNumber number) {
    constexpr gdbstub::VariableNumber kMostVariables = 1024;
    if (number >= kMostVariables) return std::nullopt;
    const auto found = variables.find(number);
    return found == variables.end() ? 0 : found->second;
}

std::uint64_t key_of(const TasksByBreakpoint& breakpoints, const gdbstub::AgentVariables& variables) {
    std::uint64_t key = 0;
    const auto add = [&](const void* data, std::size_t size) {
        key = XXH3_64bits_withSeed(data, size, key + size + 1);
    };
    for (const auto& [breakpoint, tasks] : breakpoints) {
        if (tasks.conditions.empty() && tasks.commands.empty()) continue;
        const std::uint64_t place[] = {breakpoint.address.value, static_cast<std::uint64_t>(breakpoint.kind)};
        add(place, sizeof place);
        for (const auto& condition : tasks.conditions)
            add(condition.bytecode().data(), condition.bytecode().size());
        for (const auto& command : tasks.commands) add(command.bytecode().data(), command.bytecode().size());
    }
    if (key == 0) return key;
    for (const auto& [number, value] : variables) {
        const std::uint64_t variable[] = {number, value};
        add(variable, sizeof variable);
    }
    return key;
}

bool holds(const gdbstub::BreakpointTasks& tasks, gdbstub::AgentContext& context) {
    return tasks.conditions.empty() || std::ranges::any_of(tasks.conditions, [&](const auto& condition) {
               const auto value = condition.evaluate(context);
               return !value || *value != 0;
           });
}

}  // namespace backspin::adapter
