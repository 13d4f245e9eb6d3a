#include "emu/devices/virtio/queue.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace backspin::emu::virtio {
namespace {

constexpr std::uint16_t kNext = 1;      ///< VIRTQ_DESC_F_NEXT
constexpr std::uint16_t kWrite = 2;     ///< VIRTQ_DESC_F_WRITE
constexpr std::uint16_t kIndirect = 4;  ///< VIRTQ_DESC_F_INDIRECT
constexpr std::uint32_t kDescriptorSize = 16;
constexpr std::uint16_t kNoInterrupt = 1;  ///< VIRTQ_AVAIL_F_NO_INTERRUPT
/// An indirect table may be longer than the queue (2.7.5.3.1 only forbids more than the queue's size in one
/// chain; Linux keeps to that).
constexpr std::uint32_t kMostIndirect = Queue::kMaxSize;

/// The rings start with flags and index, 16 bits each (2.7.6, 2.7.8).
constexpr std::uint64_t kRingIndex = 2;
constexpr std::uint64_t kRingEntries = 4;

PhysicalAddress plus(PhysicalAddress at, std::uint64_t bytes) {
    return {at.value + bytes};
}

/// Calls `part(address, done, length)` for what lies within the buffers from `offset` on; false ends it.
template <class F>
std::optional<std::size_t> for_each_part(std::span<const Buffer> buffers, std::uint64_t offset,
                                         std::size_t wanted, F part) {
    std::size_t done = 0;
    for (const auto& buffer : buffers) {
        if (offset >= buffer.length) {
            offset -= buffer.length;
            continue;
        }
        const auto length = std::min<std::uint64_t>(buffer.length - offset, wanted - done);
        if (length == 0) break;
        if (!part(plus(buffer.at, offset), done, static_cast<std::size_t>(length))) return std::nullopt;
        done += static_cast<std::size_t>(length);
        offset = 0;
    }
    return done;
}

}  // namespace

std::uint64_t Chain::length(std::span<const Buffer> buffers) {
    std::uint64_t sum = 0;
    for (const auto& buffer : buffers) sum += buffer.length;
    return sum;
}

std::optional<std::size_t> gather(const Dma& dma, std::span<const Buffer> buffers, std::uint64_t offset,
                                  std::span<std::byte> out) {
    return for_each_part(buffers, offset, out.size(),
                         [&](PhysicalAddress at, std::size_t done, std::size_t length) {
                             return dma.read(at, out.subspan(done, length));
                         });
}

std::optional<std::size_t> scatter(Dma& dma, std::span<const Buffer> buffers, std::uint64_t offset,
                                   std::span<const std::byte> bytes) {
    return for_each_part(buffers, offset, bytes.size(),
                         [&](PhysicalAddress at, std::size_t done, std::size_t length) {
                             return dma.write(at, bytes.subspan(done, length));
                         });
}

// ---- rings --------------------------------------------------------------------------------------

std::optional<std::uint16_t> Queue::available_index(const Dma& dma) const {
    if (!ready || broken_) return std::nullopt;
    return dma.get<std::uint16_t>(plus(driver_area, kRingIndex));
}

bool Queue::has_chain(const Dma& dma) const {
    const auto index = available_index(dma);
    return index && *index != next_available_;
}

std::size_t Queue::chains(const Dma& dma) const {
    const auto index = available_index(dma);
    const auto count = index ? static_cast<std::uint16_t>(*index - next_available_) : std::uint16_t{0};
    return count <= size ? count : 0;
}

std::optional<Queue::Descriptor> Queue::read_descriptor(const Dma& dma, PhysicalAddress table,
                                                        std::uint16_t index) {
    std::array<std::byte, kDescriptorSize> raw{};
    if (!dma.read(plus(table, std::uint64_t{kDescriptorSize} * index), raw)) return std::nullopt;
    Descriptor descriptor;
    std::memcpy(&descriptor.at.value, raw.data(), 8);
    std::memcpy(&descriptor.length, raw.data() + 8, 4);
    std::memcpy(&descriptor.flags, raw.data() + 12, 2);
    std::memcpy(&descriptor.next, raw.data() + 14, 2);
    return descriptor;
}

bool Queue::follow(const Dma& dma, RingFeatures features, Chain& chain) const {
    auto table = descriptors;
    std::uint32_t table_size = size;
    std::uint16_t index = chain.head;
    bool inside_indirect = false;
    // The longest chain, and the descriptor of its table: a loop of descriptors ends here.
    for (std::uint32_t seen = 0; seen <= Queue::kMaxSize; ++seen) {
        if (index >= table_size) return false;
        const auto descriptor = read_descriptor(dma, table, index);
        if (!descriptor) return false;
        if ((descriptor->flags & kIndirect) != 0) {
            const auto entries = descriptor->length / kDescriptorSize;
            const bool allowed = features.indirect && !inside_indirect && (descriptor->flags & kNext) == 0 &&
                                 descriptor->length % kDescriptorSize == 0 && entries >= 1 &&
                                 entries <= kMostIndirect;
            if (!allowed) return false;
            inside_indirect = true;
            table = descriptor->at;
            table_size = entries;
            index = 0;
            continue;
        }
        const bool writable = (descriptor->flags & kWrite) != 0;
        if (!writable && !chain.writable.empty()) return false;
        (writable ? chain.writable : chain.readable).push_back({descriptor->at, descriptor->length});
        if ((descriptor->flags & kNext) == 0) return true;
        index = descriptor->next;
    }
    return false;
}

std::optional<Chain> Queue::peek(const Dma& dma, RingFeatures features) {
    const auto available = available_index(dma);
    if (!ready || broken_) return std::nullopt;
    if (!available || static_cast<std::uint16_t>(*available - next_available_) > size) {
        broken_ = true;
        return std::nullopt;
    }
    if (*available == next_available_) return std::nullopt;
    const auto entry = plus(driver_area, kRingEntries + std::uint64_t{2} * (next_available_ % size));
    Chain chain;
    const auto head = dma.get<std::uint16_t>(entry);
    if (head) chain.head = *head;
    if (!head || !follow(dma, features, chain)) {
        broken_ = true;
        return std::nullopt;
    }
    return chain;
}

std::optional<Chain> Queue::pop(const Dma& dma, RingFeatures features) {
    auto chain = peek(dma, features);
    if (chain) ++next_available_;
    return chain;
}

bool Queue::push(Dma& dma, const Chain& chain, std::uint32_t written, RingFeatures features) {
    const auto entry = plus(device_area, kRingEntries + std::uint64_t{8} * (next_used_ % size));
    const auto old_index = next_used_;
    const auto new_index = static_cast<std::uint16_t>(old_index + 1);
    if (!dma.put(entry, std::uint32_t{chain.head}) || !dma.put(plus(entry, 4), written) ||
        !dma.put(plus(device_area, kRingIndex), new_index)) {
        broken_ = true;
        return false;
    }
    next_used_ = new_index;
    if (features.event_idx) {
        // Behind the available ring's entries stands used_event (2.7.10).
        const auto event = dma.get<std::uint16_t>(plus(driver_area, kRingEntries + 2 * std::uint64_t{size}));
        return event && *event == old_index;
    }
    const auto flags = dma.get<std::uint16_t>(driver_area);
    return flags && (*flags & kNoInterrupt) == 0;
}

void Queue::ask_for_notification(Dma& dma, RingFeatures features) const {
    if (!features.event_idx || !ready || broken_) return;
    // Behind the used ring's entries stands avail_event (2.7.8).
    dma.put(plus(device_area, kRingEntries + 8 * std::uint64_t{size}), next_available_);
}

}  // namespace backspin::emu::virtio
