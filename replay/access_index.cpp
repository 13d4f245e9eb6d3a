#include "replay/access_index.hpp"

#include <iterator>
#include <utility>

#include "snapshots/numbers.hpp"

namespace backspin::replay {
namespace {

using snapshots::put_number;

/// As snapshots::take_number, and faster. Precondition: put_number made it.
std::uint64_t known_number(std::span<const std::byte>& bytes) {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = std::to_integer<std::uint64_t>(bytes.front());
        bytes = bytes.subspan(1);
        number |= (byte & 0x7f) << shift;
        if (byte < 0x80) return number;
    }
}

bool is_list_of_pages(std::span<const std::byte> bytes) {
    constexpr std::uint64_t kPages = std::uint64_t{1} << (64 - kPageBits);
    std::uint64_t page = 0;
    for (bool first = true; !bytes.empty(); first = false) {
        const auto step = snapshots::take_number(bytes);
        if (!step || (*step == 0 && !first) || *step >= kPages - page) return false;
        page += *step;
    }
    return true;
}

void put_pages(std::vector<std::byte>& bytes, const std::vector<PageNumber>& pages) {
    std::uint64_t before = 0;
    for (const auto page : pages) put_number(bytes, page.value - std::exchange(before, page.value));
}

std::vector<PageNumber> take_pages(std::span<const std::byte> bytes) {
    std::vector<PageNumber> pages;
    for (std::uint64_t page = 0; !bytes.empty();) pages.push_back({page += known_number(bytes)});
    return pages;
}

/// A range that goes over the end of the address space goes on at its beginning, as the machine sees it; here
/// it counts as everything.
struct Pages {
    PageNumber first, last;
};
Pages pages_of(const StopPoint& stop) {
    const auto length = std::max<std::uint64_t>(stop.length, 1);
    const auto last = stop.address.value + (length - 1);
    if (last < stop.address.value) return {{0}, {~std::uint64_t{0}}};
    return {page_number(stop.address), page_number(VirtualAddress{last})};
}

}  // namespace

// ---- notes --------------------------------------------------------------------------------------

PackedNotes::PackedNotes(const AccessNotes& notes) : translated_(notes.translated) {
    const std::array lists{&notes.executed, &notes.read, &notes.written, &notes.changed,
                           &notes.changed_from_outside};
    for (std::size_t i = 0; i < kLists; ++i) {
        put_pages(bytes_, *lists[i]);
        ends_[i] = static_cast<std::uint32_t>(bytes_.size());
    }
    bytes_.shrink_to_fit();
}

std::span<const std::byte> PackedNotes::list(List which) const {
    const auto i = static_cast<std::size_t>(which);
    const auto begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(bytes_).subspan(begin, ends_[i] - begin);
}

AccessNotes PackedNotes::unpack() const {
    return {take_pages(list(List::executed)),
            take_pages(list(List::read)),
            take_pages(list(List::written)),
            take_pages(list(List::changed)),
            take_pages(list(List::changed_from_outside)),
            translated_};
}

// Whether addresses were translated, where each list but the last ends, and the lists.
std::vector<std::byte> PackedNotes::to_bytes() const {
    std::vector<std::byte> bytes;
    put_number(bytes, translated_ ? 1 : 0);
    for (std::size_t i = 0; i + 1 < kLists; ++i) put_number(bytes, ends_[i]);
    bytes.insert(bytes.end(), bytes_.begin(), bytes_.end());
    return bytes;
}

std::optional<PackedNotes> PackedNotes::from_bytes(std::span<const std::byte> bytes) {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    PackedNotes notes;
    const auto translated = snapshots::take_number(bytes);
    if (!translated || *translated > 1 || bytes.size() > kMost) return std::nullopt;
    notes.translated_ = *translated != 0;
    for (std::size_t i = 0; i + 1 < kLists; ++i) {
        const auto end = snapshots::take_number(bytes);
        if (!end || (i > 0 && *end < notes.ends_[i - 1]) || *end > kMost) return std::nullopt;
        notes.ends_[i] = static_cast<std::uint32_t>(*end);
    }
    notes.ends_[kLists - 1] = static_cast<std::uint32_t>(bytes.size());
    if (notes.ends_[kLists - 2] > bytes.size()) return std::nullopt;
    notes.bytes_.assign(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < kLists; ++i) {
        if (!is_list_of_pages(notes.list(static_cast<List>(i)))) return std::nullopt;
    }
    return notes;
}

bool PackedNotes::has(List which, PageNumber first, PageNumber last) const {
    auto bytes = list(which);
    for (std::uint64_t page = 0; !bytes.empty();) {
        page += known_number(bytes);
        if (page >= first.value) return page <= last.value;
    }
    return false;
}

bool PackedNotes::may_hit(const StopPoint& stop) const {
    const auto [first, last] = pages_of(stop);
    if (stop.kind == StopKind::trap) return true;  // traps are not noted
    if (stop.kind == StopKind::execute) return has(List::executed, first, last);
    if (stop.space == StopSpace::physical) {
        // Of loads only the virtual page is noted.
        return stop.kind != StopKind::write || has(List::changed, first, last);
    }
    if (has(List::written, first, last)) return true;  // an atomic reads, too
    if (stop.kind != StopKind::write && has(List::read, first, last)) return true;
    if (stop.kind == StopKind::read) return false;
    // What is written from outside goes to physical addresses, and any page table may lead there.
    if (translated_ && !list(List::changed_from_outside).empty()) return true;
    return has(List::changed_from_outside, first, last);
}

// ---- the index ----------------------------------------------------------------------------------

void AccessIndex::add(StepCount begin, StepCount end, const AccessNotes& notes) {
    if (begin >= end) return;
    const auto known = containing(begin);
    if (known && known->end >= end) return;

    auto merged = notes;
    auto next = stretches_.lower_bound(begin);
    const auto joins = [&](Stretches::iterator held) {
        return held->first <= end && held->second.end >= begin &&
               (is_same_epoch(held->first, begin) || held->second.end > begin);
    };
    if (next != stretches_.begin() && joins(std::prev(next))) --next;
    while (next != stretches_.end() && next->first <= end && joins(next)) {
        if (next->first == end && !is_same_epoch(end, begin)) break;
        merged.merge(next->second.notes.unpack());
        begin = std::min(begin, next->first);
        end = std::max(end, next->second.end);
        bytes_ -= cost(next->second);
        next = stretches_.erase(next);
    }
    const auto held = stretches_.emplace(begin, Held{end, PackedNotes(merged)}).first;
    bytes_ += cost(held->second);
    if (bytes_ > most_bytes_) merge_oldest();
}

void AccessIndex::add(StepCount begin, StepCount end, PackedNotes notes) {
    if (begin >= end) return;
    const auto next = stretches_.lower_bound(begin);
    const bool is_alone = (next == stretches_.end() || next->first >= end) &&
                          (next == stretches_.begin() || std::prev(next)->second.end <= begin);
    if (!is_alone) return add(begin, end, notes.unpack());
    const auto held = stretches_.emplace(begin, Held{end, std::move(notes)}).first;
    bytes_ += cost(held->second);
    if (bytes_ > most_bytes_) merge_oldest();
}

std::optional<AccessIndex::Stretch> AccessIndex::containing(StepCount step) const {
    auto after = stretches_.upper_bound(step);
    if (after == stretches_.begin()) return std::nullopt;
    --after;
    if (step >= after->second.end) return std::nullopt;
    return Stretch{after->first, after->second.end, &after->second.notes};
}

namespace {

bool may_hit(const PackedNotes& notes, std::span<const StopPoint> stops) {
    return std::ranges::any_of(stops, [&](const StopPoint& stop) { return notes.may_hit(stop); });
}

}  // namespace

StepCount AccessIndex::latest_candidate(StepCount floor, StepCount end,
                                        std::span<const StopPoint> stops) const {
    while (end > floor) {
        const auto known = containing({end.value - 1});
        if (!known || may_hit(*known->notes, stops)) return end;
        end = known->begin;
    }
    return floor;
}

StepCount AccessIndex::first_candidate(StepCount begin, StepCount ceiling,
                                       std::span<const StopPoint> stops) const {
    while (begin < ceiling) {
        const auto known = containing(begin);
        if (!known || may_hit(*known->notes, stops)) return begin;
        begin = known->end;
    }
    return ceiling;
}

/// Every two neighbours of the older half become one: what is long ago is known less precisely.
void AccessIndex::merge_oldest() {
    auto left = stretches_.size() / 2;
    for (auto held = stretches_.begin(); left > 1 && held != stretches_.end(); ++held, --left) {
        const auto next = std::next(held);
        if (next == stretches_.end()) break;
        if (next->first != held->second.end) continue;
        auto merged = held->second.notes.unpack();
        merged.merge(next->second.notes.unpack());
        bytes_ -= cost(held->second) + cost(next->second);
        held->second = {next->second.end, PackedNotes(merged)};
        bytes_ += cost(held->second);
        stretches_.erase(next);
        --left;
    }
}

}  // namespace backspin::replay
