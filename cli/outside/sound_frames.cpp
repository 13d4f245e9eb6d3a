#include "cli/outside/sound_frames.hpp"

#include <cstring>
#include <utility>

namespace backspin::cli {

using emu::virtio::SoundHeader;

std::vector<std::byte> to_samples(std::span<const SoundFrame> frames, std::uint32_t channels) {
    std::vector<std::int16_t> samples;
    samples.reserve(frames.size() * channels);
    for (const auto& frame : frames) {
        if (channels == 1) {
            samples.push_back(static_cast<std::int16_t>((frame.left + frame.right) / 2));
        } else {
            samples.push_back(frame.left);
            samples.push_back(frame.right);
        }
    }
    const auto bytes = std::as_bytes(std::span(samples));
    return {bytes.begin(), bytes.end()};
}

std::vector<SoundFrame> frames_of(std::span<const std::byte> samples, std::uint32_t channels) {
    const std::size_t size = std::size_t{2} * channels;
    std::vector<SoundFrame> frames(samples.size() / size);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const auto* const at = samples.data() + i * size;
        std::memcpy(&frames[i].left, at, 2);
        std::memcpy(&frames[i].right, at + (channels == 1 ? 0 : 2), 2);
    }
    return frames;
}

void Resampler::push(SoundFrame frame, std::vector<SoundFrame>& out) {
    const auto between = [&](std::int16_t before, std::int16_t after) {
        return static_cast<std::int16_t>(after + (std::int64_t{after} - before) * next_ / to_);
    };
    for (; next_ <= 0; next_ += from_)
        out.push_back({between(previous_.left, frame.left), between(previous_.right, frame.right)});
    next_ -= to_;
    previous_ = frame;
}

void SoundPieces::take(std::span<const std::byte> bytes) {
    if (broken_) return;
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    while (take_piece()) {
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(std::exchange(done_, 0)));
}

bool SoundPieces::take_piece() {
    const auto rest = std::span<const std::byte>(waiting_).subspan(done_);
    if (broken_ || rest.size() < SoundHeader::kBytes) return false;
    const auto header = emu::virtio::sound_header_of(rest.first<SoundHeader::kBytes>());
    broken_ = !header.has_value();
    if (broken_ || rest.size() - SoundHeader::kBytes < header->bytes) return false;
    handler_(*header, rest.subspan(SoundHeader::kBytes, header->bytes));
    done_ += SoundHeader::kBytes + header->bytes;
    return true;
}

}  // namespace backspin::cli
