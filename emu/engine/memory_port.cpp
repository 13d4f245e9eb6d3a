#include "emu/engine/memory_port.hpp"

#include <algorithm>

namespace backspin::emu {

std::byte* MemoryPort::find_beside_code(VirtualAddress at, std::size_t size) const {
    const auto& entry = beside_code_[at.value >> kPageBits & (beside_code_.size() - 1)];
    if (entry.page != page_of(VirtualAddress{at.value + size - 1}).value) return nullptr;
    const auto first = at.value >> 6 & 63;
    const auto last = (at.value + size - 1) >> 6 & 63;
    if ((*entry.granules >> first & 1) != 0 || (*entry.granules >> last & 1) != 0) return nullptr;
    return reinterpret_cast<std::byte*>(at.value + entry.delta);
}

void MemoryPort::arm(Observer* observer) {
    const bool changes_what_is_entered =
        (observer != nullptr) != (observer_ != nullptr) && !stops_.watches().empty();
    observer_ = observer;
    if (changes_what_is_entered) forget_entries();
}

void MemoryPort::forget_write_entries() {
    writes_.clear();
    beside_code_.fill(BesideCode{});
}

void MemoryPort::forget_entries() {
    reads_.clear();
    forget_write_entries();
}

AccessEnd MemoryPort::raise(Cause cause, VirtualAddress at) {
    trap_ = Trap{cause, at.value};
    return AccessEnd::trapped;
}

AccessEnd MemoryPort::raise_missing(Cause cause, VirtualAddress at, bool writing) {
    return raise(cause, {memory_.first_missing(PhysicalAddress{at.value}, writing).value});
}

// ---- stop points --------------------------------------------------------------------------------

bool MemoryPort::changes(const Touch& touch, const StopPoint& point) const {
    const auto common = overlap(touch.at, touch.size, point.address, point.length);
    // What a device would do with the value is not known beforehand; it counts as a change.
    std::array<std::byte, 8> before{};
    if (!memory_.read(PhysicalAddress{common.start}, std::span(before).first(common.length))) return true;
    std::array<std::byte, 8> after{};
    std::memcpy(after.data(), &touch.new_bits, sizeof touch.new_bits);
    return std::memcmp(before.data(), after.data() + (common.start - touch.at.value), common.length) != 0;
}

Verdict MemoryPort::reports(const Touch& touch) {
    for (const auto& point : stops_.watches()) {
        const bool matches = point.kind == StopKind::access ||
                             (point.kind == StopKind::read && touch.reads) ||
                             (point.kind == StopKind::write && touch.writes);
        if (!matches || overlap(touch.at, touch.size, point.address, point.length).length == 0) continue;
        const Hit hit{point.kind, point.address, board_.steps, hart().id,
                      touch.writes && changes(touch, point)};
        if (observer_->on_hit(hit) == Verdict::stop) return Verdict::stop;
    }
    return Verdict::go_on;
}

// ---- access -------------------------------------------------------------------------------------

std::uint64_t MemoryPort::peek(VirtualAddress at, std::size_t size) const {
    std::array<std::byte, 8> bytes{};
    memory_.read(PhysicalAddress{at.value}, std::span(bytes).first(size));
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return bits;
}

AccessEnd MemoryPort::load_bytes(VirtualAddress at, std::size_t size, std::uint64_t& bits) {
    std::array<std::byte, 8> bytes{};
    if (!memory_.read(PhysicalAddress{at.value}, std::span(bytes).first(size)))
        return load_from_device(at, size, bits);
    if (watched(at, size) && reports(Touch{at, size, true, false, 0}) == Verdict::stop)
        return AccessEnd::stopped;
    std::memcpy(&bits, bytes.data(), sizeof bits);
    enter_for_reading(at);
    return AccessEnd::done;
}

AccessEnd MemoryPort::store_bytes(VirtualAddress at, std::size_t size, std::uint64_t bits) {
    if (!memory_.ram().contains(PhysicalAddress{at.value}, size)) return store_to_device(at, size, bits);
    if (watched(at, size) && reports(Touch{at, size, false, true, bits}) == Verdict::stop)
        return AccessEnd::stopped;
    put(PhysicalAddress{at.value}, size, bits);
    return AccessEnd::done;
}

AccessEnd MemoryPort::load_from_device(VirtualAddress at, std::size_t size, std::uint64_t& bits) {
    const auto access = static_cast<AccessSize>(size);
    const auto place = board_.device_at(PhysicalAddress{at.value}, access);
    if (place.device == nullptr || at.value % size != 0)
        return raise_missing(Cause::load_access_fault, at, false);
    if (watched(at) && reports(Touch{at, size, true, false, 0}) == Verdict::stop) return AccessEnd::stopped;
    attention_ = true;
    const auto value = place.device->read(place.offset, access, board_.device_context());
    if (!value) return raise(Cause::load_access_fault, at);
    bits = *value;
    return AccessEnd::done;
}

AccessEnd MemoryPort::store_to_device(VirtualAddress at, std::size_t size, std::uint64_t bits) {
    const auto access = static_cast<AccessSize>(size);
    const auto place = board_.device_at(PhysicalAddress{at.value}, access);
    if (place.device == nullptr || at.value % size != 0)
        return raise_missing(Cause::store_access_fault, at, true);
    if (watched(at) && reports(Touch{at, size, false, true, bits}) == Verdict::stop)
        return AccessEnd::stopped;
    attention_ = true;
    const auto mask = size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
    const bool taken = place.device->write(place.offset, access, bits & mask, board_.device_context());
    return taken ? AccessEnd::done : raise(Cause::store_access_fault, at);
}

void MemoryPort::put(PhysicalAddress at, std::size_t size, std::uint64_t bits) {
    std::array<std::byte, 8> bytes;
    std::memcpy(bytes.data(), &bits, sizeof bits);
    const auto in_first = std::min<std::size_t>(size, kPageSize - at.value % kPageSize);
    put_in_page(at, std::span(bytes).first(in_first));
    if (in_first < size)
        put_in_page({at.value + in_first}, std::span(bytes).subspan(in_first, size - in_first));
}

void MemoryPort::put_in_page(PhysicalAddress at, std::span<const std::byte> bytes) {
    const auto index = *memory_.page_of(at);
    const auto offset = at.value % kPageSize;
    if (code_.overlaps_code(index, offset, bytes.size())) {
        code_.drop(index);
        attention_ = true;
    }
    const auto* before = memory_.pages().find(index);
    auto& page = *memory_.pages().write_page(index);
    const VirtualAddress virtual_page = page_of(VirtualAddress{at.value});
    if (&page != before) reads_.drop(virtual_page);  // it led to the bytes before the copy
    std::memcpy(page.bytes().data() + offset, bytes.data(), bytes.size());
    enter_for_writing(virtual_page, index, page);
}

void MemoryPort::enter_for_reading(VirtualAddress at) {
    const auto page = page_of(at);
    if (watched(page)) return;
    if (const auto index = memory_.page_of(PhysicalAddress{page.value})) {
        reads_.fill(page, memory_.pages().read_page(*index));
    }
}

void MemoryPort::enter_for_writing(VirtualAddress virtual_page, PageIndex index, const Page& page) {
    if (watched(virtual_page)) return;
    const auto* host = page.bytes().data();
    if (!code_.holds_code(index)) {
        writes_.fill(virtual_page, host);
        return;
    }
    auto& entry = beside_code_[virtual_page.value >> kPageBits & (beside_code_.size() - 1)];
    entry = {virtual_page.value, reinterpret_cast<std::uint64_t>(host) - virtual_page.value,
             code_.granules(index)};
}

}  // namespace backspin::emu
