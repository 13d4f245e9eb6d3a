// What the machine, the session and its history are made of.
#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "cli/debug/csr_text.hpp"
#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/going.hpp"
#include "cli/debug/snapshot_report.hpp"
#include "cli/debug/translation.hpp"
#include "cli/engine_report.hpp"
#include "cli/units.hpp"
#include "emu/csr.hpp"
#include "emu/input.hpp"
#include "emu/memory_map.hpp"

namespace backspin::cli::monitor {
namespace {

std::uint64_t csr_value(const Desk& desk, HartId hart, const emu::Csr& csr) {
    const RegisterId id{emu::kFirstCsrRegister + csr.number};
    return desk.machine.read_register(hart, id).value_or(0);
}

const emu::Csr* csr_named(std::string_view name, const Desk& desk) {
    for (const auto& csr : emu::csrs()) {
        if (csr.name == name && desk.machine.board().isa().has(csr.needs)) return &csr;
    }
    return nullptr;
}

// ---- harts --------------------------------------------------------------------------------------

Reply harts(const Call& call) {
    auto& desk = call.desk;
    const auto next = desk.machine.current_hart();
    std::string text;
    for (std::uint32_t i = 0; i < desk.machine.harts(); ++i) {
        const HartId hart{i};
        const auto context = desk.machine.context(hart);
        text +=
            fmt::format("{} {}  {} mode  pc {:#x}{}{}{}\n", hart == desk.selected ? '*' : ' ', i,
                        letter_of_privilege(context.privilege), context.pc.value, symbol_at(context.pc, desk),
                        desk.machine.is_waiting(hart) ? ", waits for an interrupt" : "",
                        hart == next && desk.machine.harts() > 1 ? ", moves next" : "");
    }
    return text;
}

Reply registers(const Call& call) {
    const auto& desk = call.desk;
    const auto digits = desk.machine.board().isa().xlen() / 4;
    std::string text;
    for (std::uint32_t i = 0; i < 32; ++i) {
        text += fmt::format("{:>4} {:#0{}x}{}", emu::Hart::register_name(i),
                            desk.machine.read_register(desk.selected, RegisterId{i}).value_or(0), digits + 2,
                            i % 4 == 3 ? "\n" : "  ");
    }
    const auto context = desk.machine.context(desk.selected);
    return text + fmt::format("  pc {:#0{}x}  {} mode\n", context.pc.value, digits + 2,
                              letter_of_privilege(context.privilege));
}

// ---- control and status registers ---------------------------------------------------------------

std::string csr_line(const Desk& desk, const emu::Csr& csr) {
    const auto xlen = desk.machine.board().isa().xlen();
    const auto value = csr_value(desk, desk.selected, csr);
    const auto meaning = describe_csr(csr.name, value, xlen);
    return fmt::format("{:#05x} {:<14} {:#0{}x}{}{}\n", csr.number, csr.name, value, xlen / 4 + 2,
                       meaning.empty() ? "" : "  ", meaning);
}

/// Counters of events that this machine has none of: all zero.
bool says_nothing(const emu::Csr& csr) {
    const auto is = [&](std::string_view beginning) { return csr.name.starts_with(beginning); };
    return is("hpmcounter") || is("mhpmcounter") || is("mhpmevent");
}

Reply csrs(const Call& call) {
    const auto& desk = call.desk;
    const bool all = call.arguments == "all";
    if (!call.arguments.empty() && !all) {
        if (const auto* csr = csr_named(call.arguments, desk)) return csr_line(desk, *csr);
        return refused(
            fmt::format("this hart has no register '{}': 'monitor info csr all' lists those that it has",
                        call.arguments));
    }
    std::string text;
    for (const auto& csr : emu::csrs()) {
        if (!desk.machine.board().isa().has(csr.needs)) continue;
        const bool is_empty_pmp = csr.name.starts_with("pmp") && csr_value(desk, desk.selected, csr) == 0;
        if (all || (!says_nothing(csr) && !is_empty_pmp)) text += csr_line(desk, csr);
    }
    return text;
}

// ---- memory and devices -------------------------------------------------------------------------

struct Place {
    emu::BusRange range;
    std::string what;
};

std::vector<Place> places(const Desk& desk) {
    namespace map = emu::memory_map;
    const auto& board = desk.machine.board();
    std::vector<Place> places{
        {map::kMaskRom, "ROM"},
        {map::kFinisher, "finisher: switches the machine off, or resets it"},
        {map::kRtc, fmt::format("rtc, interrupt {}", emu::interrupt_source::kRtc)},
        {map::kAclint, "aclint: timer and software interrupts"},
        {map::kPlic, "plic: external interrupts"},
        {map::kUart, fmt::format("uart, interrupt {}", emu::interrupt_source::kUart)},
    };
    for (std::size_t i = 0; i < map::kVirtioTransports; ++i) {
        const emu::BusRange range{{map::kVirtio.base.value + i * map::kVirtioTransportSize},
                                  map::kVirtioTransportSize};
        const auto kind = i < board.options.virtio.size() ? emu::virtio::kind_of(board.options.virtio[i])
                                                          : std::string_view{};
        const bool is_there = i < board.options.virtio.size() && board.options.virtio[i].index() != 0;
        places.push_back({range, is_there ? fmt::format("virtio{}-{}, interrupt {}", i, kind,
                                                        emu::interrupt_source::kVirtio + i)
                                          : fmt::format("virtio{}: nothing behind it", i)});
    }
    const emu::BusRange ram{map::kRamBase, desk.machine.memory().ram_bytes()};
    places.push_back({ram, fmt::format("RAM, {}", describe_size(ram.size))});
    return places;
}

Reply map_of_memory(const Call& call) {
    std::string text;
    for (const auto& [range, what] : places(call.desk))
        text +=
            fmt::format("{:#018x}-{:#018x}  {}\n", range.base.value, range.base.value + range.size - 1, what);
    return text;
}

Reply devices(const Call& call) {
    const auto& board = call.desk.machine.board();
    const auto names = board.component_names();
    if (!call.arguments.empty()) {
        const auto found = std::ranges::find(names, call.arguments);
        if (found == names.end())
            return refused(
                fmt::format("there is no device '{}': 'monitor info devices' lists them", call.arguments));
        std::string text;
        for (const auto& field : board.describe(static_cast<std::size_t>(found - names.begin())))
            text += fmt::format("{:<24} {}\n", field.name, field.value);
        return text;
    }
    std::string text;
    const auto all = places(call.desk);
    for (const auto name : names) {
        const auto place = std::ranges::find_if(all, [&](const Place& each) {
            return each.what.starts_with(name) &&
                   (each.what.size() == name.size() || each.what[name.size()] == ',' ||
                    each.what[name.size()] == ':');
        });
        text += place == all.end() ? fmt::format("{}\n", name)
                                   : fmt::format("{:<18} {:#x}\n", name, place->range.base.value);
    }
    return text + "'monitor info devices NAME' shows what one holds\n";
}

Reply translations(const Call& call) {
    auto& desk = call.desk;
    if (!call.arguments.empty()) {
        const auto address = address_of(call.arguments, desk);
        if (!address) return refused(fmt::format("no symbol '{}' is known here", call.arguments));
        return describe_translation(desk.machine, desk.selected, *address);
    }
    const auto* satp = csr_named("satp", desk);
    std::string text;
    for (std::uint32_t i = 0; i < desk.machine.harts(); ++i) {
        const HartId hart{i};
        const auto value = csr_value(desk, hart, *satp);
        const auto mode = letter_of_privilege(desk.machine.context(hart).privilege);
        text +=
            fmt::format("hart {}: {}{}\n", i, describe_csr("satp", value, desk.machine.board().isa().xlen()),
                        mode == 'M' ? ", and in M mode only loads and stores under MPRV use it" : "");
    }
    return text +
           "what a walk finds is never kept where a guest could see it stale: 'monitor info tlb ADDRESS' "
           "walks the tables\n";
}

// ---- the history --------------------------------------------------------------------------------

Reply recording(const Call& call) {
    const auto& desk = call.desk;
    const auto& timeline = desk.timeline;
    auto text = where(desk);
    text += fmt::format("history: positions {} to {}, {}\n", timeline.begin().step.value,
                        timeline.frontier().step.value,
                        timeline.is_live() ? "live" : "of a recording: it cannot grow");
    text += fmt::format("inputs: {}\n", timeline.log().size());
    text += fmt::format("branches: {}\n", timeline.branches().size());
    text += fmt::format("bookmarks: {}\n", desk.keeping.bookmarks.size());
    text += timeline.is_live()
                ? fmt::format("kept: {}\n", desk.keeping.save ? "'monitor save FILE' keeps all of it"
                                                              : "it is being recorded")
                : "";
    return text;
}

Reply stats(const Call& call) {
    return describe_engine(call.desk.machine.statistics()) + "snapshots " + describe_cost(call.desk.timeline);
}

Reply snapshots(const Call& call) {
    return describe_snapshots(call.desk.timeline);
}

constexpr auto kInfoCommands = std::to_array<Command>({
    {"info harts", "", "where each hart is, and which one moves next", harts},
    {"info registers", "", "the selected hart's integer registers", registers},
    {"info csr", "[NAME|all]", "its control and status registers, and what their bits mean", csrs,
     "  Without a word, counters of events and empty entries of the PMP are left out."},
    {"info devices", "[NAME]", "what the machine is made of; of one, all that it holds", devices},
    {"info mtree", "", "what is where on the bus", map_of_memory},
    {"info tlb", "[ADDRESS]", "what each hart translates by; of an address, the way through the tables",
     translations},
    {"info recording", "", "how long the history is, and what is in it", recording},
    {"info snapshots", "", "what is kept to go back by", snapshots},
    {"stats", "", "how the guest is run: engine, translated code, misses, slices", stats},
});

}  // namespace

Family info() {
    return {"What there is", kInfoCommands};
}

}  // namespace backspin::cli::monitor
