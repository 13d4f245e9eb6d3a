// How the interpreter reaches memory: translation buffers for the hits, and one slow path that sees
// everything else (page tables, protection, devices, watched ranges, copy on write, stores into decoded
// code).
//
// Translation is coherent: a page that a walk has read is watched like code, and a store over a valid entry
// in it drops every translation of every hart. The same physical page may be known under many addresses, so
// whoever changes what may be done with a page looks through the buffers for what leads to it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/machine.hpp"
#include "emu/board.hpp"
#include "emu/engine/access_notebook.hpp"
#include "emu/engine/banks.hpp"
#include "emu/engine/code_cache.hpp"
#include "emu/engine/engine_statistics.hpp"
#include "emu/engine/page_set.hpp"
#include "emu/engine/stop_points.hpp"
#include "emu/engine/tlb.hpp"
#include "emu/engine/watched_pages.hpp"
#include "emu/execute.hpp"
#include "emu/memory.hpp"
#include "emu/mmu.hpp"

namespace backspin::emu {

/// Satisfies MemoryAccess for the selected hart. Before any call other than the finds, the board's clock and
/// the hart's pc must stand exactly at this step: devices read the clock, and an observer may look at
/// everything.
class MemoryPort {
  public:
    MemoryPort(Board& board, Memory& memory, CodeCache& code, const StopPoints& stops, AccessNotebook& notes);

    // ---- for the interpreter --------------------------------------------------------------------
    /// Whose accesses follow. Call again when something has changed that decides about translation.
    void select(Hart& hart);

    std::byte* find_for_reading(VirtualAddress at, std::size_t size) const {
        return data_->reads.find(at, size);
    }
    std::byte* find_for_writing(VirtualAddress at, std::size_t size) const {
        return data_->writes.find(at, size);
    }
    /// The selected hart's buffers, for translated code: the Tlb for reads, and kWriteTable bytes behind it
    /// that for writes.
    void* tables() const { return data_; }
    static constexpr std::size_t kWriteTable = sizeof(Tlb);
    /// A watched page with code in it, for find_beside_code(); translated code looks here itself.
    struct BesideCode {
        std::uint64_t page = ~std::uint64_t{0};
        std::uint64_t delta = 0;
        const std::uint64_t* granules = nullptr;
    };
    static constexpr std::size_t kBesideCodeTable = 2 * sizeof(Tlb);
    static constexpr std::size_t kBesideCodeEntries = 16;

    const AccessStatistics& statistics() const { return statistics_; }

    /// A page with code has no write entry, and a watched one has none at all. Bytes beside the decoded
    /// granules, and beside what is watched, are still reached at the cost of a test more; null where that
    /// does not hold.
    const std::byte* find_beside_for_reading(VirtualAddress at, std::size_t size) const {
        return data_->watched_reads.find_beside(at, size);
    }
    std::byte* find_beside_for_writing(VirtualAddress at, std::size_t size) const {
        if (auto* host = find_beside_code(at, size)) return host;
        return data_->watched_writes.find_beside(at, size);
    }

    /// Whether the last accesses may have changed what the machine's loop looks at (a device was touched,
    /// decoded code or translations were dropped): the run must be left after this step. Reading it clears
    /// it.
    bool take_attention() { return std::exchange(attention_, false); }

    /// Where code of this page may be kept decoded; nothing if it cannot be fetched, or not all of it alike,
    /// or if fetching would change the page table. Changes nothing that the guest sees.
    std::optional<PhysicalAddress> locate_code(VirtualAddress at);
    /// Fetches two bytes, with all that belongs to it; nothing, with the trap, if that fails, or if the
    /// observer wants to stop before this step: then take_stopped() says so.
    std::optional<std::uint16_t> fetch(VirtualAddress at);
    bool take_stopped() { return std::exchange(stopped_, false); }

    /// Tells the observer, with memory as it was before this step; who stops there leaves it so.
    Verdict tell(const Hit& hit);

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
        if (auto* host = find_for_writing(at, sizeof(Value))) {  // what may be written may be read
            Value old;
            std::memcpy(&old, host, sizeof old);
            const auto replaced = static_cast<Value>(modify(old));
            std::memcpy(host, &replaced, sizeof replaced);
            bits = static_cast<std::uint64_t>(old);
            return AccessEnd::done;
        }
        if (watched(at, sizeof(Value)) &&
            parts_in_ram(at, sizeof(Value), AccessKind::store, Updates::only_report)) {
            const auto replaced = static_cast<std::uint64_t>(modify(static_cast<Value>(gather())));
            if (reports(Touch{at, sizeof(Value), true, true, bytes_of(replaced)}) == Verdict::stop)
                return AccessEnd::stopped;
        }
        if (!parts_in_ram(at, sizeof(Value), AccessKind::store, Updates::make)) return not_made();
        bits = gather();
        scatter(bytes_of(static_cast<std::uint64_t>(modify(static_cast<Value>(bits)))));
        return AccessEnd::done;
    }
    template <class Value>
    AccessEnd reserve(VirtualAddress at, std::uint64_t& bits) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::load_address_misaligned, at);
        if (watched(at, sizeof(Value)) &&
            parts_in_ram(at, sizeof(Value), AccessKind::load, Updates::only_report) &&
            reports(Touch{at, sizeof(Value), true, false, {}}) == Verdict::stop)
            return AccessEnd::stopped;
        if (!parts_in_ram(at, sizeof(Value), AccessKind::load, Updates::make)) return not_made();
        bits = gather();
        notes_.reads(at);
        enter_for_reading(parts_[0]);
        hart_->reservation = parts_[0].at;
        return AccessEnd::done;
    }
    template <class Value>
    AccessEnd conditional(VirtualAddress at, std::uint64_t bits, std::uint64_t& failed) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        failed = 1;
        if (watched(at, sizeof(Value)) &&
            parts_in_ram(at, sizeof(Value), AccessKind::store, Updates::only_report) &&
            hart_->reservation == parts_[0].at &&
            reports(Touch{at, sizeof(Value), false, true, bytes_of(bits)}) == Verdict::stop)
            return AccessEnd::stopped;
        if (!parts_in_ram(at, sizeof(Value), AccessKind::store, Updates::make)) return not_made();
        if (hart_->reservation == parts_[0].at) {
            scatter(bytes_of(bits));
            failed = 0;
        }
        hart_->reservation.reset();
        return AccessEnd::done;
    }
    AccessEnd cache_block(VirtualAddress at, CacheOperation operation);

    // ---- for the machine ------------------------------------------------------------------------
    /// Reports to this observer from here on; null arms nothing. Watched pages are entered only while nothing
    /// is armed.
    void arm(Observer* observer);
    void stop_points_changed() { forget_entries(); }
    /// All pages are shared now: the next write of each must be seen.
    void forget_write_entries();
    /// The next access to each page must be seen.
    void forget_accesses();
    /// Memory was changed or replaced by somebody else.
    void forget_entries();
    /// A page has code from now on: the next write must be seen.
    void page_became_code(PhysicalAddress at);

    /// Changes when translations were dropped: where code was found before may hold no more.
    std::uint64_t generation() const { return generation_; }

  private:
    class Tables;

    std::byte* find_beside_code(VirtualAddress at, std::size_t size) const;

    /// What is known of one address space.
    struct Data {
        // Translated code knows where these three are.
        Tlb reads, writes;
        std::array<BesideCode, kBesideCodeEntries> beside_code{};
        WatchedPages watched_reads, watched_writes;  ///< those are not among the above
        void clear_writes() {
            writes.clear();
            watched_writes.clear();
            beside_code.fill(BesideCode{});
        }
        void clear() {
            reads.clear();
            watched_reads.clear();
            clear_writes();
        }
        void drop_reads_leading_to(const std::byte* host) {
            reads.drop_leading_to(host);
            watched_reads.drop_leading_to(host);
        }
        void drop_writes_leading_to(const std::byte* host);
    };

    using Bytes = std::array<std::byte, kCacheBlock>;
    /// One access, as the stop points see it.
    struct Touch {
        VirtualAddress at;
        std::size_t size = 0;
        bool reads = false;
        bool writes = false;
        Bytes new_bytes{};
    };
    /// The part of an access that lies in one page.
    struct Part {
        VirtualAddress virtual_at;
        PhysicalAddress at;
        std::size_t size = 0;
        bool is_device = false;
    };

    static VirtualAddress page_of(VirtualAddress at) { return {at.value & ~std::uint64_t{kPageSize - 1}}; }
    static Bytes bytes_of(std::uint64_t bits) {
        Bytes bytes{};
        std::memcpy(bytes.data(), &bits, sizeof bits);
        return bytes;
    }
    AccessEnd raise(Cause cause, VirtualAddress at);
    /// What an access ends with whose place was not found.
    AccessEnd not_made() { return take_stopped() ? AccessEnd::stopped : AccessEnd::trapped; }
    bool watched(VirtualAddress at) const { return observer_ != nullptr && stops_.watches_page(page_of(at)); }
    /// What is watched of a page, in its virtual addresses: all of it lies within. Precondition:
    /// watched(part).
    WatchedPages::Range watched_range(const Part& part) const;
    /// Whether it has to be found out where the access goes before it is made.
    bool watched(VirtualAddress at, std::size_t size) const {
        return watched(at) || watched(VirtualAddress{at.value + (size - 1)}) ||
               (observer_ != nullptr && stops_.watches_physical());
    }
    bool watched(const Part& part) const {
        const PhysicalAddress page{part.at.value & ~std::uint64_t{kPageSize - 1}};
        return watched(part.virtual_at) || (observer_ != nullptr && stops_.watches_page(page));
    }
    bool touches(const Touch& touch, const StopPoint& point) const;
    Verdict reports(const Touch& touch);
    bool changes(const Touch& touch, const StopPoint& point) const;

    /// A walk sets bits in an entry of a page table. False, and nothing done, if the observer wants to stop
    /// before this step.
    bool update_entry(PhysicalAddress at, unsigned size, std::uint64_t value);
    /// Finds where the access goes, page by page: parts_ from here on. False, with the trap, if it cannot be
    /// made.
    bool locate(VirtualAddress at, std::size_t size, AccessKind kind, Updates updates);
    /// The same for an access that devices do not take.
    bool parts_in_ram(VirtualAddress at, std::size_t size, AccessKind kind, Updates updates);
    std::span<const Part> parts() const { return std::span(parts_).first(part_count_); }
    /// What the parts hold, as one number.
    std::uint64_t gather() const;
    /// Writes the bytes into the parts.
    void scatter(const Bytes& bytes);

    /// Whether the host has to answer before this access.
    bool must_ask_host(VirtualAddress at, std::size_t size, AccessKind kind);

    AccessEnd load_bytes(VirtualAddress at, std::size_t size, std::uint64_t& bits);
    AccessEnd store_bytes(VirtualAddress at, std::size_t size, std::uint64_t bits);
    const Page& put(PhysicalAddress at, std::span<const std::byte> bytes);
    /// What a store takes away when it hits entries that walks may have used.
    struct Lost {
        bool everything = false;
        std::optional<PhysicalAddress> page;  ///< what leads to this one page
    };
    Lost lost_by_storing() const;
    void drop(const Lost& lost);
    void drop_leading_to(PageIndex index);
    void watch_table(PageIndex index);
    void drop_writes_to(PageIndex index);
    /// Whether one answer of the protection holds for the whole page.
    bool is_uniform(PhysicalAddress at) const;
    void enter_for_reading(const Part& part);
    void enter_for_writing(const Part& part, const Page& page);

    Board& board_;
    Memory& memory_;
    CodeCache& code_;
    const StopPoints& stops_;
    AccessNotebook& notes_;
    Observer* observer_ = nullptr;

    std::vector<Banks<Data>> banks_;  ///< by hart
    PageSet tables_;                  ///< pages that walks have read since translations were last dropped
    std::uint64_t generation_ = 1;
    AccessStatistics statistics_;

    // The selected hart.
    Hart* hart_ = nullptr;
    Data* data_ = nullptr;
    AddressSpace data_space_, fetch_space_;

    std::array<Part, 2> parts_;
    std::size_t part_count_ = 0;
    Trap trap_;
    bool attention_ = false;
    bool stopped_ = false;

    /// What walks have written for the step at updates_of_, while stops are armed that are told of only
    /// after a walk.
    struct EntryUpdate {
        PhysicalAddress at;
        unsigned size = 0;
        std::uint64_t before = 0, after = 0;
    };
    std::vector<EntryUpdate> updates_;
    StepCount updates_of_;
};

}  // namespace backspin::emu
