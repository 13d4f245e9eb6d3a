// How the interpreter reaches memory: two translation tables for the hits, and one slow path that sees
// everything else (devices, watched ranges, copy on write, stores into decoded code).
//
// Address translation is the identity here (M and U mode). Where it is not, the places that rely on a
// physical page having one virtual address are those that call drop_entries().
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/machine.hpp"
#include "emu/board.hpp"
#include "emu/engine/code_cache.hpp"
#include "emu/engine/stop_points.hpp"
#include "emu/engine/tlb.hpp"
#include "emu/execute.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// Satisfies MemoryAccess. Before any call other than the finds, the board's clock and the hart's pc must
/// stand exactly at this step: devices read the clock, and an observer may look at everything.
class MemoryPort {
  public:
    MemoryPort(Board& board, Memory& memory, CodeCache& code, const StopPoints& stops)
        : board_(board), memory_(memory), code_(code), stops_(stops) {}

    // ---- for the interpreter --------------------------------------------------------------------
    std::byte* find_for_reading(VirtualAddress at, std::size_t size) const { return reads_.find(at, size); }
    std::byte* find_for_writing(VirtualAddress at, std::size_t size) const { return writes_.find(at, size); }
    /// A page with code has no write entry. Its bytes beside the decoded granules are still written at the
    /// cost of one test more; null where that does not hold.
    std::byte* find_beside_code(VirtualAddress at, std::size_t size) const;

    /// Whether the last accesses may have changed what the machine's loop looks at (a device was touched,
    /// decoded code was dropped): the run must be left after this step. Reading it clears it.
    bool take_attention() { return std::exchange(attention_, false); }

    // ---- MemoryAccess ---------------------------------------------------------------------------
    Trap trap() const { return trap_; }
    template <class Value>
    AccessEnd load(VirtualAddress at, std::uint64_t& bits) {
        return load_bytes(at, sizeof(Value), bits);
    }
    template <class Value>
    AccessEnd store(VirtualAddress at, std::uint64_t bits) {
        return store_bytes(at, sizeof(Value), bits);
    }
    template <class Value, class Modify>
    AccessEnd atomic(VirtualAddress at, std::uint64_t& bits, Modify modify) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        if (!memory_.is_writable(PhysicalAddress{at.value})) return raise(Cause::store_access_fault, at);
        bits = peek(at, sizeof(Value));
        const auto replaced = static_cast<std::uint64_t>(modify(static_cast<Value>(bits)));
        if (watched(at) && reports(Touch{at, sizeof(Value), true, true, replaced}) == Verdict::stop) {
            return AccessEnd::stopped;
        }
        put(PhysicalAddress{at.value}, sizeof(Value), replaced);
        return AccessEnd::done;
    }
    template <class Value>
    AccessEnd reserve(VirtualAddress at, std::uint64_t& bits) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::load_address_misaligned, at);
        if (!memory_.is_writable(PhysicalAddress{at.value})) return raise(Cause::load_access_fault, at);
        const auto end = load_bytes(at, sizeof(Value), bits);
        if (end == AccessEnd::done) hart().reservation = PhysicalAddress{at.value};
        return end;
    }
    template <class Value>
    AccessEnd conditional(VirtualAddress at, std::uint64_t bits, std::uint64_t& failed) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        failed = hart().reservation == PhysicalAddress{at.value} ? 0 : 1;
        if (failed == 0) {
            const auto end = store_bytes(at, sizeof(Value), bits);
            if (end != AccessEnd::done) return end;
        }
        hart().reservation.reset();
        return AccessEnd::done;
    }

    // ---- for the machine ------------------------------------------------------------------------
    /// Reports to this observer from here on; null arms nothing. Watched pages are entered only while nothing
    /// is armed.
    void arm(Observer* observer);
    void stop_points_changed() { forget_entries(); }
    /// All pages are shared now: the next write of each must be seen.
    void forget_write_entries();
    /// Memory was changed or replaced by somebody else.
    void forget_entries();
    /// A page has code from now on: the next write must be seen.
    void page_became_code(PhysicalAddress at) { writes_.drop(page_of(VirtualAddress{at.value})); }

  private:
    /// One access, as the stop points see it.
    struct Touch {
        VirtualAddress at;
        std::size_t size = 0;
        bool reads = false;
        bool writes = false;
        std::uint64_t new_bits = 0;
    };
    struct BesideCode {
        std::uint64_t page = ~std::uint64_t{0};
        std::uint64_t delta = 0;
        const std::uint64_t* granules = nullptr;
    };

    static VirtualAddress page_of(VirtualAddress at) { return {at.value & ~std::uint64_t{kPageSize - 1}}; }
    Hart& hart() { return board_.harts.front(); }
    AccessEnd raise(Cause cause, VirtualAddress at);
    /// mtval shows the portion of the access that caused the fault.
    AccessEnd raise_missing(Cause cause, VirtualAddress at, bool writing);
    bool watched(VirtualAddress at) const { return observer_ != nullptr && stops_.watches_page(page_of(at)); }
    bool watched(VirtualAddress at, std::size_t size) const {
        return watched(at) || watched(VirtualAddress{at.value + (size - 1)});
    }
    Verdict reports(const Touch& touch);
    bool changes(const Touch& touch, const StopPoint& point) const;

    AccessEnd load_bytes(VirtualAddress at, std::size_t size, std::uint64_t& bits);
    AccessEnd store_bytes(VirtualAddress at, std::size_t size, std::uint64_t bits);
    AccessEnd load_from_device(VirtualAddress at, std::size_t size, std::uint64_t& bits);
    AccessEnd store_to_device(VirtualAddress at, std::size_t size, std::uint64_t bits);
    std::uint64_t peek(VirtualAddress at, std::size_t size) const;
    void put(PhysicalAddress at, std::size_t size, std::uint64_t bits);
    void put_in_page(PhysicalAddress at, std::span<const std::byte> bytes);
    void enter_for_reading(VirtualAddress at);
    void enter_for_writing(VirtualAddress at, PageIndex index, const Page& page);

    Board& board_;
    Memory& memory_;
    CodeCache& code_;
    const StopPoints& stops_;
    Observer* observer_ = nullptr;
    Tlb reads_;
    Tlb writes_;
    std::array<BesideCode, 16> beside_code_{};
    Trap trap_;
    bool attention_ = false;
};

}  // namespace backspin::emu
