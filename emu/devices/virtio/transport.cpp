#include "emu/devices/virtio/transport.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "emu/memory_map.hpp"

namespace backspin::emu::virtio {
namespace {

void set_low(PhysicalAddress& at, std::uint32_t value) {
    at.value = (at.value & ~std::uint64_t{0xffff'ffff}) | value;
}
void set_high(PhysicalAddress& at, std::uint32_t value) {
    at.value = (at.value & 0xffff'ffff) | std::uint64_t{value} << 32;
}

}  // namespace

VirtioDevice* Transport::device() {
    return std::visit(
        [](auto& device) -> VirtioDevice* {
            if constexpr (std::is_same_v<std::decay_t<decltype(device)>, std::monostate>) {
                return nullptr;
            } else {
                return &device;
            }
        },
        device_);
}

std::uint64_t Transport::offered_features() const {
    return kFeatureVersion1 | kFeatureIndirectDescriptors | kFeatureEventIndex | device()->features();
}

Queue* Transport::selected() {
    return registers_.queue_sel < device()->queue_count() ? &registers_.queues[registers_.queue_sel]
                                                          : nullptr;
}

void Transport::reset() {
    if (auto* behind = device()) behind->reset();
    registers_ = {};
}

void Transport::check() const {
    const bool is_there = device() != nullptr;
    const auto queues = is_there ? device()->queue_count() : 0;
    if ((registers_.notified >> queues) != 0 ||
        (registers_.notified != 0) != registers_.notified_at.has_value())
        throw BadState("virtio: a notification of a queue that there is not");
    if (registers_.interrupt_status > (kUsedBuffer | kConfigurationChange))
        throw BadState("virtio: an interrupt that there is not");
    if (is_there && (registers_.driver_features & ~offered_features()) != 0)
        throw BadState("virtio: a feature that was not offered");
    for (const auto& queue : registers_.queues) {
        if (queue.ready && (!std::has_single_bit(queue.size) || !is_there))
            throw BadState("virtio: a queue of a size that is no power of two");
    }
}

// ---- reading ------------------------------------------------------------------------------------

std::uint64_t Transport::read_configuration(std::uint64_t offset, std::size_t size) const {
    std::uint64_t value = 0;
    device()->read_configuration(offset, std::as_writable_bytes(std::span(&value, 1)).first(size));
    return value;
}

std::uint32_t Transport::read_register(std::uint64_t offset) const {
    const auto* queue = selected();
    switch (offset) {
        case DeviceFeatures:
            if (registers_.device_features_sel > 1) return 0;
            return static_cast<std::uint32_t>(offered_features() >> (32 * registers_.device_features_sel));
        case QueueNumMax: return queue != nullptr ? Queue::kMaxSize : 0;
        case QueueReady: return queue != nullptr && queue->ready ? 1 : 0;
        case InterruptStatus: return registers_.interrupt_status;
        case Status: return registers_.status;
        case SHMLenLow:
        case SHMLenHigh:
        case SHMBaseLow:
        case SHMBaseHigh: return ~std::uint32_t{0};
        case ConfigGeneration: return registers_.config_generation;
        default: return 0;
    }
}

std::optional<std::uint64_t> Transport::peek(std::uint64_t offset, AccessSize size, VirtualTime) const {
    const auto bytes = static_cast<std::size_t>(size);
    if (device() != nullptr && offset >= Config) return read_configuration(offset - Config, bytes);
    if (size != AccessSize::word) return 0;
    switch (offset) {
        case MagicValue: return kMagic;
        case Version: return kVersion;
        case DeviceID: return device() != nullptr ? device()->device_id() : 0;
        case VendorID: return kVendor;
        default: return device() != nullptr ? read_register(offset) : 0;
    }
}

std::optional<std::uint64_t> Transport::read(std::uint64_t offset, AccessSize size,
                                             const DeviceContext& context) {
    return peek(offset, size, context.now);
}

// ---- writing ------------------------------------------------------------------------------------

bool Transport::write(std::uint64_t offset, AccessSize size, std::uint64_t value,
                      const DeviceContext& context) {
    if (device() == nullptr) return true;
    if (offset >= Config) {
        const auto bytes = std::as_bytes(std::span(&value, 1)).first(static_cast<std::size_t>(size));
        device()->write_configuration(offset - Config, bytes);
    } else if (size == AccessSize::word) {
        write_register(offset, static_cast<std::uint32_t>(value), context.now);
    }
    return true;
}

void Transport::write_register(std::uint64_t offset, std::uint32_t value, VirtualTime now) {
    switch (offset) {
        case DeviceFeaturesSel: registers_.device_features_sel = value; break;
        case DriverFeaturesSel: registers_.driver_features_sel = value; break;
        case DriverFeatures: write_driver_features(value); break;
        case QueueSel: registers_.queue_sel = value; break;
        case QueueNotify: notify(value, now); break;
        case InterruptACK: registers_.interrupt_status &= ~value; break;
        case Status: write_status(value); break;
        default: write_queue_register(offset, value); break;
    }
}

void Transport::write_driver_features(std::uint32_t value) {
    // After FEATURES_OK the driver must not change them (3.1.1).
    if (registers_.driver_features_sel > 1 || (registers_.status & kFeaturesOk) != 0) return;
    const auto shift = 32 * registers_.driver_features_sel;
    const auto others = registers_.driver_features & ~(std::uint64_t{0xffff'ffff} << shift);
    registers_.driver_features = (others | std::uint64_t{value} << shift) & offered_features();
}

void Transport::write_status(std::uint32_t value) {
    if (value == 0) return reset();
    // Bits are set one by one and only a reset clears them. Without the modern interface there is no device.
    if ((registers_.driver_features & kFeatureVersion1) == 0) value &= ~std::uint32_t{kFeaturesOk};
    constexpr std::uint32_t kDrivers = kAcknowledge | kDriver | kDriverOk | kFeaturesOk | kFailed;
    registers_.status |= value & kDrivers;
}

void Transport::write_queue_register(std::uint64_t offset, std::uint32_t value) {
    auto* queue = selected();
    if (queue == nullptr) return;
    if (offset == QueueReady) {
        queue->ready = (value & 1) != 0 && std::has_single_bit(queue->size);
        return;
    }
    // A queue in use keeps its place (4.2.2.2).
    if (queue->ready) return;
    switch (offset) {
        case QueueNum:
            if (value <= Queue::kMaxSize) queue->size = static_cast<std::uint16_t>(value);
            break;
        case QueueDescLow: set_low(queue->descriptors, value); break;
        case QueueDescHigh: set_high(queue->descriptors, value); break;
        case QueueDriverLow: set_low(queue->driver_area, value); break;
        case QueueDriverHigh: set_high(queue->driver_area, value); break;
        case QueueDeviceLow: set_low(queue->device_area, value); break;
        case QueueDeviceHigh: set_high(queue->device_area, value); break;
        default: break;
    }
}

void Transport::notify(std::uint32_t queue, VirtualTime now) {
    if (!is_running() || queue >= device()->queue_count() || !registers_.queues[queue].ready) return;
    registers_.notified |= 1u << queue;
    if (!registers_.notified_at) registers_.notified_at = now + device()->latency();
}

// ---- with memory in reach -----------------------------------------------------------------------

template <class Work>
void Transport::with_port(const DeviceContext& context, Dma& dma, Work work) {
    const auto queues = std::span(registers_.queues).first(device()->queue_count());
    Port port(dma, queues, registers_.driver_features, context, channel_);
    work(*device(), port);
    bool broken = port.failed();
    for (std::size_t i = 0; i < queues.size(); ++i) {
        if (port.popped(i)) queues[i].ask_for_notification(dma, port.ring());
        broken = broken || queues[i].broken();
    }
    if (port.wants_interrupt()) registers_.interrupt_status |= kUsedBuffer;
    if (port.has_configuration_changed()) {
        ++registers_.config_generation;
        registers_.interrupt_status |= kConfigurationChange;
    }
    if (broken && (registers_.status & kNeedsReset) == 0) {
        registers_.status |= kNeedsReset;
        registers_.interrupt_status |= kConfigurationChange;
    }
}

std::optional<VirtualTime> Transport::next_event() const {
    if (device() == nullptr || !is_running()) return std::nullopt;
    const auto own = device()->next_event();
    if (!registers_.notified_at) return own;
    return own ? std::min(*own, *registers_.notified_at) : *registers_.notified_at;
}

void Transport::dma_event(const DeviceContext& context, Dma& dma) {
    if (registers_.notified_at && *registers_.notified_at <= context.now) {
        // One queue a step, the lowest first; the others stay due.
        const auto queue = static_cast<std::size_t>(std::countr_zero(registers_.notified));
        registers_.notified &= registers_.notified - 1;
        if (registers_.notified == 0) registers_.notified_at.reset();
        with_port(context, dma, [&](VirtioDevice& behind, Port& port) { behind.notified(queue, port); });
        return;
    }
    with_port(context, dma, [](VirtioDevice& behind, Port& port) { behind.event(port); });
}

void Transport::dma_input(std::span<const std::byte> bytes, const DeviceContext& context, Dma& dma) {
    if (device() == nullptr || !is_running()) return;
    with_port(context, dma, [&](VirtioDevice& behind, Port& port) { behind.input(bytes, port); });
}

std::size_t Transport::room_for_dma_input(VirtualTime now, Dma& dma) const {
    if (device() == nullptr || !is_running()) return 0;
    auto queues = registers_.queues;  // a look that finds one broken changes nothing here
    Port port(dma, std::span(queues).first(device()->queue_count()), registers_.driver_features,
              {now, nullptr}, channel_);
    return device()->room_for_input(port);
}

}  // namespace backspin::emu::virtio
