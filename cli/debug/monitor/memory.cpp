// Code and memory as a hart sees them, or as they lie on the bus.
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/translation.hpp"
#include "cli/disassembler.hpp"
#include "cli/units.hpp"
#include "emu/isa/instruction.hpp"

namespace backspin::cli::monitor {
namespace {

/// One line, and where the next instruction is; nothing where there is no memory.
struct Line {
    std::string text;
    VirtualAddress next;
};
std::optional<Line> line_at(VirtualAddress at, VirtualAddress pc, Desk& desk) {
    const auto xlen = desk.machine.board().isa().xlen();
    std::array<std::byte, 4> bytes{};
    const auto there = desk.machine.read_memory(desk.selected, at, bytes);
    if (there < 2) return std::nullopt;
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    const auto length = emu::instruction_length(static_cast<std::uint16_t>(word));
    if (there < length) return std::nullopt;
    const auto code = length == 2 ? fmt::format("{:04x}", word & 0xffff) : fmt::format("{:08x}", word);
    return Line{fmt::format("{} {:#x}{}:  {:<8}  {}\n", at == pc ? "=>" : "  ", at.value, symbol_at(at, desk),
                            code, disassemble(xlen, at, word)),
                VirtualAddress{at.value + length}};
}

Reply disassemble_some(const Call& call) {
    constexpr std::uint64_t kMost = 1000;
    auto& desk = call.desk;
    const auto pc = desk.machine.context(desk.selected).pc;
    auto rest = call.arguments;
    const auto from = take_word(rest);
    const auto start = from.empty() ? pc : address_of(from, desk);
    const auto count = rest.empty() ? std::optional<std::uint64_t>(10) : parse_number(rest);
    if (!count || *count > kMost)
        return refused(fmt::format("disassemble wants an address or a symbol, and a count up to {}", kMost));
    if (!start) return refused(fmt::format("no symbol '{}' is known here", from));
    std::string text;
    auto at = *start;
    for (std::uint64_t n = 0; n < *count; ++n) {
        const auto line = line_at(at, pc, desk);
        if (!line && n == 0)
            return refused(fmt::format("hart {} sees nothing at {:#x}", desk.selected.value, at.value));
        if (!line) break;
        text += line->text;
        at = line->next;
    }
    return text;
}

Reply translate(const Call& call) {
    auto& desk = call.desk;
    auto rest = call.arguments;
    const auto address = address_of(take_word(rest), desk);
    const auto hart = rest.empty() ? desk.selected : hart_of(rest, desk);
    if (!address || (!hart && !parse_number(rest)))
        return refused("translate wants an address (0x80000000), and perhaps a hart (0)");
    if (!hart) return no_such_hart(desk);
    return describe_translation(desk.machine, *hart, *address);
}

Reply physical(const Call& call) {
    auto& on = call.desk.settings.physical_memory;
    if (call.arguments == "on" || call.arguments == "off") {
        on = call.arguments == "on";
    } else if (!call.arguments.empty()) {
        return refused("phys wants on or off");
    }
    return fmt::format("gdb's addresses of memory are {}\n",
                       on ? "physical: type 'maintenance flush dcache' now" : "those that the hart uses");
}

constexpr auto kMemoryCommands = std::to_array<Command>({
    {"disassemble", "[WHERE [COUNT]]", "instructions from an address, a symbol or the pc", disassemble_some},
    {"translate", "ADDRESS [HART]", "where an address of the hart lies, and what its page tables say",
     translate},
    {"phys", "[on|off]", "memory that gdb reads and writes is addressed past the page tables (off)", physical,
     "  Breakpoints and watchpoints stay at addresses that the hart uses. It holds until the client leaves."},
});

}  // namespace

Family memory() {
    return {"Code and memory", kMemoryCommands};
}

}  // namespace backspin::cli::monitor
