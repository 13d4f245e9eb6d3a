// `monitor` commands: what a person types at gdb's prompt that the protocol has no packet for. The commands
// themselves are in monitor/, a file for each family.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cli/debug/monitor/command.hpp"
#include "cli/debug/settings.hpp"
#include "emu/riscv_machine.hpp"
#include "gdbstub/target.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

class MonitorCommands final : public gdbstub::Monitor {
  public:
    /// All of them outlive the commands.
    MonitorCommands(emu::RiscvMachine& machine, replay::Timeline& timeline, DebugSettings& settings)
        : desk_{machine, timeline, settings, keeping_} {}

    void keep(SessionKeeping keeping) { keeping_ = std::move(keeping); }
    /// The ELF file that is debugged, which outlives the commands: symbols are taken from it.
    void know(std::span<const std::byte> program) { desk_.program = program; }

    gdbstub::Outcome<std::string> execute(std::string_view command, gdbstub::ThreadId selected) override;

  private:
    SessionKeeping keeping_;
    monitor::Desk desk_;
};

}  // namespace backspin::cli
