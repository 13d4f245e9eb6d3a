#include "emu/mmu.hpp"

namespace backspin::emu {
namespace {

// Bits of a page table entry.
constexpr std::uint64_t kValid = 1, kReadable = 2, kWritable = 4, kExecutable = 8, kUser = 16, kAccessed = 64,
                        kDirty = 128;
constexpr unsigned kPpnShift = 10;
constexpr std::uint64_t kNapot = std::uint64_t{1} << 63;
constexpr unsigned kMemoryTypeShift = 61;
constexpr std::uint64_t kMemoryType = std::uint64_t{3} << kMemoryTypeShift;
constexpr std::uint64_t kReservedEntryBits = std::uint64_t{0x7f} << 54;

constexpr unsigned kPageShift = 12;
constexpr std::uint64_t kPageOffset = (std::uint64_t{1} << kPageShift) - 1;

/// The shape of the tables that satp selects.
struct Scheme {
    unsigned levels;
    unsigned index_bits;  ///< of the virtual page number, for each level
    unsigned entry_size;  ///< bytes
    std::uint64_t root;   ///< physical address of the topmost table
};

Scheme scheme_of(std::uint64_t satp, unsigned xlen) {
    if (xlen == 32) return {2, 10, 4, (satp & 0x3f'ffff) << kPageShift};
    const auto root = (satp & ((std::uint64_t{1} << 44) - 1)) << kPageShift;
    return {static_cast<unsigned>((satp >> 60) - 8 + 3), 9, 8, root};  // modes 8, 9, 10
}

bool translates(std::uint64_t satp, unsigned xlen) {
    return satp >> (xlen == 32 ? 31 : 60) != 0;
}

AddressSpace space_of(const Hart& hart, Privilege privilege) {
    AddressSpace space;
    space.privilege = privilege;
    space.pmp_generation = hart.pmp.generation();
    if (privilege == Privilege::machine || !translates(hart.satp, hart.xlen)) return space;
    space.satp = hart.satp;
    space.sum = (hart.mstatus & mstatus::kSum) != 0;
    space.mxr = (hart.mstatus & mstatus::kMxr) != 0;
    space.updates_ad = (hart.menvcfg & envcfg::kAdue) != 0;
    space.memory_types = (hart.menvcfg & envcfg::kPbmte) != 0;
    return space;
}

/// The upper bits of a virtual address are copies of its highest used one.
bool is_canonical(VirtualAddress at, const Scheme& scheme, unsigned xlen) {
    if (xlen == 32) return true;
    const auto unused = 64 - (scheme.levels * scheme.index_bits + kPageShift);
    const auto extended = static_cast<std::int64_t>(at.value << unused) >> unused;
    return static_cast<std::uint64_t>(extended) == at.value;
}

bool is_leaf(std::uint64_t entry) {
    return (entry & (kReadable | kExecutable)) != 0;
}

bool uses_reserved_bits(std::uint64_t entry, unsigned level, const AddressSpace& space, const Isa& isa) {
    if (isa.xlen() == 32) return !is_leaf(entry) && (entry & (kUser | kAccessed | kDirty)) != 0;
    if ((entry & kReservedEntryBits) != 0) return true;
    if (!is_leaf(entry)) return (entry & (kUser | kAccessed | kDirty | kNapot | kMemoryType)) != 0;
    const auto type = (entry & kMemoryType) >> kMemoryTypeShift;
    if (type == 3 || (type != 0 && !space.memory_types)) return true;
    if ((entry & kNapot) == 0) return false;
    // The one size that is defined: 64 KiB, among the smallest pages.
    const bool is_64k = (entry >> kPpnShift & 15) == 8;
    return !isa.has(Extension::Svnapot) || level != 0 || !is_64k;
}

bool permits(std::uint64_t entry, AccessKind kind, const AddressSpace& space) {
    const bool user_page = (entry & kUser) != 0;
    if (space.privilege == Privilege::user && !user_page) return false;
    if (space.privilege == Privilege::supervisor && user_page && (kind == AccessKind::fetch || !space.sum))
        return false;
    switch (kind) {
        case AccessKind::fetch: return (entry & kExecutable) != 0;
        case AccessKind::load: return (entry & kReadable) != 0 || (space.mxr && (entry & kExecutable) != 0);
        case AccessKind::store: return (entry & kWritable) != 0;
    }
    return false;
}

/// Physical page number bits of an entry, without those above them.
std::uint64_t ppn_of(std::uint64_t entry, unsigned xlen) {
    return xlen == 32 ? entry >> kPpnShift : entry >> kPpnShift & ((std::uint64_t{1} << 44) - 1);
}

/// A leaf that was found, and where.
struct Leaf {
    std::uint64_t entry = 0;
    PhysicalAddress at;
    unsigned level = 0;
};

enum class WalkEnd : std::uint8_t { leaf, page_fault, access_fault };

WalkEnd walk(const AddressSpace& space, const Scheme& scheme, const Hart& hart, const Isa& isa,
             VirtualAddress at, PageTables& tables, Leaf& leaf) {
    if (!is_canonical(at, scheme, hart.xlen)) return WalkEnd::page_fault;
    auto table = scheme.root;
    for (auto level = scheme.levels; level-- > 0;) {
        const auto index = at.value >> (kPageShift + level * scheme.index_bits) &
                           ((std::uint64_t{1} << scheme.index_bits) - 1);
        const PhysicalAddress place{table + index * scheme.entry_size};
        const bool allowed =
            hart.pmp.allows(place, scheme.entry_size, AccessKind::load, Privilege::supervisor);
        const auto entry = allowed ? tables.read(place, scheme.entry_size) : std::nullopt;
        if (!entry) return WalkEnd::access_fault;
        const bool reserved_permission = (*entry & (kReadable | kWritable)) == kWritable;
        if ((*entry & kValid) == 0 || reserved_permission || uses_reserved_bits(*entry, level, space, isa))
            return WalkEnd::page_fault;
        if (is_leaf(*entry)) {
            leaf = {*entry, place, level};
            const auto lower = (std::uint64_t{1} << (level * scheme.index_bits)) - 1;
            return (ppn_of(*entry, hart.xlen) & lower) == 0 ? WalkEnd::leaf : WalkEnd::page_fault;
        }
        table = ppn_of(*entry, hart.xlen) << kPageShift;
    }
    return WalkEnd::page_fault;
}

PhysicalAddress address_in(const Leaf& leaf, const Scheme& scheme, VirtualAddress at, unsigned xlen) {
    auto ppn = ppn_of(leaf.entry, xlen);
    auto covered = leaf.level * scheme.index_bits;
    if (xlen == 64 && (leaf.entry & kNapot) != 0) {
        covered = 4;
        ppn &= ~std::uint64_t{15};
    }
    const auto lower = (std::uint64_t{1} << covered) - 1;
    return {(ppn | (at.value >> kPageShift & lower)) << kPageShift | (at.value & kPageOffset)};
}

}  // namespace

AddressSpace fetch_space(const Hart& hart) {
    auto space = space_of(hart, hart.privilege);
    space.sum = space.mxr = false;  // they are about loads and stores
    return space;
}

AddressSpace data_space(const Hart& hart) {
    if ((hart.mstatus & mstatus::kMprv) == 0) return space_of(hart, hart.privilege);
    return space_of(hart, static_cast<Privilege>((hart.mstatus & mstatus::kMpp) >> mstatus::kMppShift));
}

Translation translate(const AddressSpace& space, const Hart& hart, const Isa& isa, VirtualAddress at,
                      AccessKind kind, PageTables& tables, Updates updates) {
    if (space.satp == 0) return {{}, PhysicalAddress{at.value}, false};
    const auto scheme = scheme_of(space.satp, hart.xlen);
    Leaf leaf;
    switch (walk(space, scheme, hart, isa, at, tables, leaf)) {
        case WalkEnd::leaf: break;
        case WalkEnd::page_fault: return {page_fault(kind), {}, false};
        case WalkEnd::access_fault: return {access_fault(kind), {}, false};
    }
    if (!permits(leaf.entry, kind, space)) return {page_fault(kind), {}, false};
    const auto wanted = kAccessed | (kind == AccessKind::store ? kDirty : 0);
    const bool needs_update = (leaf.entry & wanted) != wanted;
    if (needs_update) {
        if (!space.updates_ad) return {page_fault(kind), {}, false};
        if (!hart.pmp.allows(leaf.at, scheme.entry_size, AccessKind::store, Privilege::supervisor))
            return {access_fault(kind), {}, false};
        if (updates == Updates::make && !tables.write(leaf.at, scheme.entry_size, leaf.entry | wanted))
            return {access_fault(kind), {}, false};
    }
    return {{}, address_in(leaf, scheme, at, hart.xlen), needs_update};
}

std::optional<PhysicalAddress> only_page_of(std::uint64_t entry, unsigned xlen) {
    const auto ppn = ppn_of(entry, xlen);
    // Larger pages begin where the lowest level's index is 0; at any other place such an entry is a fault.
    const bool may_be_larger =
        (ppn & (xlen == 32 ? 0x3ff : 0x1ff)) == 0 || (xlen == 64 && (entry & kNapot) != 0);
    if (!is_leaf(entry) || may_be_larger) return std::nullopt;
    return PhysicalAddress{ppn << kPageShift};
}

std::optional<PhysicalAddress> translate_for_debugger(const Hart& hart, const Isa& isa, VirtualAddress at,
                                                      PageTables& tables) {
    const auto space = data_space(hart);
    if (space.satp == 0) return PhysicalAddress{at.value};
    const auto scheme = scheme_of(space.satp, hart.xlen);
    // A debugger may look everywhere: machine mode's view of the tables, past its protection.
    Hart unprotected;
    unprotected.xlen = hart.xlen;
    unprotected.pmp.write_address(0, ~std::uint64_t{0});
    unprotected.pmp.write_config(0, 0x1f);
    Leaf leaf;
    if (walk(space, scheme, unprotected, isa, at, tables, leaf) != WalkEnd::leaf) return std::nullopt;
    return address_in(leaf, scheme, at, hart.xlen);
}

}  // namespace backspin::emu
