// `monitor` commands: what a person types at gdb's prompt that the protocol has no packet for.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/place.hpp"
#include "cli/query/symbols.hpp"
#include "emu/riscv_machine.hpp"
#include "gdbstub/target.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

/// What a person may switch during a session.
struct DebugSettings {
    bool step_interrupts = false;  ///< stepping stops in interrupt handlers too
};

/// What is kept of a session beyond its own end.
struct SessionKeeping {
    Marks bookmarks{};
    std::function<void(const std::string& path, const Marks&)> save{};     ///< null: refused
    std::function<void(const std::string& name, Position at)> bookmark{};  ///< null: nobody else hears
    std::string at_branch{};  ///< said of each new branch: a line, or nothing
    /// On the current branch's line. Null: what the consoles show is not kept.
    LineFinder find_line{};
    std::string no_branches{};  ///< why there can be none; empty: there can
};

class MonitorCommands final : public gdbstub::Monitor {
  public:
    /// All of them outlive the commands.
    MonitorCommands(emu::RiscvMachine& machine, replay::Timeline& timeline, DebugSettings& settings)
        : machine_(machine), timeline_(timeline), settings_(settings) {}

    void keep(SessionKeeping keeping) { keeping_ = std::move(keeping); }
    /// The ELF file that is debugged, which outlives the commands: questions take symbols from it.
    void know(std::span<const std::byte> program) { program_ = program; }

    gdbstub::Outcome<std::string> execute(std::string_view command, gdbstub::ThreadId selected) override;

  private:
    using Reply = gdbstub::Outcome<std::string>;

    struct Entry {
        std::string_view name;
        std::string_view arguments;
        std::string_view help;
        Reply (MonitorCommands::*run)(std::string_view arguments);
    };
    static const std::vector<Entry>& entries();

    Reply help(std::string_view arguments);
    Reply when(std::string_view arguments);
    Reply go_to(std::string_view arguments);
    Reply start(std::string_view arguments);
    Reply end(std::string_view arguments);
    Reply step_interrupts(std::string_view arguments);
    Reply info(std::string_view arguments);
    Reply bookmark(std::string_view arguments);
    Reply branch(std::string_view arguments);
    Reply branches(std::string_view arguments);
    Reply switch_branch(std::string_view arguments);
    Reply save(std::string_view arguments);
    Reply translate(std::string_view arguments);
    Reply halt(std::string_view arguments);
    Reply button(std::string_view arguments);
    Reply power_button(std::string_view arguments);
    Reply push(emu::PowerButton button);
    Reply question(std::string_view command);

    Reply go_to_place(std::string_view arguments);
    Reply seek(StepCount target);
    Reply arrived(const replay::Stopped& stopped, Position from) const;
    std::string where() const;
    std::optional<replay::BranchInfo> find_branch(std::string_view name) const;
    std::string name_of(Branch branch) const;
    /// The bookmarks of the current branch and its past.
    Bookmarks bookmarks_here() const;

    emu::RiscvMachine& machine_;
    replay::Timeline& timeline_;
    DebugSettings& settings_;
    SessionKeeping keeping_;
    std::span<const std::byte> program_;
    std::optional<Symbols> symbols_;  ///< read at the first question: a kernel has a hundred thousand
    HartId selected_;                 ///< the one that the command is about, unless it says another
};

}  // namespace backspin::cli
