// A sound device's outside: what it plays goes to a WAV file, what it captures comes from one.
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>

#include "base/machine.hpp"
#include "cli/options/outside_choice.hpp"
#include "cli/outside/outside.hpp"
#include "cli/outside/sound_frames.hpp"
#include "cli/outside/wav.hpp"

namespace backspin::cli {

/// Makes a WAV file of what a sound device gives out. The file has the format in which the guest plays first;
/// what it plays in another one later is converted.
class WavPlayback {
  public:
    /// A stream that can be sought in, and outlives this. Errors are the stream's.
    explicit WavPlayback(std::ostream& out);

    void take(std::span<const std::byte> device_output) { pieces_.take(device_output); }
    /// Fixes the sizes; a file in which nothing was played is an empty WAV file.
    void finish();
    /// What came was no sound device's output.
    bool broken() const { return pieces_.broken(); }

  private:
    void play(const emu::virtio::SoundHeader& header, std::span<const std::byte> frames);

    std::ostream& out_;
    SoundPieces pieces_;
    emu::virtio::SoundFormat file_;
    std::optional<WavWriter> writer_;  ///< from the first frames on
    emu::virtio::SoundFormat heard_;   ///< what the resampler takes
    std::optional<Resampler> resampler_;
};

/// A replay's output as a WAV file: set as the machine's sink, it takes the sound device's channel.
class WavExport final : public OutputSink {
  public:
    WavExport(std::ostream& out, Channel sound) : playback_(out), sound_(sound) {}
    void output(Channel channel, std::span<const std::byte> bytes) override {
        if (channel == sound_) playback_.take(bytes);
    }
    /// Once, at the end.
    void finish() { playback_.finish(); }

  private:
    WavPlayback playback_;
    Channel sound_;
};

/// The same for output that was kept; false if it is no sound device's.
bool write_wav(std::ostream& out, std::span<const std::byte> device_output);

/// Throws StartError. `force`: an existing file is replaced.
std::unique_ptr<Outside> open_wav_sound(const WavSound& choice, bool force);

}  // namespace backspin::cli
