// A timeline as the remote protocol's target: the client's moves, breakpoints, watchpoints and conditions,
// for any machine. Threads of the protocol are harts. Whoever has another CPU derives from it and adds the
// registers and the memory (docs/embedding.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapter/tasks.hpp"
#include "base/input.hpp"
#include "base/machine.hpp"
#include "gdbstub/resume.hpp"
#include "gdbstub/target.hpp"
#include "replay/timeline.hpp"

namespace backspin::adapter {

constexpr HartId hart_of(gdbstub::ThreadId thread) {
    return HartId{static_cast<std::uint32_t>(thread.value - 1)};
}
constexpr gdbstub::ThreadId thread_of(HartId hart) {
    return gdbstub::ThreadId{std::uint64_t{hart.value} + 1};
}

/// Thread: as its timeline; calls come from within the session's, or between them.
class TimelineTarget : public gdbstub::Target, private gdbstub::Breakpoints {
  public:
    /// Makes the move that a client asked for, and says how it ended, for the session's stopped().
    gdbstub::StopReport perform(const gdbstub::Resume& resume);

    /// What commands at breakpoints print goes here.
    void set_print(std::function<void(std::string_view)> print) { printer_.print = std::move(print); }

    gdbstub::Moves moves() const override { return {.reverse = true, .range_step = true, .restart = true}; }
    gdbstub::Breakpoints* breakpoints() override { return this; }
    gdbstub::Outcome<gdbstub::Done> read_register(gdbstub::ThreadId thread, gdbstub::RegisterNumber number,
                                                  std::span<std::byte> value) final {
        return register_of(machine_, hart_of(thread), number, value);
    }
    gdbstub::Outcome<std::size_t> read_memory(gdbstub::ThreadId thread, gdbstub::Address at,
                                              std::span<std::byte> into) override {
        return memory_of(machine_, hart_of(thread), address_of(at), into);
    }

  protected:
    /// Both outlive the target.
    TimelineTarget(const Machine& machine, replay::Timeline& timeline)
        : machine_(machine), timeline_(timeline) {}

    /// As gdbstub::Target's read_register and read_memory. The machine is the timeline's, or one of those
    /// that TimelineOptions::make_search_machine made: then on a thread of its own.
    virtual gdbstub::Outcome<gdbstub::Done> register_of(const Machine& machine, HartId hart,
                                                        gdbstub::RegisterNumber number,
                                                        std::span<std::byte> value) const = 0;
    virtual gdbstub::Outcome<std::size_t> memory_of(const Machine& machine, HartId hart, VirtualAddress at,
                                                    std::span<std::byte> into) const = 0;

    /// A client of a 32-bit program may send its addresses sign-extended: what the machine takes them for.
    virtual VirtualAddress address_of(gdbstub::Address address) const { return {address.value}; }
    /// Stops that the user has asked for past the client, which knows nothing of them.
    virtual std::vector<StopPoint> own_stops() const { return {}; }
    /// The only hart that breakpoints, watchpoints and the user's own stops stop for; nothing: all.
    virtual std::optional<HartId> stop_hart() const { return std::nullopt; }
    /// A move has ended so; its report goes to the client next.
    virtual void has_stopped(const replay::Stopped&) {}
    /// The client has gone, and with it its breakpoints.
    virtual void client_left() {}
    /// To the client's console, if there is one.
    void print(std::string_view text) const {
        if (printer_.print) printer_.print(text);
    }
    /// Stepping stops in interrupt handlers too.
    virtual bool shows_interrupts() const { return false; }
    /// The guest has switched the machine off: its exit code, if that is to end the client's program. The
    /// client cannot go back then.
    virtual std::optional<std::uint8_t> exit_code() const { return std::nullopt; }

    /// What a user can do about a write that was refused; goes on behind the reason.
    virtual std::string hint(const replay::Refused&) const { return {}; }

    /// A debugger's write, for write_register and write_memory.
    gdbstub::Outcome<gdbstub::Done> write(const Input& input);
    /// When data stops are told. Before the access is what GDB wants on RISC-V and ARM.
    void tell_watches(gdbstub::WatchTiming timing);

  private:
    bool does_tasks() const override { return true; }
    std::optional<std::uint64_t> variable(gdbstub::VariableNumber number) const override {
        return value_of(variables_, number);
    }
    gdbstub::Outcome<gdbstub::Done> insert(const gdbstub::Breakpoint& breakpoint,
                                           gdbstub::BreakpointTasks tasks) override;
    gdbstub::Outcome<gdbstub::Done> remove(const gdbstub::Breakpoint& breakpoint) override;
    void remove_all() override {
        inserted_.clear();
        variables_.clear();
        client_left();
    }

    replay::Stops stops();
    bool is_hit(const Machine& machine, const Hit& hit);
    bool do_tasks_at(const Hit& hit, ThreadContext& context) const;
    void keep_what_was_assigned(const replay::Stopped& stopped);
    bool do_tasks(const gdbstub::BreakpointTasks& tasks, const Hit& hit, ThreadContext& context) const;
    gdbstub::Breakpoint normal(gdbstub::Breakpoint breakpoint) const;
    gdbstub::StopReport report(const replay::Stopped& stopped) const;
    gdbstub::StopReason reason_for(const Hit& hit) const;

    friend class ThreadContext;

    const Machine& machine_;
    replay::Timeline& timeline_;
    TasksByBreakpoint inserted_;  ///< by place, the address as the machine takes it
    /// Of the client's session, not of history: within a move they are what they were at its beginning, so
    /// that a hit is judged alike whenever, and on whichever machine, it is looked at.
    gdbstub::AgentVariables variables_;
    TaskPrinter printer_;
    replay::DataTiming timing_ = replay::DataTiming::before_in_direction;
};

}  // namespace backspin::adapter
