// WAV files: RIFF with a "fmt " chunk and a "data" chunk of PCM samples. Source: Microsoft and IBM,
// "Multimedia Programming Interface and Data Specifications 1.0", chapter 3, and the format's later
// WAVEFORMATEXTENSIBLE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/outside/sound_frames.hpp"
#include "emu/devices/virtio/sound_format.hpp"

namespace backspin::cli {

/// Says what is wrong with a file's bytes.
class BadWav : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Reads frames one after the other. The file may come from a stranger: nothing is believed of it, and no
/// more than a little of it is in memory.
class WavReader {
  public:
    static constexpr std::uint32_t kLeastRate = 1000;
    static constexpr std::uint32_t kMostRate = 384'000;
    static constexpr std::uint32_t kMostChannels = 32;

    /// PCM of 8, 16, 24 or 32 bits; of more than two channels the first two. The stream must outlive this.
    /// Throws BadWav.
    explicit WavReader(std::istream& in);

    std::uint32_t rate() const { return rate_; }
    /// At most so many of the next frames; none at the end of the file.
    std::vector<SoundFrame> next(std::size_t most);

  private:
    void read_format(std::uint32_t size);
    SoundFrame frame_at(const std::byte* at) const;

    std::istream& in_;
    std::uint32_t rate_ = 0;
    std::uint32_t channels_ = 0;
    std::uint32_t sample_bytes_ = 0;
    std::uint64_t left_ = 0;  ///< bytes of the data chunk
};

/// Writes 16-bit samples. The sizes in the header are brought up to date about every second of sound, so that
/// a file whose writer was killed holds all but the last of it.
class WavWriter {
  public:
    /// The stream must be one that can be sought in, and outlive this. Errors are the stream's.
    WavWriter(std::ostream& out, const emu::virtio::SoundFormat& format);

    /// What does not fit into the format's 4 GiB is dropped.
    void write(std::span<const std::byte> samples);
    void finish() { write_header(); }

  private:
    void write_header();

    std::ostream& out_;
    emu::virtio::SoundFormat format_;
    std::uint64_t bytes_ = 0;        ///< written
    std::uint64_t header_says_ = 0;  ///< of them
};

}  // namespace backspin::cli
