// The adapter: a timeline with a RISC-V machine, as the remote protocol's target. Threads of the protocol are
// harts.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/debug/monitor.hpp"
#include "cli/debug/registers.hpp"
#include "cli/debug/tasks.hpp"
#include "emu/riscv_machine.hpp"
#include "gdbstub/resume.hpp"
#include "gdbstub/target.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

/// The program that is being debugged, for the client to find the symbols.
struct Program {
    std::string path;                     ///< absolute
    std::span<const std::byte> contents;  ///< an ELF file; empty if there is none to show
};

class Debuggee final : public gdbstub::Target,
                       private gdbstub::Breakpoints,
                       private gdbstub::ExecFile,
                       private gdbstub::HostInfo {
  public:
    /// All of them outlive the debuggee.
    Debuggee(emu::RiscvMachine& machine, replay::Timeline& timeline, const Program& program)
        : machine_(machine),
          timeline_(timeline),
          program_(program),
          registers_(machine.board().isa()),
          monitor_(machine, timeline, settings_) {
        monitor_.know(program.contents);
    }

    /// What `monitor save` and `monitor bookmark` need.
    void keep(SessionKeeping keeping) { monitor_.keep(std::move(keeping)); }

    /// Makes the move that a client asked for. `exit_when_off`: tell the guest's power-off as the end of the
    /// program.
    gdbstub::StopReport perform(const gdbstub::Resume& resume, bool exit_when_off);

    /// What commands at breakpoints print goes here.
    void set_print(std::function<void(std::string_view)> print) { printer_.print = std::move(print); }

    // ---- gdbstub::Target ------------------------------------------------------------------------
    const gdbstub::TargetDescription& description() const override { return registers_.description(); }
    std::vector<gdbstub::ThreadInfo> threads() const override;
    gdbstub::Outcome<gdbstub::Done> read_register(gdbstub::ThreadId, gdbstub::RegisterNumber,
                                                  std::span<std::byte> value) override;
    gdbstub::Outcome<gdbstub::Done> write_register(gdbstub::ThreadId, gdbstub::RegisterNumber,
                                                   std::span<const std::byte> value) override;
    gdbstub::Outcome<std::size_t> read_memory(gdbstub::ThreadId, gdbstub::Address,
                                              std::span<std::byte> into) override;
    gdbstub::Outcome<gdbstub::Done> write_memory(gdbstub::ThreadId, gdbstub::Address,
                                                 std::span<const std::byte> from) override;
    gdbstub::Moves moves() const override { return {.reverse = true, .range_step = true, .restart = true}; }
    gdbstub::Breakpoints* breakpoints() override { return this; }
    gdbstub::Monitor* monitor() override { return &monitor_; }
    gdbstub::ExecFile* exec_file() override { return program_.contents.empty() ? nullptr : this; }
    gdbstub::HostInfo* host_info() override { return this; }

  private:
    // ---- capabilities ---------------------------------------------------------------------------
    bool does_tasks() const override { return true; }
    gdbstub::Outcome<gdbstub::Done> insert(const gdbstub::Breakpoint& breakpoint,
                                           gdbstub::BreakpointTasks tasks) override;
    gdbstub::Outcome<gdbstub::Done> remove(const gdbstub::Breakpoint& breakpoint) override;
    void remove_all() override { inserted_.clear(); }
    std::string name() const override { return program_.path; }
    std::span<const std::byte> contents() const override { return program_.contents; }
    std::string triple() const override;
    void report_watches(gdbstub::WatchTiming timing) override;

    VirtualAddress address_of(gdbstub::Address address) const;
    replay::Stops stops();
    bool is_hit(const Machine& machine, const Hit& hit);
    bool do_tasks(const gdbstub::BreakpointTasks& tasks, const Hit& hit, HartContext& context) const;
    gdbstub::Breakpoint normal(gdbstub::Breakpoint breakpoint) const;
    gdbstub::StopReport report(const replay::Stopped& stopped, bool exit_when_off) const;
    gdbstub::StopReason reason_for(const Hit& hit) const;
    gdbstub::Outcome<gdbstub::Done> write(const Input& input);

    emu::RiscvMachine& machine_;
    replay::Timeline& timeline_;
    Program program_;
    RegisterTable registers_;
    DebugSettings settings_;
    MonitorCommands monitor_;
    TasksByBreakpoint inserted_;  ///< by place, the address as the hart's width has it
    TaskPrinter printer_;
    replay::DataTiming timing_ = replay::DataTiming::before_in_direction;
};

}  // namespace backspin::cli
