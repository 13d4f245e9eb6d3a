#include "emu/devices/virtio/sound_format.hpp"

#include <cstring>

namespace backspin::emu::virtio {

std::array<std::byte, SoundHeader::kBytes> to_bytes(const SoundHeader& header) {
    std::array<std::byte, SoundHeader::kBytes> bytes{};
    std::memcpy(bytes.data(), &header.bytes, 4);
    std::memcpy(bytes.data() + 4, &header.format.rate, 4);
    bytes[8] = static_cast<std::byte>(header.kind);
    bytes[9] = static_cast<std::byte>(header.format.channels);
    return bytes;
}

std::optional<SoundHeader> sound_header_of(std::span<const std::byte, SoundHeader::kBytes> bytes) {
    SoundHeader header;
    std::memcpy(&header.bytes, bytes.data(), 4);
    std::memcpy(&header.format.rate, bytes.data() + 4, 4);
    header.format.channels = std::to_integer<std::uint32_t>(bytes[9]);
    const bool captures = bytes[8] == std::byte{1};
    header.kind = captures ? SoundHeader::Kind::capture_started : SoundHeader::Kind::played;
    const bool kind_is_known = captures || bytes[8] == std::byte{0};
    const bool rest_is_zero = bytes[10] == std::byte{0} && bytes[11] == std::byte{0};
    if (!kind_is_known || !rest_is_zero || !header.format.is_possible()) return std::nullopt;
    const bool length_is_possible = captures ? header.bytes == 0
                                             : header.bytes > 0 && header.bytes <= SoundHeader::kMostBytes &&
                                                   header.bytes % header.format.frame_bytes() == 0;
    if (!length_is_possible) return std::nullopt;
    return header;
}

}  // namespace backspin::emu::virtio
