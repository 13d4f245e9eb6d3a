#include "emu/engine/memory_port.hpp"

#include <algorithm>

#include "emu/engine/watched_writes.hpp"
#include "emu/page_tables.hpp"

namespace backspin::emu {
namespace {

/// Kernel, its process with and without access to user pages, and a few processes more.
constexpr std::size_t kBanks = 8;

}  // namespace

/// The page tables as a walk of the engine sees them: what it reads is watched from then on.
class MemoryPort::Tables final : public PageTables {
  public:
    explicit Tables(MemoryPort& port) : port_(port) {}
    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override {
        const auto index = port_.memory_.page_of(at);
        if (!index) return std::nullopt;
        std::uint64_t entry = 0;  // never crosses a page
        std::memcpy(&entry, port_.memory_.pages().read_page(*index) + at.value % kPageSize, size);
        port_.watch_table(*index);
        return entry;
    }
    /// Sets bits that no translation depends on: what was entered needed them set, or does not need them.
    bool write(PhysicalAddress at, unsigned size, std::uint64_t value) override {
        return port_.memory_.is_writable(at) && port_.update_entry(at, size, value);
    }

  private:
    MemoryPort& port_;
};

MemoryPort::MemoryPort(Board& board, Memory& memory, CodeCache& code, const StopPoints& stops,
                       AccessNotebook& notes)
    : board_(board),
      memory_(memory),
      code_(code),
      stops_(stops),
      notes_(notes),
      tables_(memory.pages().page_count()) {
    for (std::size_t i = 0; i < board.harts.size(); ++i) banks_.emplace_back(kBanks);
}

void MemoryPort::select(Hart& hart) {
    hart_ = &hart;
    data_space_ = data_space(hart);
    fetch_space_ = fetch_space(hart);
    data_ = &banks_[hart.id.value].select(data_space_);
    notes_.selects(data_space_);
}

std::byte* MemoryPort::find_beside_code(VirtualAddress at, std::size_t size) const {
    const auto& entry = data_->beside_code[at.value >> kPageBits & (data_->beside_code.size() - 1)];
    if (entry.page != page_of(VirtualAddress{at.value + size - 1}).value) return nullptr;
    const auto first = at.value >> 6 & 63;
    const auto last = (at.value + size - 1) >> 6 & 63;
    if ((*entry.granules >> first & 1) != 0 || (*entry.granules >> last & 1) != 0) return nullptr;
    return reinterpret_cast<std::byte*>(at.value + entry.delta);
}

// ---- what is forgotten, and when ----------------------------------------------------------------

void MemoryPort::arm(Observer* observer) {
    const bool changes_what_is_entered =
        (observer != nullptr) != (observer_ != nullptr) && !stops_.watches().empty();
    observer_ = observer;
    updates_.clear();
    if (changes_what_is_entered) forget_entries();
}

void MemoryPort::forget_write_entries() {
    for (auto& banks : banks_) banks.for_each([](Data& data) { data.clear_writes(); });
}

void MemoryPort::forget_accesses() {
    for (auto& banks : banks_) banks.for_each([](Data& data) { data.clear(); });
}

void MemoryPort::forget_entries() {
    for (auto& banks : banks_) banks.for_each([](Data& data) { data.clear(); });
    tables_.clear();
    ++generation_;
}

/// Several harts, and several addresses, may lead there.
void MemoryPort::drop_leading_to(PageIndex index) {
    const auto* host = memory_.pages().read_page(index);
    for (auto& banks : banks_) banks.for_each([&](Data& data) { data.drop_reads_leading_to(host); });
    drop_writes_to(index);
    if (!code_.holds_code(index)) return;
    ++generation_;
    attention_ = true;
}

void MemoryPort::drop(const Lost& lost) {
    if (lost.everything) {
        forget_entries();
        attention_ = true;
    } else if (const auto index = lost.page ? memory_.page_of(*lost.page) : std::nullopt) {
        drop_leading_to(*index);
    }
}

void MemoryPort::Data::drop_writes_leading_to(const std::byte* host) {
    writes.drop_leading_to(host);
    watched_writes.drop_leading_to(host);
    const auto target = reinterpret_cast<std::uint64_t>(host);
    for (auto& entry : beside_code) {
        if (entry.page + entry.delta == target) entry = BesideCode{};
    }
}

void MemoryPort::drop_writes_to(PageIndex index) {
    const auto* host = memory_.pages().read_page(index);
    for (auto& banks : banks_) banks.for_each([&](Data& data) { data.drop_writes_leading_to(host); });
}

void MemoryPort::page_became_code(PhysicalAddress at) {
    drop_writes_to(*memory_.page_of(at));
}

void MemoryPort::watch_table(PageIndex index) {
    if (tables_.insert(index)) drop_writes_to(index);
}

/// Looks at the entries that the parts reach into, as they are before the store. What was invalid led
/// nowhere.
MemoryPort::Lost MemoryPort::lost_by_storing() const {
    const std::size_t size = hart_->xlen / 8;
    Lost lost;
    for (const auto& part : parts()) {
        const auto index = *memory_.page_of(part.at);
        if (!tables_.contains(index)) continue;
        const auto* page = memory_.pages().read_page(index);
        const auto offset = part.at.value % kPageSize;
        for (auto at = offset / size * size; at < offset + part.size; at += size) {
            if ((page[at] & std::byte{1}) == std::byte{0}) continue;
            std::uint64_t entry = 0;
            std::memcpy(&entry, page + at, size);
            const auto leads_to = only_page_of(entry, hart_->xlen);
            lost.everything = lost.everything || lost.page || !leads_to;
            lost.page = leads_to;
        }
    }
    return lost;
}

// ---- stop points --------------------------------------------------------------------------------

AccessEnd MemoryPort::raise(Cause cause, VirtualAddress at) {
    trap_ = Trap{cause, at.value};
    return AccessEnd::trapped;
}

/// Precondition: locate() found the access.
bool MemoryPort::touches(const Touch& touch, const StopPoint& point) const {
    if (point.space == StopSpace::as_used)
        return overlap(touch.at, touch.size, point.address, point.length).length != 0;
    return std::ranges::any_of(parts(), [&](const Part& part) {
        return overlap({part.at.value}, part.size, point.address, point.length).length != 0;
    });
}

/// Precondition: it touches.
bool MemoryPort::changes(const Touch& touch, const StopPoint& point) const {
    // What a device would do with the value is not known beforehand; it counts as a change.
    if (parts_[0].is_device) return true;
    std::size_t done = 0;
    for (const auto& part : parts()) {
        const auto replaced =
            std::span(touch.new_bytes).subspan(std::exchange(done, done + part.size), part.size);
        const auto at = point.space == StopSpace::as_used ? part.virtual_at : VirtualAddress{part.at.value};
        const auto common = overlap(at, part.size, point.address, point.length);
        if (common.length == 0) continue;
        const auto skipped = common.start - at.value;
        Bytes before{};
        const auto old = std::span(before).first(common.length);
        memory_.read(PhysicalAddress{part.at.value + skipped}, old);
        if (!std::ranges::equal(old, replaced.subspan(skipped, common.length))) return true;
    }
    return false;
}

WatchedPages::Range MemoryPort::watched_range(const Part& part) const {
    const auto page = page_of(part.virtual_at);
    const VirtualAddress physical_page{part.at.value & ~std::uint64_t{kPageSize - 1}};
    WatchedPages::Range range{.first = ~std::uint64_t{0}, .last = 0};
    for (const auto& point : stops_.watches()) {
        const auto seen_as = point.space == StopSpace::as_used ? page : physical_page;
        const auto common = overlap(seen_as, kPageSize, point.address, point.length);
        if (common.length == 0) continue;
        const auto first = page.value + (common.start - seen_as.value);
        range.first = std::min(range.first, first);
        range.last = std::max(range.last, first + common.length - 1);
    }
    return range;
}

/// Precondition: locate() found the access.
Verdict MemoryPort::reports(const Touch& touch) {
    for (const auto& point : stops_.watches()) {
        const bool matches = point.kind == StopKind::access ||
                             (point.kind == StopKind::read && touch.reads) ||
                             (point.kind == StopKind::write && touch.writes);
        if (!matches || !touches(touch, point)) continue;
        const Hit hit{point.kind, point.address, board_.steps, hart_->id,
                      touch.writes && changes(touch, point)};
        if (tell(hit) == Verdict::stop) return Verdict::stop;
    }
    return Verdict::go_on;
}

// Another walk of the same step may have set bits before this one, or before the access that is reported.
Verdict MemoryPort::tell(const Hit& hit) {
    if (updates_of_ != board_.steps) updates_.clear();
    for (auto update = updates_.rbegin(); update != updates_.rend(); ++update)
        put(update->at, std::as_bytes(std::span(&update->before, 1)).first(update->size));
    const auto verdict = observer_->on_hit(hit);
    if (verdict == Verdict::stop) updates_.clear();
    for (const auto& update : updates_)
        put(update.at, std::as_bytes(std::span(&update.after, 1)).first(update.size));
    return verdict;
}

bool MemoryPort::update_entry(PhysicalAddress at, unsigned size, std::uint64_t value) {
    const auto bytes = std::as_bytes(std::span(&value, 1)).first(size);
    notes_.changes_from_outside(at);
    if (observer_ == nullptr || (stops_.watches().empty() && !stops_.stops_at_traps())) {
        put(at, bytes);
        return true;
    }
    if (updates_of_ != board_.steps) updates_.clear();
    updates_of_ = board_.steps;
    EntryUpdate update{at, size, 0, value};
    memory_.read(at, std::as_writable_bytes(std::span(&update.before, 1)).first(size));
    const auto changes = [&](const MemoryPiece& piece) {
        const auto shift = 8 * (piece.at.value - at.value);
        const auto mask = piece.length == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * piece.length) - 1;
        return ((update.before ^ value) >> shift & mask) != 0;
    };
    const std::array<MemoryPiece, 1> piece{{{at, size}}};
    ConstPageTables tables(memory_);
    for (const auto& hit : hits_of({piece, changes, {}}, stops_, board_, tables, hart_->id)) {
        stopped_ = tell(hit) == Verdict::stop;
        if (stopped_) return false;
    }
    put(at, bytes);
    updates_.push_back(update);
    return true;
}

// ---- finding ------------------------------------------------------------------------------------

bool MemoryPort::locate(VirtualAddress at, std::size_t size, AccessKind kind, Updates updates) {
    Tables tables(*this);
    part_count_ = 0;
    for (std::size_t done = 0; done < size;) {
        const VirtualAddress here{(at.value + done) & hart_->xlen_mask()};
        const auto length = std::min(size - done, kPageSize - here.value % kPageSize);
        const auto found = translate(data_space_, *hart_, board_.isa(), here, kind, tables, updates);
        if (found.fault) {
            raise(*found.fault, here);
            return false;
        }
        const bool allowed = hart_->pmp.allows(found.at, length, kind, data_space_.privilege);
        const bool is_memory =
            kind == AccessKind::store ? memory_.is_writable(found.at) : memory_.page_of(found.at).has_value();
        const bool is_device = length == size && at.value % size == 0 && size <= sizeof(std::uint64_t) &&
                               board_.has_device(found.at, static_cast<AccessSize>(size));
        if (!allowed || (!is_memory && !is_device)) {
            raise(access_fault(kind), here);
            return false;
        }
        parts_[part_count_++] = {here, found.at, length, !is_memory};
        done += length;
    }
    return true;
}

bool MemoryPort::parts_in_ram(VirtualAddress at, std::size_t size, AccessKind kind, Updates updates) {
    if (!locate(at, size, kind, updates)) return false;
    if (memory_.is_writable(parts_[0].at)) return true;
    raise(access_fault(kind), at);
    return false;
}

std::optional<PhysicalAddress> MemoryPort::locate_code(VirtualAddress at) {
    Tables tables(*this);
    const auto found =
        translate(fetch_space_, *hart_, board_.isa(), at, AccessKind::fetch, tables, Updates::only_report);
    if (found.fault || found.needs_update || !memory_.page_of(found.at)) return std::nullopt;
    const bool allowed = hart_->pmp.allows(found.at, 2, AccessKind::fetch, fetch_space_.privilege);
    if (!allowed || !is_uniform(found.at)) return std::nullopt;
    return found.at;
}

std::optional<std::uint16_t> MemoryPort::fetch(VirtualAddress at) {
    Tables tables(*this);
    const auto found =
        translate(fetch_space_, *hart_, board_.isa(), at, AccessKind::fetch, tables, Updates::make);
    if (found.fault) {
        raise(*found.fault, at);
        return std::nullopt;
    }
    std::uint16_t bits = 0;
    const bool allowed = hart_->pmp.allows(found.at, sizeof bits, AccessKind::fetch, fetch_space_.privilege);
    if (!allowed || !memory_.read(found.at, std::as_writable_bytes(std::span(&bits, 1)))) {
        raise(Cause::instruction_access_fault, at);
        return std::nullopt;
    }
    return bits;
}

// ---- access -------------------------------------------------------------------------------------

std::uint64_t MemoryPort::gather() const {
    std::uint64_t bits = 0;
    auto bytes = std::as_writable_bytes(std::span(&bits, 1));
    for (const auto& part : parts()) {
        memory_.read(part.at, bytes.first(part.size));
        bytes = bytes.subspan(part.size);
    }
    return bits;
}

void MemoryPort::scatter(const Bytes& bytes) {
    const auto lost = lost_by_storing();
    std::size_t done = 0;
    for (const auto& part : parts()) {
        notes_.writes(part.virtual_at, part.at);
        enter_for_writing(part, put(part.at, std::span(bytes).subspan(done, part.size)));
        done += part.size;
    }
    drop(lost);  // last: what was found for this access may be among it
}

bool MemoryPort::must_ask_host(VirtualAddress at, std::size_t size, AccessKind kind) {
    if (!board_.options.rtc_is_hosts || !locate(at, size, kind, Updates::only_report)) return false;
    return parts_[0].is_device &&
           board_.needs_host(parts_[0].at, static_cast<AccessSize>(size), kind == AccessKind::store);
}

AccessEnd MemoryPort::load_bytes(VirtualAddress at, std::size_t size, std::uint64_t& bits) {
    ++statistics_.loads;
    if (must_ask_host(at, size, AccessKind::load)) return AccessEnd::asks_host;
    if (watched(at, size) && locate(at, size, AccessKind::load, Updates::only_report) &&
        reports(Touch{at, size, true, false, {}}) == Verdict::stop)
        return AccessEnd::stopped;
    if (!locate(at, size, AccessKind::load, Updates::make)) return not_made();
    if (parts_[0].is_device) {
        attention_ = true;
        ++statistics_.of_devices;
        const auto value = board_.read_device(parts_[0].at, static_cast<AccessSize>(size));
        if (!value) return raise(Cause::load_access_fault, at);
        bits = *value;
        return AccessEnd::done;
    }
    bits = gather();
    for (const auto& part : parts()) {
        notes_.reads(part.virtual_at);
        enter_for_reading(part);
    }
    return AccessEnd::done;
}

AccessEnd MemoryPort::store_bytes(VirtualAddress at, std::size_t size, std::uint64_t bits) {
    ++statistics_.stores;
    if (must_ask_host(at, size, AccessKind::store)) return AccessEnd::asks_host;
    if (watched(at, size) && locate(at, size, AccessKind::store, Updates::only_report) &&
        reports(Touch{at, size, false, true, bytes_of(bits)}) == Verdict::stop)
        return AccessEnd::stopped;
    if (!locate(at, size, AccessKind::store, Updates::make)) return not_made();
    if (parts_[0].is_device) {
        attention_ = true;
        ++statistics_.of_devices;
        const bool taken = board_.write_device(parts_[0].at, static_cast<AccessSize>(size), bits);
        return taken ? AccessEnd::done : raise(Cause::store_access_fault, at);
    }
    scatter(bytes_of(bits));
    return AccessEnd::done;
}

AccessEnd MemoryPort::cache_block(VirtualAddress at, CacheOperation operation) {
    const VirtualAddress block{at.value & ~std::uint64_t{kCacheBlock - 1}};
    const auto failed = [&] { return take_stopped() ? AccessEnd::stopped : raise(trap_.cause, at); };
    if (operation != CacheOperation::zero) {
        // Where it may be read, ROM included; no device takes an access of this size.
        if (locate(block, kCacheBlock, AccessKind::load, Updates::make)) return AccessEnd::done;
        if (stopped_) return failed();
        const bool permitted = parts_in_ram(block, kCacheBlock, AccessKind::store, Updates::make);
        return permitted ? AccessEnd::done : failed();
    }
    if (watched(block, kCacheBlock) &&
        parts_in_ram(block, kCacheBlock, AccessKind::store, Updates::only_report) &&
        reports(Touch{block, kCacheBlock, false, true, {}}) == Verdict::stop)
        return AccessEnd::stopped;
    if (!parts_in_ram(block, kCacheBlock, AccessKind::store, Updates::make)) return failed();
    scatter(Bytes{});
    return AccessEnd::done;
}

/// The one door through which the guest's memory changes. The bytes lie in one page of RAM.
const Page& MemoryPort::put(PhysicalAddress at, std::span<const std::byte> bytes) {
    const auto index = *memory_.page_of(at);
    const auto offset = at.value % kPageSize;
    if (code_.overlaps_code(index, offset, bytes.size())) {
        code_.drop(index);
        attention_ = true;
    }
    const auto* before = memory_.pages().read_page(index);
    auto& page = *memory_.pages().write_page(index);
    if (page.bytes().data() != before) {  // read entries lead to the bytes before the copy
        for (auto& banks : banks_) banks.for_each([&](Data& data) { data.drop_reads_leading_to(before); });
    }
    std::memcpy(page.bytes().data() + offset, bytes.data(), bytes.size());
    return page;
}

bool MemoryPort::is_uniform(PhysicalAddress at) const {
    return hart_->pmp.is_uniform(PhysicalAddress{at.value & ~std::uint64_t{kPageSize - 1}}, kPageSize);
}

void MemoryPort::enter_for_reading(const Part& part) {
    const auto page = page_of(part.virtual_at);
    if (!is_uniform(part.at)) return;
    const auto index = memory_.page_of(part.at);
    if (!index) return;
    const auto* host = memory_.pages().read_page(*index);
    if (watched(part)) {
        data_->watched_reads.fill(page, host, watched_range(part));
    } else {
        data_->reads.fill(page, host);
    }
}

void MemoryPort::enter_for_writing(const Part& part, const Page& page) {
    const auto virtual_page = page_of(part.virtual_at);
    const auto index = *memory_.page_of(part.at);
    if (!is_uniform(part.at) || tables_.contains(index)) return;
    const auto* host = page.bytes().data();
    const bool has_code = code_.holds_code(index);
    if (watched(part)) {
        // With code in it, too, all of its writes are looked at.
        if (!has_code) data_->watched_writes.fill(virtual_page, host, watched_range(part));
        return;
    }
    if (!has_code) {
        data_->writes.fill(virtual_page, host);
        return;
    }
    auto& entry = data_->beside_code[virtual_page.value >> kPageBits & (data_->beside_code.size() - 1)];
    entry = {virtual_page.value, reinterpret_cast<std::uint64_t>(host) - virtual_page.value,
             code_.granules(index)};
}

}  // namespace backspin::emu
