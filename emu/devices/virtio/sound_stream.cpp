#include "emu/devices/virtio/sound_stream.hpp"

#include <algorithm>

namespace backspin::emu::virtio {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

}  // namespace

// ---- commands -----------------------------------------------------------------------------------

bool SoundStream::set_format(const SoundFormat& format) {
    if (state_ > State::prepared) return false;
    format_ = format;
    state_ = State::set;
    return true;
}

bool SoundStream::prepare() {
    if (state_ != State::set && state_ != State::prepared) return false;
    state_ = State::prepared;
    return true;
}

bool SoundStream::start(VirtualTime now) {
    if (state_ != State::prepared && state_ != State::stopped) return false;
    state_ = State::running;
    if (is_busy()) began_ = now;  // the rest of a message that was cut by a stop
    return true;
}

bool SoundStream::stop(VirtualTime now) {
    if (state_ != State::running) return false;
    state_ = State::stopped;
    if (!is_busy()) return true;
    // Between the beginning and the deadline there is too little time for the product to overflow.
    const auto until = std::clamp(now, began_, std::max(began_, time_of(end_frame_)));
    const auto done = (until - began_).ns * format_.rate / kSecond;
    end_frame_ -= std::min(done, end_frame_);
    began_ = {};
    return true;
}

bool SoundStream::release() {
    if (state_ != State::prepared && state_ != State::stopped) return false;
    const auto format = format_;
    *this = {};
    state_ = State::set;
    format_ = format;
    return true;
}

// ---- messages -----------------------------------------------------------------------------------

void SoundStream::begin(std::uint32_t bytes, VirtualTime now, bool follows) {
    if (!follows) {
        began_ = now;
        end_frame_ = 0;
    }
    // A whole second is a whole number of frames: so the numbers stay small and nothing is rounded.
    began_ = began_ + VirtualTime{end_frame_ / format_.rate * kSecond};
    end_frame_ = end_frame_ % format_.rate + bytes / format_.frame_bytes();
    bytes_ = bytes;
    filled_ = 0;
}

VirtualTime SoundStream::time_of(std::uint64_t frame) const {
    return began_ + VirtualTime{(frame * kSecond + format_.rate - 1) / format_.rate};
}

std::optional<VirtualTime> SoundStream::deadline() const {
    if (!is_running() || !is_busy()) return std::nullopt;
    return time_of(end_frame_);
}

void SoundStream::end() {
    bytes_ = 0;
    filled_ = 0;
}

void SoundStream::check() const {
    if (state_ > State::stopped || !format_.is_possible())
        throw BadState("sound: a stream that cannot be set so");
    if (is_busy() && (state_ < State::running || !fits(bytes_)))
        throw BadState("sound: a message that cannot have begun");
    if (filled_ > bytes_) throw BadState("sound: more captured than there is room for");
    constexpr std::uint64_t kMostFrames = SoundFormat::kMostRate + kMostBytes / 2;
    constexpr VirtualTime kLatest{std::uint64_t{1} << 63};
    if (end_frame_ > kMostFrames || began_ >= kLatest)
        throw BadState("sound: a message whose end never comes");
}

}  // namespace backspin::emu::virtio
