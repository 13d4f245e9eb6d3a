#include "cli/debug/memory_regions.hpp"

#include <array>
#include <string_view>

#include "base/pages.hpp"
#include "cli/debug/page_walk.hpp"
#include "emu/memory_map.hpp"
#include "emu/mmu.hpp"

namespace backspin::cli {
namespace {

using gdbstub::MemoryRegion;

struct NamedRange {
    std::string_view name;
    emu::BusRange range;
    bool writable = true, executable = false;
};

/// In the order of their addresses.
auto bus_ranges(const emu::RiscvMachine& machine) {
    namespace map = emu::memory_map;
    return std::to_array<NamedRange>({
        {"rom", map::kMaskRom, false, true},
        {"finisher", map::kFinisher},
        {"rtc", map::kRtc},
        {"aclint", map::kAclint},
        {"plic", map::kPlic},
        {"uart", map::kUart},
        {"virtio", map::kVirtio},
        {"ram", machine.memory().ram(), true, true},
    });
}

MemoryRegion physical_region(const emu::RiscvMachine& machine, std::uint64_t at, std::uint64_t highest) {
    MemoryRegion gap{.first = {0}, .last = {highest}};
    for (const NamedRange& each : bus_ranges(machine)) {
        const auto first = each.range.base.value, last = first + (each.range.size - 1);
        if (at < first) {
            gap.last = {first - 1};
            return gap;
        }
        if (at <= last)
            return {{first}, {last}, true, each.writable, each.executable, std::string(each.name)};
        gap.first = {last + 1};
    }
    return gap;
}

MemoryRegion translated_region(const emu::RiscvMachine& machine, const emu::Hart& hart,
                               const PagingScheme& scheme, VirtualAddress at) {
    NotedTables tables(machine.memory());
    const auto place = emu::translate_for_debugger(hart, machine.board().isa(), at, tables);
    const auto& visits = tables.visits();
    if (visits.empty()) {  // what lies between the lower half and the upper half
        const auto half = std::uint64_t{1} << (kPageBits + scheme.levels * scheme.bits_of_level - 1);
        return {{half}, {~half}};
    }
    const auto level = scheme.levels - visits.size();
    const auto size = std::uint64_t{1} << (kPageBits + level * scheme.bits_of_level);
    const auto first = at.value & ~(size - 1);
    MemoryRegion region{.first = {first}, .last = {first + (size - 1)}};
    if (place) {
        const auto entry = visits.back().entry.value_or(0);
        region.readable = (entry & kReadable) != 0;
        region.writable = (entry & kWritable) != 0;
        region.executable = (entry & kExecutable) != 0;
    }
    return region;
}

}  // namespace

MemoryRegion memory_region_at(const emu::RiscvMachine& machine, HartId id, VirtualAddress at) {
    const emu::Hart& hart = machine.board().harts.at(id.value);
    at.value &= hart.xlen_mask();
    const auto satp = emu::data_space(hart).satp;
    if (satp == 0) return physical_region(machine, at.value, hart.xlen_mask());
    return translated_region(machine, hart, paging_scheme(satp, hart.xlen).value(), at);
}

}  // namespace backspin::cli
