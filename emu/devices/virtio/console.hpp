// Console device with one port. Source: Virtual I/O Device (VIRTIO) 1.2, section 5.3.
//
// It offers no features of its own: neither a size of the screen nor further ports.
#pragma once

#include <cstdint>
#include <optional>

#include "base/state.hpp"
#include "emu/devices/virtio/device.hpp"

namespace backspin::emu::virtio {

struct ConsoleOptions {
    bool operator==(const ConsoleOptions&) const = default;
};

class Console final : public VirtioDevice {
  public:
    static constexpr std::uint32_t kDeviceId = 3;
    static constexpr std::size_t kReceive = 0, kTransmit = 1;  ///< the queues
    /// Bytes that one step gives out at most: what a driver sends beyond that follows in steps of their own,
    /// so that no ring, however strange, keeps the machine in one step.
    static constexpr std::size_t kMostOutput = 16384;
    /// Bytes that one input brings at most.
    static constexpr std::size_t kMostInput = 4096;

    std::uint32_t device_id() const override { return kDeviceId; }
    std::size_t queue_count() const override { return 2; }
    void reset() override { *this = {}; }
    void notified(std::size_t queue, Port&) override;
    std::optional<VirtualTime> next_event() const override { return sends_at_; }
    void event(Port& port) override { transmit(port); }
    /// What the next buffer of the driver holds.
    std::size_t room_for_input(Port&) const override;
    void input(std::span<const std::byte> bytes, Port&) override;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("sent", sent_) & make_nvp("sends_at", sends_at_);
        if (sent_ != 0 && !sends_at_) throw BadState("virtio console: half a message, and no more to come");
    }

  private:
    void transmit(Port&);

    std::uint64_t sent_ = 0;               ///< bytes of the oldest chain that are out already
    std::optional<VirtualTime> sends_at_;  ///< when the rest follows
};

}  // namespace backspin::emu::virtio
