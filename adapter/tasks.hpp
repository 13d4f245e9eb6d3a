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
    /// The machine is at the hit, and may be another than the timeline's. `variables`: what they hold before
    /// the hit; outlive this.
    ThreadContext(const TimelineTarget& target, const Machine& machine, HartId hart,
                  const gdbstub::AgentVariables& variables)
        : target_(target), machine_(machine), hart_(hart), variables_(variables) {}

    std::optional<std::uint64_t> agent_register(gdbstub::RegisterNumber number) override;
    bool agent_memory(gdbstub::Address at, std::span<std::byte> into) override;
    void agent_print(std::string_view text) override { printed_ += text; }
    std::optional<std::uint64_t> agent_variable(gdbstub::VariableNumber number) override;
    void agent_assign(const gdbstub::AgentVariables& values) override {
        for (const auto& [number, value] : values) assigned_[number] = value;
    }
    /// What was given to variables at this hit.
    const gdbstub::AgentVariables& assigned() const { return assigned_; }
    std::string take_printed() { return std::exchange(printed_, {}); }

  private:
    const TimelineTarget& target_;
    const Machine& machine_;
    HartId hart_;
    const gdbstub::AgentVariables& variables_;
    gdbstub::AgentVariables assigned_;
    std::string printed_;
};

/// What a variable holds: all below a bound are there, and begin with 0.
std::optional<std::uint64_t> value_of(const gdbstub::AgentVariables& variables,
                                      gdbstub::VariableNumber number);

using TasksByBreakpoint = std::map<gdbstub::Breakpoint, gdbstub::BreakpointTasks>;

/// Names the conditions among these, and what the variables hold: equal numbers, equal answers. 0: there are
/// no conditions.
std::uint64_t key_of(const TasksByBreakpoint& breakpoints, const gdbstub::AgentVariables& variables);

/// Whether one of the conditions holds, or there is none, or one cannot be evaluated: then the client judges.
bool holds(const gdbstub::BreakpointTasks& tasks, gdbstub::AgentContext& context);

}  // namespace backspin::adapter
