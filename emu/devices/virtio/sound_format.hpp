// What a sound device gives out, for whoever writes it to a file: a stream of pieces, each a header of twelve
// bytes and then frames. Little-endian:
//
//     0  u32  bytes of frames that follow, at most kMostBytes
//     4  u32  frames per second
//     8  u8   kind: see Kind
//     9  u8   channels, 1 or 2
//    10  u16  0
//
// Frames are interleaved signed 16-bit samples. A piece says its own length, so it does not matter how the
// stream was cut on its way here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace backspin::emu::virtio {

struct SoundFormat {
    std::uint32_t rate = 48000;  ///< frames per second
    std::uint32_t channels = 2;  ///< 1 or 2

    static constexpr std::uint32_t kLeastRate = 8000;
    static constexpr std::uint32_t kMostRate = 48000;
    static constexpr std::uint32_t kMostChannels = 2;

    std::uint32_t frame_bytes() const { return 2 * channels; }
    bool is_possible() const {
        return rate >= kLeastRate && rate <= kMostRate && channels >= 1 && channels <= kMostChannels;
    }
    bool operator==(const SoundFormat&) const = default;
};

struct SoundHeader {
    enum class Kind : std::uint8_t {
        played,           ///< these frames were played
        capture_started,  ///< no frames follow; what is captured from here on is wanted in this format
    };
    static constexpr std::size_t kBytes = 12;
    static constexpr std::uint32_t kMostBytes = 64 * 1024;

    Kind kind = Kind::played;
    SoundFormat format;
    std::uint32_t bytes = 0;
    bool operator==(const SoundHeader&) const = default;
};

std::array<std::byte, SoundHeader::kBytes> to_bytes(const SoundHeader& header);

/// Nothing if no device gave this out: the bytes may come from a stranger's recording.
std::optional<SoundHeader> sound_header_of(std::span<const std::byte, SoundHeader::kBytes> bytes);

}  // namespace backspin::emu::virtio
