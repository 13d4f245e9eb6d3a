// Sound device: one jack, one stream to play, one to capture, and a channel map for each. Source: Virtual I/O
// Device (VIRTIO) 1.2, section 5.14.
//
// Messages are played and filled on the virtual clock, at the stream's rate. What is played is given out as
// sound_format.hpp says. What is captured comes as input, at once when a message begins: what has not come by
// the message's end is silence. Only the virtual time decides.
//
// Chains stay in the ring until their message ends, so the device holds nothing of them; what a driver does
// to a chain that it has made available is its own affair.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/state.hpp"
#include "emu/devices/virtio/device.hpp"
#include "emu/devices/virtio/sound_stream.hpp"

namespace backspin::emu::virtio {

struct SoundOptions {
    bool operator==(const SoundOptions&) const = default;
};

class Sound final : public VirtioDevice {
  public:
    static constexpr std::uint32_t kDeviceId = 25;
    enum QueueIndex : std::size_t { kControl, kEvents, kPlay, kCapture };  ///< 5.14.2
    enum StreamId : std::uint32_t { kPlayback, kRecord };

    /// Codes of requests and answers (5.14.6).
    enum Code : std::uint32_t {
        kJackInfo = 1,
        kPcmInfo = 0x100,
        kPcmSetParameters,
        kPcmPrepare,
        kPcmRelease,
        kPcmStart,
        kPcmStop,
        kChannelMapInfo = 0x200,
        kOk = 0x8000,
        kBadMessage,
        kNotSupported,
        kIoError,
    };
    static constexpr std::uint8_t kFormatS16 = 5;  ///< VIRTIO_SND_PCM_FMT_S16

    explicit Sound(const SoundOptions&) {}

    std::uint32_t device_id() const override { return kDeviceId; }
    std::size_t queue_count() const override { return 4; }
    void read_configuration(std::uint64_t offset, std::span<std::byte> out) const override;
    void reset() override { streams_ = {}; }
    void notified(std::size_t queue, Port&) override;
    std::optional<VirtualTime> next_event() const override;
    void event(Port&) override;
    std::size_t room_for_input(Port&) const override;
    void input(std::span<const std::byte> bytes, Port&) override;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("playback", streams_[kPlayback]) & make_nvp("capture", streams_[kRecord]);
    }

  private:
    // ---- control --------------------------------------------------------------------------------
    void look_at_requests(Port&);
    /// What is written back: the code, and more for some requests.
    std::vector<std::byte> answer(std::span<const std::byte> request, std::uint64_t room, Port&);
    Code command(Code code, std::uint32_t stream, std::span<const std::byte> request, Port&);
    Code set_parameters(SoundStream& stream, std::span<const std::byte> request);

    // ---- messages -------------------------------------------------------------------------------
    static std::size_t queue_of(std::uint32_t stream) { return stream == kPlayback ? kPlay : kCapture; }
    /// The bytes of frames in a message for this stream; nothing if it is malformed.
    std::optional<std::uint32_t> payload(std::uint32_t stream, const Chain& chain, Port&) const;
    /// Takes the next message, if the stream is ready for one.
    void begin_next(std::uint32_t stream, Port&, bool follows);
    void finish(std::uint32_t stream, Port&);
    bool play(const Chain& chain, std::uint32_t bytes, Port&);
    static bool fill_with_silence(const Chain& chain, std::uint32_t from, std::uint32_t to, Port&);
    /// Gives the oldest message back undone.
    void refuse(std::uint32_t stream, Port&);
    void refuse_all(std::uint32_t stream, Port&);
    static void give_back(std::uint32_t stream, const Chain& chain, Code code, std::uint32_t captured, Port&);

    std::array<SoundStream, 2> streams_;
};

}  // namespace backspin::emu::virtio
