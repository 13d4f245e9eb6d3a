// A `monitor` command: what it is called, what it wants, what it does. To add one, write its row into the
// table at the end of the file of its family in this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/debug/settings.hpp"
#include "cli/query/symbols.hpp"
#include "emu/riscv_machine.hpp"
#include "gdbstub/outcome.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli::monitor {

/// The text to show, line ends included, or a sentence that says why not.
using Reply = gdbstub::Outcome<std::string>;

/// What commands work on. All outlive it.
struct Desk {
    emu::RiscvMachine& machine;
    replay::Timeline& timeline;
    DebugSettings& settings;
    SessionKeeping& keeping;
    std::span<const std::byte> program{};    ///< the ELF file that is debugged; empty: none
    std::optional<Symbols> known_symbols{};  ///< read when first wanted: a kernel has a hundred thousand
    HartId selected{};                       ///< the one that a command is about, unless it says another

    const Symbols& symbols() {
        if (!known_symbols) known_symbols.emplace(program);
        return *known_symbols;
    }
};

struct Command;

/// A command as it was typed.
struct Call {
    Desk& desk;
    const Command& command;
    std::string_view arguments;  ///< without blanks around them
};

struct Command {
    std::string_view name;       ///< one word, or two where the first is `info`
    std::string_view arguments;  ///< as they stand in a usage line; empty: it takes none, and refuses any
    std::string_view help;       ///< one line
    Reply (*run)(const Call&) = nullptr;
    std::string_view more = {};  ///< further lines for `help NAME`
};

/// Commands that belong together; `help` lists them so.
struct Family {
    std::string_view title;
    std::span<const Command> commands;
};

// ---- for the commands ---------------------------------------------------------------------------

gdbstub::Refused refused(std::string text);
/// "goto wants: goto PLACE".
gdbstub::Refused wants(const Call& call);

std::string_view trimmed(std::string_view text);
/// Takes the first word off the text.
std::string_view take_word(std::string_view& text);

/// The hart with this number.
std::optional<HartId> hart_of(std::string_view text, const Desk& desk);
gdbstub::Refused no_such_hart(const Desk& desk);
/// An address, or a symbol of the program.
std::optional<VirtualAddress> address_of(std::string_view text, Desk& desk);

/// "main+0x12", with a blank before it; empty where no symbol is near.
std::string symbol_at(VirtualAddress at, Desk& desk);

}  // namespace backspin::cli::monitor
