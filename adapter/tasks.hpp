// What the debuggee does at breakpoints in its client's place: conditions, and commands that print.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/position.hpp"
#include "gdbstub/agent.hpp"
#include "gdbstub/target.hpp"

namespace backspin::adapter {

/// Prints what commands print, once: a hit may be looked at again within one move.
struct TaskPrinter {
    std::function<void(std::string_view)> print;
    bool enabled = false;     ///< only moves forward print
    StepCount printed_until;  ///< hits before this have printed
};

/// A thread that stands at a hit, as the bytecode sees it.
class ThreadContext final : public gdbstub::AgentContext {
  public:
    ThreadContext(gdbstub::Target& target, gdbstub::ThreadId thread) : target_(target), thread_(thread) {}

    std::optional<std::uint64_t> agent_register(gdbstub::RegisterNumber number) override;
    bool agent_memory(gdbstub::Address at, std::span<std::byte> into) override;
    void agent_print(std::string_view text) override { printed_ += text; }
    std::string take_printed() { return std::exchange(printed_, {}); }

  private:
    gdbstub::Target& target_;
    gdbstub::ThreadId thread_;
    std::string printed_;
};

using TasksByBreakpoint = std::map<gdbstub::Breakpoint, gdbstub::BreakpointTasks>;

/// Names the conditions among these: equal numbers, equal answers.
std::uint64_t key_of(const TasksByBreakpoint& breakpoints);

/// Whether one of the conditions holds, or there is none, or one cannot be evaluated: then the client judges.
bool holds(const gdbstub::BreakpointTasks& tasks, gdbstub::AgentContext& context);

}  // namespace backspin::adapter
