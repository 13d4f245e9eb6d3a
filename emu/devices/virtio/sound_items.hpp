// What a sound device tells of its jacks, streams and channel maps. Source: Virtual I/O Device (VIRTIO) 1.2,
// sections 5.14.6.1, 5.14.6.4, 5.14.6.6.2 and 5.14.6.9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace backspin::emu::virtio {

inline constexpr std::uint32_t kSoundJacks = 1;
inline constexpr std::uint32_t kSoundStreams = 2;
inline constexpr std::uint32_t kSoundChannelMaps = 2;

/// struct virtio_snd_query_info, without its code.
struct SoundQuery {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t size = 0;  ///< bytes for each item: a driver may know more or fewer of its fields
};

/// The items, one after the other. Nothing for a query beyond what there is.
std::optional<std::vector<std::byte>> sound_jacks(const SoundQuery& query);
std::optional<std::vector<std::byte>> sound_streams(const SoundQuery& query);
std::optional<std::vector<std::byte>> sound_channel_maps(const SoundQuery& query);

/// Frames per second by number (VIRTIO_SND_PCM_RATE_*); nothing for a rate that is not offered.
std::optional<std::uint32_t> sound_rate(std::uint8_t number);

}  // namespace backspin::emu::virtio
