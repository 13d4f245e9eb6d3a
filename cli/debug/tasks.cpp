#include "cli/debug/tasks.hpp"

#include <algorithm>

#include <xxhash.h>

namespace backspin::cli {

std::optional<std::uint64_t> HartContext::agent_register(gdbstub::RegisterNumber number) {
    const auto id = registers_.id(number);
    return id ? machine_.read_register(hart_, *id) : std::nullopt;
}

bool HartContext::agent_memory(gdbstub::Address at, std::span<std::byte> into) {
    return machine_.read_memory(hart_, {at.value}, into) == into.size();
}

std::uint64_t key_of(const TasksByBreakpoint& breakpoints) {
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
    return key;
}

bool holds(const gdbstub::BreakpointTasks& tasks, gdbstub::AgentContext& context) {
    return tasks.conditions.empty() || std::ranges::any_of(tasks.conditions, [&](const auto& condition) {
               const auto value = condition.evaluate(context);
               return !value || *value != 0;
           });
}

}  // namespace backspin::cli
