#include "emu/devices/virtio/sound_items.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "emu/devices/virtio/sound.hpp"

namespace backspin::emu::virtio {
namespace {

/// VIRTIO_SND_PCM_RATE_8000 to VIRTIO_SND_PCM_RATE_48000; number 0, 5512, is not offered.
constexpr std::array<std::uint32_t, 7> kRates{8000, 11025, 16000, 22050, 32000, 44100, 48000};
constexpr std::uint8_t kFirstRate = 1;
constexpr std::uint64_t kRateBits = ((std::uint64_t{1} << kRates.size()) - 1) << kFirstRate;

/// The layouts are the specification's; no field of them needs padding of the compiler's.
struct Jack {
    std::uint32_t node = 0;
    std::uint32_t features = 0;  ///< no remapping
    /// A line-out jack at the back (High Definition Audio 1.0a, section 7.3.3.31).
    std::uint32_t default_configuration = 0x0101'4010;
    std::uint32_t capabilities = 0x10;  ///< an output (section 7.3.4.9)
    std::uint8_t connected = 1;
    std::array<std::uint8_t, 7> padding{};
};
static_assert(sizeof(Jack) == 24);

struct Stream {
    std::uint32_t node = 0;
    std::uint32_t features = 0;
    std::uint64_t formats = std::uint64_t{1} << Sound::kFormatS16;
    std::uint64_t rates = kRateBits;
    std::uint8_t direction = 0;
    std::uint8_t least_channels = 1;
    std::uint8_t most_channels = SoundFormat::kMostChannels;
    std::array<std::uint8_t, 5> padding{};
};
static_assert(sizeof(Stream) == 32);

struct ChannelMap {
    std::uint32_t node = 0;
    std::uint8_t direction = 0;
    std::uint8_t channels = 2;
    std::array<std::uint8_t, 18> positions{3, 4};  ///< front left, front right
};
static_assert(sizeof(ChannelMap) == 24);

/// More than any driver knows of an item.
constexpr std::uint32_t kLargestItem = 256;

template <class Item, std::size_t N>
std::optional<std::vector<std::byte>> select(const std::array<Item, N>& items, const SoundQuery& query) {
    if (query.first > N || query.count > N - query.first || query.size == 0 || query.size > kLargestItem)
        return std::nullopt;
    std::vector<std::byte> bytes(std::size_t{query.count} * query.size);
    for (std::uint32_t i = 0; i < query.count; ++i) {
        const auto known = std::min<std::size_t>(query.size, sizeof(Item));
        std::memcpy(bytes.data() + std::size_t{i} * query.size, &items[query.first + i], known);
    }
    return bytes;
}

}  // namespace

std::optional<std::vector<std::byte>> sound_jacks(const SoundQuery& query) {
    return select(std::array<Jack, kSoundJacks>{}, query);
}

std::optional<std::vector<std::byte>> sound_streams(const SoundQuery& query) {
    std::array<Stream, kSoundStreams> streams;
    for (const std::uint8_t direction : {Sound::kPlayback, Sound::kRecord})
        streams[direction].direction = direction;
    return select(streams, query);
}

std::optional<std::vector<std::byte>> sound_channel_maps(const SoundQuery& query) {
    std::array<ChannelMap, kSoundChannelMaps> maps;
    for (const std::uint8_t direction : {Sound::kPlayback, Sound::kRecord})
        maps[direction].direction = direction;
    return select(maps, query);
}

std::optional<std::uint32_t> sound_rate(std::uint8_t number) {
    if (number < kFirstRate || number >= kFirstRate + kRates.size()) return std::nullopt;
    return kRates[number - kFirstRate];
}

}  // namespace backspin::emu::virtio
