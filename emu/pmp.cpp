#include "emu/pmp.hpp"

#include <algorithm>
#include <bit>

namespace backspin::emu {
namespace {

constexpr std::uint8_t kRead = 0x01, kWrite = 0x02, kExecute = 0x04, kLocked = 0x80;
constexpr std::uint8_t kReservedBits = 0x60;
constexpr std::uint64_t kAddressBits = (std::uint64_t{1} << 54) - 1;

enum class Matching : std::uint8_t { off, top_of_range, four_bytes, power_of_two };

Matching matching_of(std::uint8_t config) {
    return static_cast<Matching>(config >> 3 & 3);
}

bool permits(std::uint8_t config, AccessKind kind) {
    switch (kind) {
        case AccessKind::fetch: return (config & kExecute) != 0;
        case AccessKind::load: return (config & kRead) != 0;
        case AccessKind::store: return (config & kWrite) != 0;
    }
    return false;
}

}  // namespace

bool Pmp::is_locked(std::size_t entry) const {
    return (config_[entry] & kLocked) != 0;
}

void Pmp::write_config(std::size_t entry, std::uint8_t value) {
    const bool reserved = (value & kWrite) != 0 && (value & kRead) == 0;
    if (is_locked(entry) || reserved) return;
    config_[entry] = value & static_cast<std::uint8_t>(~kReservedBits);
    find_ranges();
}

void Pmp::write_address(std::size_t entry, std::uint64_t value) {
    const bool top_is_locked = entry + 1 < kEntries && is_locked(entry + 1) &&
                               matching_of(config_[entry + 1]) == Matching::top_of_range;
    if (is_locked(entry) || top_is_locked) return;
    address_[entry] = value & kAddressBits;
    find_ranges();
}

Pmp::Range Pmp::range_of(std::size_t entry) const {
    const auto address = address_[entry];
    switch (matching_of(config_[entry])) {
        case Matching::off: return {};
        case Matching::top_of_range: {
            const auto first = entry == 0 ? 0 : address_[entry - 1];
            return first < address ? Range{first, address} : Range{};
        }
        case Matching::four_bytes: return {address, address + 1};
        case Matching::power_of_two: {
            // n ones at the low end: 2^(n+1) words.
            const auto size = std::uint64_t{2} << std::countr_one(address);
            const auto first = address & ~(size - 1);
            return {first, first + size};
        }
    }
    return {};
}

void Pmp::find_ranges() {
    ++generation_;
    used_ = 0;
    window_ = {};
    for (std::size_t entry = 0; entry < kEntries; ++entry) {
        ranges_[entry] = range_of(entry);
        if (ranges_[entry].first != ranges_[entry].end) used_ = entry + 1;
    }
}

Pmp::Window Pmp::window_around(std::uint64_t word) const {
    Window window{{0, ~std::uint64_t{0}}, used_};
    auto& [first, end] = window.range;
    for (std::size_t entry = used_; entry-- > 0;) {
        const auto& range = ranges_[entry];
        if (range.first == range.end) continue;
        if (word < range.first) {
            end = std::min(end, range.first);
        } else if (word >= range.end) {
            first = std::max(first, range.end);
        } else {
            first = std::max(first, range.first);
            end = std::min(end, range.end);
            window.entry = entry;
        }
    }
    return window;
}

bool Pmp::decide(std::size_t entry, AccessKind kind, Privilege privilege) const {
    if (entry == used_) return privilege == Privilege::machine;
    return (privilege == Privilege::machine && !is_locked(entry)) || permits(config_[entry], kind);
}

bool Pmp::allows(PhysicalAddress at, std::uint64_t size, AccessKind kind, Privilege privilege) const {
    const auto first = at.value >> 2;
    const auto last = (at.value + (size - 1)) >> 2;
    const auto is_in_window = [&] { return first >= window_.range.first && last < window_.range.end; };
    if (!is_in_window()) window_ = window_around(first);
    if (is_in_window()) return decide(window_.entry, kind, privilege);
    for (std::size_t entry = 0; entry < used_; ++entry) {
        const auto& range = ranges_[entry];
        if (range.first == range.end || last < range.first || first >= range.end) continue;
        // The first entry that matches any byte decides; it must match all of them.
        if (first < range.first || last >= range.end) return false;
        return decide(entry, kind, privilege);
    }
    return decide(used_, kind, privilege);
}

bool Pmp::is_uniform(PhysicalAddress at, std::uint64_t size) const {
    const auto first = at.value >> 2;
    const auto end = (at.value + size) >> 2;
    if (first >= window_.range.first && end <= window_.range.end) return true;
    for (std::size_t entry = 0; entry < used_; ++entry) {
        const auto& range = ranges_[entry];
        if (range.first == range.end) continue;
        const bool starts_inside = range.first > first && range.first < end;
        const bool ends_inside = range.end > first && range.end < end;
        if (starts_inside || ends_inside) return false;
    }
    return true;
}

void Pmp::check() const {
    for (std::size_t entry = 0; entry < kEntries; ++entry) {
        const auto config = config_[entry];
        const bool reserved =
            (config & kReservedBits) != 0 || ((config & kWrite) != 0 && (config & kRead) == 0);
        if (reserved || (address_[entry] & ~kAddressBits) != 0)
            throw BadState("hart: a pmp entry that no write can have made");
    }
}

}  // namespace backspin::emu
