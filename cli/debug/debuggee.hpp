// The adapter: a timeline with a RISC-V machine, as the remote protocol's target. Threads of the protocol are
// harts.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/timeline_target.hpp"
#include "cli/debug/monitor.hpp"
#include "cli/debug/registers.hpp"
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

class Debuggee final : public adapter::TimelineTarget, private gdbstub::ExecFile, private gdbstub::HostInfo {
  public:
    /// All of them outlive the debuggee.
    Debuggee(emu::RiscvMachine& machine, replay::Timeline& timeline, const Program& program,
             bool shows_console = false)
        : TimelineTarget(machine, timeline),
          machine_(machine),
          program_(program),
          registers_(machine.board().isa()),
          monitor_(machine, timeline, settings_) {
        settings_.console = shows_console;
        monitor_.know(program.contents);
    }

    /// What `monitor save` and `monitor bookmark` need.
    void keep(SessionKeeping keeping) { monitor_.keep(std::move(keeping)); }

    /// The client's user wants to see what the guest prints.
    bool shows_console() const { return settings_.console; }

    /// Makes the move that a client asked for. `exit_when_off`: tell the guest's power-off as the end of the
    /// program.
    gdbstub::StopReport perform(const gdbstub::Resume& resume, bool exit_when_off);

    // ---- gdbstub::Target ------------------------------------------------------------------------
    const gdbstub::TargetDescription& description() const override { return registers_.description(); }
    std::vector<gdbstub::ThreadInfo> threads() const override;
    gdbstub::Outcome<gdbstub::Done> write_register(gdbstub::ThreadId, gdbstub::RegisterNumber,
                                                   std::span<const std::byte> value) override;
    gdbstub::Outcome<std::size_t> read_memory(gdbstub::ThreadId, gdbstub::Address,
                                              std::span<std::byte> into) override;
    gdbstub::Outcome<gdbstub::Done> write_memory(gdbstub::ThreadId, gdbstub::Address,
                                                 std::span<const std::byte> from) override;
    gdbstub::Monitor* monitor() override { return &monitor_; }
    gdbstub::ExecFile* exec_file() override { return program_.contents.empty() ? nullptr : this; }
    gdbstub::HostInfo* host_info() override { return this; }

  private:
    // ---- capabilities ---------------------------------------------------------------------------
    std::string name() const override { return program_.path; }
    std::span<const std::byte> contents() const override { return program_.contents; }
    std::string triple() const override;
    void report_watches(gdbstub::WatchTiming timing) override { tell_watches(timing); }
    std::optional<gdbstub::MemoryRegion> memory_region(gdbstub::ThreadId, gdbstub::Address) const override;

    gdbstub::Outcome<gdbstub::Done> register_of(const Machine&, HartId, gdbstub::RegisterNumber,
                                                std::span<std::byte> value) const override;
    gdbstub::Outcome<std::size_t> memory_of(const Machine&, HartId, VirtualAddress,
                                            std::span<std::byte> into) const override;
    VirtualAddress address_of(gdbstub::Address address) const override;
    bool shows_interrupts() const override { return settings_.step_interrupts; }
    std::vector<StopPoint> own_stops() const override { return settings_.catches; }
    std::optional<HartId> stop_hart() const override { return settings_.stop_hart; }
    void has_stopped(const replay::Stopped& stopped) override;
    void client_left() override { settings_.client_left(); }
    std::optional<std::uint8_t> exit_code() const override;
    std::string hint(const replay::Refused& refused) const override {
        return refused.a_branch_could ? "; 'monitor branch' begins another future here, to write in" : "";
    }

    gdbstub::Outcome<gdbstub::Done> write_physical(gdbstub::ThreadId, PhysicalAddress,
                                                   std::span<const std::byte> from);

    emu::RiscvMachine& machine_;
    Program program_;
    RegisterTable registers_;
    DebugSettings settings_;
    MonitorCommands monitor_;
    bool exit_when_off_ = false;
};

}  // namespace backspin::cli
