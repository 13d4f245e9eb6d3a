// Address translation: Sv32, Sv39, Sv48 and Sv57 page tables, with Svadu, Svpbmt and Svnapot.
// Source: The RISC-V Instruction Set Manual, Volume II, chapter "Supervisor-Level ISA", section "Virtual
// Address Translation Process".
//
// What page tables say holds at once: nothing is cached as far as anybody can see, and fences order nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "emu/hart.hpp"
#include "emu/isa/isa.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {

/// All that a translation depends on besides memory. Equal values translate equally.
struct AddressSpace {
    Privilege privilege = Privilege::machine;  ///< in whose name the access is made
    bool sum = false, mxr = false;
    bool updates_ad = false;    ///< accessed and dirty bits are set by the hardware
    bool memory_types = false;  ///< the page-based memory types of Svpbmt are not reserved
    std::uint64_t satp = 0;     ///< 0 where nothing is translated
    std::uint64_t pmp_generation = 0;
    bool operator==(const AddressSpace&) const = default;
};

/// Where the hart's instructions are fetched from.
AddressSpace fetch_space(const Hart& hart);
/// Where its loads and stores go.
AddressSpace data_space(const Hart& hart);

struct Translation {
    std::optional<Cause> fault;
    PhysicalAddress at;  ///< if there is no fault
    bool needs_update =
        false;  ///< an accessed or dirty bit would have to be set first: `at` holds all the same
};

/// How translate() reaches page tables.
class PageTables {
  public:
    virtual ~PageTables() = default;
    /// An entry of `size` bytes, 4 or 8; nothing where there is no memory.
    virtual std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) = 0;
    /// Sets accessed and dirty bits; false where the guest may not write.
    virtual bool write(PhysicalAddress at, unsigned size, std::uint64_t value) = 0;
};

/// Whether accessed and dirty bits are updated, or only looked at.
enum class Updates : std::uint8_t { make, only_report };

/// The physical address of one byte. Protection of the physical address itself is the caller's; the walk's
/// own accesses are checked against the hart's PMP here.
Translation translate(const AddressSpace& space, const Hart& hart, const Isa& isa, VirtualAddress at,
                      AccessKind kind, PageTables& tables, Updates updates);

/// The only page that a valid entry of a page table can lead to; nothing if it may be more: the entry of a
/// table, or of a larger page.
std::optional<PhysicalAddress> only_page_of(std::uint64_t entry, unsigned xlen);

/// As a debugger sees memory: no permissions, no updates. Nothing if the address is not mapped.
std::optional<PhysicalAddress> translate_for_debugger(const Hart& hart, const Isa& isa, VirtualAddress at,
                                                      PageTables& tables);

}  // namespace backspin::emu
