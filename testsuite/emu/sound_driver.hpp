// A driver's view of a sound device, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

#include "emu/devices/virtio/sound.hpp"
#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu::testing {

using virtio::Sound;
using virtio::SoundFormat;
using virtio::SoundHeader;
using virtio::SoundOptions;
using virtio::SoundStream;

inline constexpr std::uint64_t kSecond = 1'000'000'000;
inline constexpr std::uint8_t kRate8000 = 1, kRate11025 = 2, kRate44100 = 6, kRate48000 = 7;

inline std::vector<std::byte> words(std::initializer_list<std::uint32_t> values) {
    std::vector<std::byte> bytes(4 * values.size());
    std::memcpy(bytes.data(), std::data(values), bytes.size());
    return bytes;
}

inline std::vector<std::byte> frames_counting(std::size_t bytes, std::uint32_t from = 1) {
    std::vector<std::byte> frames(bytes);
    for (auto& byte : frames) byte = static_cast<std::byte>(from++ * 7);
    return frames;
}

class SoundDriver : public VirtioDriver {
  public:
    SoundDriver() : VirtioDriver(SoundOptions{}) { start(); }

    /// The whole answer to a control request.
    std::vector<std::byte> request(std::span<const std::byte> bytes, std::uint32_t room = 4) {
        const auto answer = writable(room);
        add(Sound::kControl, {readable(bytes), answer});
        notify(Sound::kControl);
        std::vector<UsedEntry> done;
        while (done.empty() && event()) done = used(Sound::kControl);
        EXPECT_EQ(done.size(), 1u);
        return done.empty() ? std::vector<std::byte>{} : get(answer.at, done.front().written);
    }
    std::uint32_t code(std::span<const std::byte> bytes) {
        const auto answer = request(bytes);
        std::uint32_t value = 0;
        EXPECT_EQ(answer.size(), 4u);
        std::memcpy(&value, answer.data(), std::min<std::size_t>(answer.size(), 4));
        return value;
    }
    std::uint32_t command(Sound::Code what, std::uint32_t stream = Sound::kPlayback) {
        return code(words({what, stream}));
    }
    std::uint32_t set(std::uint32_t stream, std::uint8_t channels, std::uint8_t rate,
                      std::uint8_t format = Sound::kFormatS16) {
        const auto setting = static_cast<std::uint32_t>(channels | format << 8 | rate << 16);
        return code(words({Sound::kPcmSetParameters, stream, 8192, 4096, 0, setting}));
    }
    void prepare(std::uint32_t stream, std::uint8_t channels, std::uint8_t rate) {
        EXPECT_EQ(set(stream, channels, rate), Sound::kOk);
        EXPECT_EQ(command(Sound::kPcmPrepare, stream), Sound::kOk);
    }

    struct Message {
        std::uint16_t head = 0;
        std::uint64_t frames = 0;
        std::uint64_t status_at = 0;
    };
    Message add_playback(std::span<const std::byte> frames, std::uint32_t stream = Sound::kPlayback) {
        const auto data = readable(frames);
        const auto status = writable(8);
        return {add(Sound::kPlay, {readable(words({stream})), data, status}), data.at, status.at};
    }
    Message add_capture(std::uint32_t bytes, std::uint32_t stream = Sound::kRecord) {
        const auto data = writable(bytes);
        const auto status = writable(8);
        return {add(Sound::kCapture, {readable(words({stream})), data, status}), data.at, status.at};
    }
    std::uint32_t status(const Message& message) { return get<std::uint32_t>(message.status_at); }
};

}  // namespace backspin::emu::testing
