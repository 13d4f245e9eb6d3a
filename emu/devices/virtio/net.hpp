// Network card. Source: Virtual I/O Device (VIRTIO) 1.2, section 5.1 "Network Device".
//
// One pair of queues, whole Ethernet frames, nothing offloaded: the checksums and the cutting into segments
// are the driver's. A frame from outside waits there until the driver offers a buffer for the longest one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/state.hpp"
#include "emu/devices/virtio/device.hpp"

namespace backspin::emu::virtio {

using MacAddress = std::array<std::uint8_t, 6>;

struct NetOptions {
    MacAddress mac{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    bool operator==(const NetOptions&) const = default;
};

class Net final : public VirtioDevice {
  public:
    static constexpr std::uint32_t kDeviceId = 1;
    /// The queues.
    static constexpr std::size_t kReceive = 0;
    static constexpr std::size_t kTransmit = 1;

    static constexpr std::uint64_t kFeatureMac = std::uint64_t{1} << 5;
    static constexpr std::uint64_t kFeatureStatus = std::uint64_t{1} << 16;
    static constexpr std::uint16_t kLinkUp = 1;  ///< VIRTIO_NET_S_LINK_UP

    /// Before each frame in a buffer (5.1.6). Without offloads all of it is 0, but for num_buffers.
    static constexpr std::size_t kHeaderBytes = 12;
    /// A frame of 1500 bytes of content: a buffer has room for at least one such (5.1.6.3.1).
    static constexpr std::size_t kFrameBytes = 1514;
    /// The same with a VLAN tag: the longest that is carried at all.
    static constexpr std::size_t kMostFrameBytes = 1518;
    /// Frames that one event sends; what is left goes by further events, at the same time.
    static constexpr int kFramesPerEvent = 16;

    explicit Net(const NetOptions& options) : options_(options) {}

    std::uint32_t device_id() const override { return kDeviceId; }
    std::uint64_t features() const override { return kFeatureMac | kFeatureStatus; }
    std::size_t queue_count() const override { return 2; }
    void read_configuration(std::uint64_t offset, std::span<std::byte> out) const override;
    void reset() override { state_ = {}; }
    void notified(std::size_t queue, Port&) override;
    std::optional<VirtualTime> next_event() const override { return state_.more_at; }
    void event(Port&) override;
    std::size_t room_for_input(Port&) const override;
    void input(std::span<const std::byte> frame, Port&) override;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("more_at", state_.more_at) & make_nvp("sent", state_.sent) &
            make_nvp("sent_bytes", state_.sent_bytes) & make_nvp("received", state_.received) &
            make_nvp("received_bytes", state_.received_bytes) & make_nvp("dropped", state_.dropped);
    }

  private:
    void transmit(Port&);
    void send(Port&, const Chain& chain);

    NetOptions options_;
    struct State {
        std::optional<VirtualTime> more_at;  ///< frames are left to be sent at this time
        // Since the driver's start: digests tell a run with one frame more from one without.
        std::uint64_t sent = 0;
        std::uint64_t sent_bytes = 0;
        std::uint64_t received = 0;
        std::uint64_t received_bytes = 0;
        std::uint64_t dropped = 0;  ///< either way: too long, or without a buffer
    } state_;
};

}  // namespace backspin::emu::virtio
