#include "cli/outside/wav_sound.hpp"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {

using emu::virtio::SoundFormat;
using emu::virtio::SoundHeader;

// ---- playing ------------------------------------------------------------------------------------

WavPlayback::WavPlayback(std::ostream& out)
    : out_(out), pieces_([this](const auto& header, auto frames) { play(header, frames); }) {}

void WavPlayback::play(const SoundHeader& header, std::span<const std::byte> frames) {
    if (header.kind != SoundHeader::Kind::played) return;
    if (!writer_) {
        file_ = header.format;
        writer_.emplace(out_, file_);
    }
    if (header.format == file_) {
        resampler_.reset();
        return writer_->write(frames);
    }
    if (!resampler_ || heard_ != header.format) {
        heard_ = header.format;
        resampler_.emplace(heard_.rate, file_.rate);
    }
    std::vector<SoundFrame> converted;
    for (const auto& frame : frames_of(frames, heard_.channels)) resampler_->push(frame, converted);
    writer_->write(to_samples(converted, file_.channels));
}

void WavPlayback::finish() {
    if (!writer_) writer_.emplace(out_, file_);
    writer_->finish();
}

bool write_wav(std::ostream& out, std::span<const std::byte> device_output) {
    WavPlayback playback(out);
    playback.take(device_output);
    playback.finish();
    return !playback.broken();
}

// ---- both ---------------------------------------------------------------------------------------

namespace {

/// Must not exist yet, unless `force`.
void create(const std::string& path, bool force) {
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
    const int descriptor = ::open(path.c_str(), flags, 0666);
    if (descriptor >= 0) {
        ::close(descriptor);
        return;
    }
    if (errno == EEXIST)
        throw StartError(
            fmt::format("{}: exists already; name another file, or add --force to replace it", path));
    throw StartError(fmt::format("{}: cannot be written: {}", path, std::generic_category().message(errno)));
}

class Recording {
  public:
    Recording(const std::string& path, bool force) : path_(path) {
        create(path, force);
        file_.open(path, std::ios::in | std::ios::out | std::ios::binary);
    }
    ~Recording() { finish(); }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    void take(std::span<const std::byte> device_output) {
        playback_.take(device_output);
        complain_once();
    }
    void finish() {
        playback_.finish();
        complain_once();
    }

  private:
    void complain_once() {
        if (file_ || complained_) return;
        complained_ = true;
        fmt::print(stderr, "backspin: {}: sound is lost from here on: the file cannot be written\n", path_);
    }

    std::string path_;
    std::fstream file_;
    WavPlayback playback_{file_};
    bool complained_ = false;
};

/// What is captured, in the format that the guest wants.
class Source {
  public:
    explicit Source(const std::string& path) {
        // Asked first: to open a pipe would wait for its writer.
        std::error_code ignored;
        if (std::filesystem::is_regular_file(path, ignored)) file_.open(path, std::ios::binary);
        if (!file_.is_open())
            throw StartError(fmt::format("{}: there is no such file to capture sound from", path));
        try {
            reader_.emplace(file_);
        } catch (const BadWav& error) {
            throw StartError(fmt::format("{}: no WAV file to capture from: {}", path, error.what()));
        }
    }

    void start(const SoundFormat& wanted) {
        if (resampler_ && wanted == wanted_) return;
        wanted_ = wanted;
        resampler_.emplace(reader_->rate(), wanted.rate);
        waiting_.clear();
    }
    /// Has samples, and knows in which format they are wanted.
    bool has_more() const { return resampler_ && !(at_end_ && waiting_.empty()); }
    std::vector<std::byte> next(std::size_t room) {
        if (!has_more()) return {};
        const auto wanted = room / wanted_.frame_bytes();
        while (waiting_.size() < wanted && !at_end_) {
            constexpr std::size_t kAtOnce = 256;
            const auto frames = reader_->next(kAtOnce);
            for (const auto& frame : frames) resampler_->push(frame, waiting_);
            at_end_ = frames.empty();
        }
        const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, waiting_.size()));
        const auto bytes = to_samples({waiting_.begin(), end}, wanted_.channels);
        waiting_.erase(waiting_.begin(), end);
        return bytes;
    }

  private:
    std::ifstream file_;
    std::optional<WavReader> reader_;
    SoundFormat wanted_;
    std::optional<Resampler> resampler_;
    std::vector<SoundFrame> waiting_;
    bool at_end_ = false;
};

class WavSoundOutside final : public Outside {
  public:
    WavSoundOutside(const WavSound& choice, bool force)
        : capture_([this](const SoundHeader& header, auto) { begin_capture(header); }) {
        if (!choice.in.empty()) source_.emplace(choice.in);
        if (!choice.out.empty()) recording_.emplace(choice.out, force);
    }

    std::vector<std::byte> next(std::size_t room) override {
        return source_ ? source_->next(room) : std::vector<std::byte>{};
    }
    void output(std::span<const std::byte> bytes) override {
        if (source_) capture_.take(bytes);
        if (recording_) recording_->take(bytes);
    }
    bool answers_at_once() const override { return source_ && source_->has_more(); }
    void flush() override {
        if (recording_) recording_->finish();
    }

  private:
    void begin_capture(const SoundHeader& header) {
        if (header.kind == SoundHeader::Kind::capture_started) source_->start(header.format);
    }

    SoundPieces capture_;
    std::optional<Source> source_;
    std::optional<Recording> recording_;
};

}  // namespace

std::unique_ptr<Outside> open_wav_sound(const WavSound& choice, bool force) {
    return std::make_unique<WavSoundOutside>(choice, force);
}

}  // namespace backspin::cli
