// One PCM stream of a sound device: its commands and its clock. Source: Virtual I/O Device (VIRTIO) 1.2,
// section 5.14.6.6 "PCM Control Messages".
//
// The stream takes one message after the other, each as long as its frames last at the stream's rate. When a
// message ends is computed from the number of frames since the stream began to flow, so the pace does not
// drift however short the messages are and however late somebody looks. A stream that runs out of messages
// stands still; it flows on from the moment that the next one comes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/position.hpp"
#include "base/state.hpp"
#include "emu/devices/virtio/sound_format.hpp"

namespace backspin::emu::virtio {

class SoundStream {
  public:
    /// A message may hold so many bytes of frames.
    static constexpr std::uint32_t kMostBytes = SoundHeader::kMostBytes;

    // ---- commands: false, and nothing done, where the life cycle (5.14.6.6.1) has no such transition ------
    bool set_format(const SoundFormat& format);
    bool prepare();
    bool start(VirtualTime now);
    bool stop(VirtualTime now);
    bool release();

    // ---- messages -------------------------------------------------------------------------------
    const SoundFormat& format() const { return format_; }
    bool is_running() const { return state_ == State::running; }
    /// The driver may queue messages before it starts the stream, and leave them there while it is stopped.
    bool takes_messages() const { return state_ >= State::prepared; }
    /// Whether a message of so many bytes can be played or filled.
    bool fits(std::uint64_t bytes) const {
        return bytes > 0 && bytes <= kMostBytes && bytes % format_.frame_bytes() == 0;
    }

    /// A message has begun and has not ended.
    bool is_busy() const { return bytes_ != 0; }
    std::uint32_t bytes() const { return bytes_; }
    std::uint32_t filled() const { return filled_; }

    /// The next message; only when running and not busy. `follows`: right behind the one that ended just now.
    void begin(std::uint32_t bytes, VirtualTime now, bool follows);
    /// When the message ends; nothing while the stream stands still.
    std::optional<VirtualTime> deadline() const;
    /// The message's end has come.
    void end();
    /// More of the message has been filled from outside; at most what is missing.
    void fill(std::uint32_t bytes) { filled_ += bytes; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("state", state_) & make_nvp("rate", format_.rate) &
            make_nvp("channels", format_.channels) & make_nvp("bytes", bytes_) & make_nvp("filled", filled_) &
            make_nvp("began", began_) & make_nvp("end_frame", end_frame_);
        check();
    }

  private:
    enum class State : std::uint8_t { unset, set, prepared, running, stopped };

    VirtualTime time_of(std::uint64_t frame) const;
    /// Throws BadState for what no driver can have led to.
    void check() const;

    State state_ = State::unset;
    SoundFormat format_;
    std::uint32_t bytes_ = 0;   ///< of the message that has begun; 0: none has
    std::uint32_t filled_ = 0;  ///< bytes of it that came from outside
    VirtualTime began_;         ///< running: when frame 0 began
    /// Running: the frame at which the message ends. Stopped: how many frames of it are still to come.
    std::uint64_t end_frame_ = 0;
};

}  // namespace backspin::emu::virtio
