#include "cli/debug/translation.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/debug/page_walk.hpp"
#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"

namespace backspin::cli {
namespace {

using emu::AccessKind;
using emu::Hart;

using Visits = std::vector<NotedTables::Visit>;

/// Why a walk that found nothing ended where it did. The order of the questions is the manual's.
std::string reason(const Visits& visits, const PagingScheme& scheme) {
    if (visits.empty()) return "its upper bits are not copies of the highest one that is translated";
    const auto& last = visits.back();
    const auto level = scheme.levels - visits.size();
    const auto place = fmt::format("the entry of level {} at {:#x}", level, last.at.value);
    if (!last.entry) return fmt::format("{} is not in memory", place);
    const auto entry = *last.entry;
    const bool leaf = (entry & (kReadable | kExecutable)) != 0;
    std::string_view why = leaf ? "sets reserved bits, or is of a large page at a place that is not one's"
                                : "sets reserved bits";
    if ((entry & kValid) == 0) {
        why = "is not valid";
    } else if ((entry & (kReadable | kWritable)) == kWritable) {
        why = "is writable but not readable, which is reserved";
    } else if (!leaf && level == 0) {
        why = "should be of a page, and is of another table";
    }
    return fmt::format("{} holds {:#x}, which {}", place, entry, why);
}

/// What the hart itself may do there now, protection of physical memory included.
std::string permissions(const Hart& hart, const emu::Isa& isa, const emu::Memory& memory, VirtualAddress at) {
    std::string text;
    for (const auto& [kind, word] : {std::pair{AccessKind::load, "read"},
                                     {AccessKind::store, "write"},
                                     {AccessKind::fetch, "execute"}}) {
        const auto space = kind == AccessKind::fetch ? emu::fetch_space(hart) : emu::data_space(hart);
        emu::ConstPageTables tables(memory);
        const auto found = emu::translate(space, hart, isa, at, kind, tables, emu::Updates::only_report);
        if (found.fault || !hart.pmp.allows(found.at, 1, kind, space.privilege)) continue;
        text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    }
    return text.empty() ? "nothing is allowed" : text;
}

std::string levels(const Visits& visits, const PagingScheme& scheme) {
    std::string text;
    for (std::size_t i = 0; i < visits.size() && visits[i].entry; ++i) {
        text += fmt::format("  level {}: {:#x} holds {:#x}\n", scheme.levels - 1 - i, visits[i].at.value,
                            *visits[i].entry);
    }
    return text;
}

}  // namespace

char letter_of_privilege(std::uint8_t privilege) {
    constexpr std::array kLetters{'U', 'S', '?', 'M'};
    return kLetters.at(privilege);
}

std::string describe_translation(const emu::RiscvMachine& machine, HartId id, VirtualAddress at) {
    const auto& hart = machine.board().harts.at(id.value);
    const auto& isa = machine.board().isa();
    at.value &= hart.xlen_mask();
    const auto space = emu::data_space(hart);
    const auto who = fmt::format("hart {}, {} mode", id.value,
                                 letter_of_privilege(static_cast<std::uint8_t>(space.privilege)));
    if (space.satp == 0) {
        return fmt::format("{:#x} is physical: nothing is translated ({}); allowed: {}\n", at.value, who,
                           permissions(hart, isa, machine.memory(), at));
    }
    const auto scheme = paging_scheme(space.satp, hart.xlen).value();
    NotedTables tables(machine.memory());
    const auto place = emu::translate_for_debugger(hart, isa, at, tables);
    if (!place) {
        return fmt::format("{:#x} is not mapped ({}, {}): {}\n{}", at.value, who, scheme.name,
                           reason(tables.visits(), scheme), levels(tables.visits(), scheme));
    }
    return fmt::format("{:#x} is at {:#x} ({}, {}); allowed: {}\n{}", at.value, place->value, who,
                       scheme.name, permissions(hart, isa, machine.memory(), at),
                       levels(tables.visits(), scheme));
}

}  // namespace backspin::cli
