// What is behind a virtio transport: one kind of device, with its own configuration space and the use of its
// queues. Source: Virtual I/O Device (VIRTIO) 1.2, chapters 2 "Basic Facilities" and 5 "Device Types".
//
// A device is a plain value that is saved whole. It sees its queues and memory only through the Port that is
// handed to it in a step of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/position.hpp"
#include "emu/device.hpp"
#include "emu/devices/virtio/queue.hpp"

namespace backspin::emu::virtio {

/// Feature bits that concern every device (chapter 6).
inline constexpr std::uint64_t kFeatureIndirectDescriptors = std::uint64_t{1} << 28;
inline constexpr std::uint64_t kFeatureEventIndex = std::uint64_t{1} << 29;
inline constexpr std::uint64_t kFeatureVersion1 = std::uint64_t{1} << 32;

/// A device's access to its queues during one step.
class Port {
  public:
    Port(Dma& memory, std::span<Queue> queues, std::uint64_t features, const DeviceContext& context,
         Channel channel)
        : dma(memory),
          now(context.now),
          output_(context.output),
          channel_(channel),
          features_(features),
          queues_(queues),
          ring_{(features & kFeatureIndirectDescriptors) != 0, (features & kFeatureEventIndex) != 0} {}

    Dma& dma;
    VirtualTime now;

    /// Hands out one packet, or any number of bytes where the device's output is a stream.
    void send(std::span<const std::byte> bytes) {
        if (output_ != nullptr) output_->output(channel_, bytes);
    }
    bool has_feature(std::uint64_t bit) const { return (features_ & bit) != 0; }
    bool has_chain(std::size_t queue) const { return queues_[queue].has_chain(dma); }
    /// How many chains the driver has made available; 0 if the queue is broken.
    std::size_t chains(std::size_t queue) const { return queues_[queue].chains(dma); }
    /// Nothing when there is none, or the queue is broken.
    std::optional<Chain> pop(std::size_t queue) {
        popped_ |= 1u << queue;
        return queues_[queue].pop(dma, ring_);
    }
    std::optional<Chain> peek(std::size_t queue) { return queues_[queue].peek(dma, ring_); }
    void push(std::size_t queue, const Chain& chain, std::uint32_t written) {
        if (queues_[queue].push(dma, chain, written, ring_)) wants_interrupt_ = true;
    }
    /// The configuration space has changed: the driver is told (2.5).
    void configuration_changed() { configuration_changed_ = true; }
    /// The device cannot go on with this driver (2.1.1, DEVICE_NEEDS_RESET).
    void fail() { failed_ = true; }

    // For the transport.
    bool wants_interrupt() const { return wants_interrupt_; }
    bool has_configuration_changed() const { return configuration_changed_; }
    bool failed() const { return failed_; }
    RingFeatures ring() const { return ring_; }
    bool popped(std::size_t queue) const { return (popped_ >> queue & 1) != 0; }

  private:
    OutputSink* output_;  ///< null: output is dropped (internal runs)
    Channel channel_;
    std::uint64_t features_;
    std::span<Queue> queues_;
    RingFeatures ring_;
    std::uint32_t popped_ = 0;
    bool wants_interrupt_ = false;
    bool configuration_changed_ = false;
    bool failed_ = false;
};

class VirtioDevice {
  public:
    virtual ~VirtioDevice() = default;

    virtual std::uint32_t device_id() const = 0;
    /// Beyond those that concern every device.
    virtual std::uint64_t features() const { return 0; }
    /// 1 to Transport::kMostQueues.
    virtual std::size_t queue_count() const = 0;
    /// How long after the driver's notification the device looks at its queues. Constant.
    virtual VirtualTime latency() const { return VirtualTime{10'000}; }

    /// The device's configuration space, little-endian; what lies behind its end reads as zeros.
    virtual void read_configuration(std::uint64_t /*offset*/, std::span<std::byte> out) const {
        for (auto& byte : out) byte = std::byte{};
    }
    virtual void write_configuration(std::uint64_t /*offset*/, std::span<const std::byte>) {}

    /// As at power-on: the driver has written 0 to the status, or the machine was reset.
    virtual void reset() = 0;

    /// The driver has notified the device of new chains in this queue, latency() ago. The device takes as
    /// many as it likes at once; to go on later it sets its own event.
    virtual void notified(std::size_t queue, Port&) = 0;

    /// A deadline of the device's own; asked after every call.
    virtual std::optional<VirtualTime> next_event() const { return std::nullopt; }
    virtual void event(Port&) {}

    /// Input from outside, and how many bytes of it the device would take now: for what comes in packets, the
    /// longest packet, or 0 while it would take none.
    virtual std::size_t room_for_input(Port&) const { return 0; }
    virtual void input(std::span<const std::byte>, Port&) {}
};

}  // namespace backspin::emu::virtio
