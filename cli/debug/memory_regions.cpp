#include "cli/debug/memory_regions.hpp"

#include <array>
#include <optional>
#include <string_view>

#include "emu/memory_map.hpp"
#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"

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

/// Counts how deep a walk went.
class CountedTables final : public emu::PageTables {
  public:
    explicit CountedTables(const emu::Memory& memory) : tables_(memory) {}
    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override {
        ++visits_;
        entry_ = tables_.read(at, size).value_or(0);
        return entry_;
    }
    bool write(PhysicalAddress, unsigned, std::uint64_t) override { return true; }
    unsigned visits() const { return visits_; }
    std::uint64_t entry() const { return entry_; }

  private:
    emu::ConstPageTables tables_;
    unsigned visits_ = 0;
    std::uint64_t entry_ = 0;
};

struct Scheme {
    unsigned levels = 0, bits_of_level = 0;
};

/// Precondition: satp selects one.
Scheme scheme_of(std::uint64_t satp, unsigned xlen) {
    if (xlen == 32) return {2, 10};
    switch (satp >> 60) {
        case 8: return {3, 9};
        case 9: return {4, 9};
        default: return {5, 9};
    }
}

MemoryRegion translated_region(const emu::RiscvMachine& machine, const emu::Hart& hart, Scheme scheme,
                               VirtualAddress at) {
    constexpr unsigned kPageOffsetBits = 12;
    CountedTables tables(machine.memory());
    const auto place = emu::translate_for_debugger(hart, machine.board().isa(), at, tables);
    if (tables.visits() == 0) {  // what lies between the lower half and the upper half
        const auto half = std::uint64_t{1} << (kPageOffsetBits + scheme.levels * scheme.bits_of_level - 1);
        return {{half}, {~half}};
    }
    const auto level = scheme.levels - tables.visits();
    const auto size = std::uint64_t{1} << (kPageOffsetBits + level * scheme.bits_of_level);
    const auto first = at.value & ~(size - 1);
    MemoryRegion region{.first = {first}, .last = {first + (size - 1)}};
    if (place) {
        constexpr std::uint64_t kReadable = 2, kWritable = 4, kExecutable = 8;
        region.readable = (tables.entry() & kReadable) != 0;
        region.writable = (tables.entry() & kWritable) != 0;
        region.executable = (tables.entry() & kExecutable) != 0;
    }
    return region;
}

}  // namespace

MemoryRegion memory_region_at(const emu::RiscvMachine& machine, HartId id, VirtualAddress at) {
    const emu::Hart& hart = machine.board().harts.at(id.value);
    at.value &= hart.xlen_mask();
    const auto satp = emu::data_space(hart).satp;
    if (satp == 0) return physical_region(machine, at.value, hart.xlen_mask());
    return translated_region(machine, hart, scheme_of(satp, hart.xlen), at);
}

}  // namespace backspin::cli
