// What the debuggee does at breakpoints in its client's place: conditions, and commands that print.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/machine.hpp"
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

class TimelineTarget;

/// A hart that stands at a hit, as the bytecode sees it.
class ThreadContext final : public gdbstub::AgentContext {
  public:
    /// The machine is at the hit, and may be another than the timeline's.
    ThreadContext(const TimelineTarget& target, const Machine& machine, HartId hart)
        : target_(target), machine_(machine), hart_(hart) {}

    std::optional<std::uint64_t> agent_register(gdbstub::RegisterNumber number) override;
    bool agent_memory(gdbstub::Address at, std::span<std::byte> into) override;
    void agent_print(std::string_view text) override { printed_ += text; }
    std::string take_printed() { return std::exchange(printed_, {}); }

  private:
    const TimelineTarget& target_;
    const Machine& machine_;
    HartId hart_;
    std::string printed_;
};

using TasksByBreakpoint = std::map<gdbstub::Breakpoint, gdbstub::BreakpointTasks>;

/// Names the conditions among these: equal numbers, equal answers.
std::uint64_t key_of(const TasksByBreakpoint& breakpoints);

/// Whether one of the conditions holds, or there is none, or one cannot be evaluated: then the client judges.
bool holds(const gdbstub::BreakpointTasks& tasks, gdbstub::AgentContext& context);

}  // namespace backspin::adapter
