// Frames of sound on the host: pairs of samples whatever the number of channels, brought from one rate to
// another, and read from what a sound device gives out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "emu/devices/virtio/sound_format.hpp"

namespace backspin::cli {

struct SoundFrame {
    std::int16_t left = 0;
    std::int16_t right = 0;
    bool operator==(const SoundFrame&) const = default;
};

/// Interleaved 16-bit samples, little-endian, of 1 or 2 channels. One channel is heard on both sides; both
/// sides are mixed into one.
std::vector<std::byte> to_samples(std::span<const SoundFrame> frames, std::uint32_t channels);
/// A part of a frame at the end is dropped.
std::vector<SoundFrame> frames_of(std::span<const std::byte> samples, std::uint32_t channels);

/// Linear interpolation in whole numbers: the same everywhere. Equal rates change nothing.
class Resampler {
  public:
    /// Rates from 1 to 1,000,000.
    Resampler(std::uint32_t from, std::uint32_t to) : from_(from), to_(to) {}

    /// Appends the frames that lie between the frame before and this one, and on this one.
    void push(SoundFrame frame, std::vector<SoundFrame>& out);

  private:
    std::int64_t from_;
    std::int64_t to_;
    std::int64_t next_ = 0;  ///< the next frame out, counted from the newest frame in, in 1/to of a frame
    SoundFrame previous_;
};

/// Reads the stream that a sound device gives out, however it was cut.
class SoundPieces {
  public:
    using Handler = std::function<void(const emu::virtio::SoundHeader&, std::span<const std::byte> frames)>;

    explicit SoundPieces(Handler handler) : handler_(std::move(handler)) {}

    void take(std::span<const std::byte> bytes);
    /// What came is no such stream; nothing is read any more.
    bool broken() const { return broken_; }

  private:
    bool take_piece();

    Handler handler_;
    std::vector<std::byte> waiting_;  ///< less than one piece, between calls
    std::size_t done_ = 0;            ///< of what waits
    bool broken_ = false;
};

}  // namespace backspin::cli
