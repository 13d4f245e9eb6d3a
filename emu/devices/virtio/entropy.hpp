// Entropy device. Source: Virtual I/O Device (VIRTIO) 1.2, section 5.4.
//
// With a seed its bytes are a function of the seed and of how many were handed out before, and nothing comes
// from outside. Without one it waits for the host's: a request is held until an input answers it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/state.hpp"
#include "emu/devices/virtio/device.hpp"

namespace backspin::emu::virtio {

struct EntropyOptions {
    std::optional<std::uint64_t> seed;  ///< nothing: the host's entropy, as input
    bool operator==(const EntropyOptions&) const = default;
};

class Entropy final : public VirtioDevice {
  public:
    static constexpr std::uint32_t kDeviceId = 4;
    static constexpr std::size_t kRequests = 0;  ///< the queue
    /// Bytes that one request is answered with at most; drivers ask again (5.4.6.1).
    static constexpr std::size_t kMostBytes = 4096;

    explicit Entropy(const EntropyOptions& options) : options_(options) {}

    std::uint32_t device_id() const override { return kDeviceId; }
    std::size_t queue_count() const override { return 1; }
    void reset() override { wanted_ = 0; }
    void notified(std::size_t queue, Port&) override;
    std::size_t room_for_input(Port&) const override { return wanted_; }
    void input(std::span<const std::byte> bytes, Port&) override;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("handed_out", handed_out_) & make_nvp("wanted", wanted_);
        if (wanted_ > kMostBytes || (options_.seed && wanted_ != 0))
            throw BadState("entropy: more wanted than a request can want");
    }

  private:
    void answer(Port&, std::span<const std::byte> bytes);
    void look_at_requests(Port&);

    EntropyOptions options_;
    std::uint64_t handed_out_ = 0;  ///< bytes from the seed
    std::uint32_t wanted_ = 0;      ///< bytes that the oldest request waits for
};

}  // namespace backspin::emu::virtio
