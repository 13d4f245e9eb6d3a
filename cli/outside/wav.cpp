#include "cli/outside/wav.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace backspin::cli {
namespace {

constexpr std::uint16_t kPcm = 1;
constexpr std::uint16_t kExtensible = 0xfffe;
constexpr std::size_t kHeader = 44;
/// So many chunks no program writes before the samples.
constexpr int kMostChunks = 1000;

template <class T>
T number(std::span<const std::byte> bytes, std::size_t offset) {
    T value{};
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <std::size_t N>
std::optional<std::array<std::byte, N>> read(std::istream& in) {
    std::array<std::byte, N> bytes{};
    in.read(reinterpret_cast<char*>(bytes.data()), N);
    if (in.gcount() != static_cast<std::streamsize>(N)) return std::nullopt;
    return bytes;
}

bool is_named(std::span<const std::byte> bytes, std::string_view name) {
    return std::ranges::equal(bytes, std::as_bytes(std::span(name)));
}

}  // namespace

// ---- reading ------------------------------------------------------------------------------------

WavReader::WavReader(std::istream& in) : in_(in) {
    const auto riff = read<12>(in_);
    if (!riff || !is_named(std::span(*riff).first(4), "RIFF") || !is_named(std::span(*riff).last(4), "WAVE"))
        throw BadWav("it does not begin as one");
    for (int chunk = 0; chunk < kMostChunks; ++chunk) {
        const auto header = read<8>(in_);
        if (!header) throw BadWav("it ends before its samples");
        const auto size = number<std::uint32_t>(*header, 4);
        const auto name = std::span(*header).first(4);
        if (is_named(name, "fmt ")) {
            read_format(size);
        } else if (is_named(name, "data")) {
            if (rate_ == 0) throw BadWav("its samples come before their format");
            left_ = size;
            return;
        } else {
            in_.seekg(static_cast<std::streamoff>(size) + size % 2, std::ios::cur);
        }
    }
    throw BadWav("it has no samples among its first thousand chunks");
}

void WavReader::read_format(std::uint32_t size) {
    constexpr std::uint32_t kPlain = 16;
    constexpr std::uint32_t kExtended = 26;  // up to the first two bytes of the sub-format
    const auto plain = size >= kPlain ? read<kPlain>(in_) : std::nullopt;
    if (!plain) throw BadWav("the description of its format is cut short");
    auto tag = number<std::uint16_t>(*plain, 0);
    std::uint32_t done = kPlain;
    if (tag == kExtensible && size >= kExtended) {
        const auto extended = read<kExtended - kPlain>(in_);
        if (!extended) throw BadWav("the description of its format is cut short");
        tag = number<std::uint16_t>(*extended, 8);
        done = kExtended;
    }
    channels_ = number<std::uint16_t>(*plain, 2);
    rate_ = number<std::uint32_t>(*plain, 4);
    const auto bits = number<std::uint16_t>(*plain, 14);
    if (tag != kPcm || bits % 8 != 0 || bits < 8 || bits > 32)
        throw BadWav("its samples are no PCM of 8, 16, 24 or 32 bits");
    if (channels_ < 1 || channels_ > kMostChannels) throw BadWav("it has not from 1 to 32 channels");
    if (rate_ < kLeastRate || rate_ > kMostRate) throw BadWav("its rate is not from 1000 to 384000 Hz");
    sample_bytes_ = bits / 8u;
    in_.seekg(static_cast<std::streamoff>(size - done) + size % 2, std::ios::cur);
}

SoundFrame WavReader::frame_at(const std::byte* at) const {
    const auto sample = [&](std::uint32_t channel) {
        const auto* const from = at + std::size_t{channel} * sample_bytes_;
        if (sample_bytes_ == 1) return static_cast<std::int16_t>((std::to_integer<int>(*from) - 128) * 256);
        std::int16_t value = 0;  // the most significant two bytes
        std::memcpy(&value, from + sample_bytes_ - 2, 2);
        return value;
    };
    return {sample(0), sample(channels_ == 1 ? 0 : 1)};
}

std::vector<SoundFrame> WavReader::next(std::size_t most) {
    const std::size_t size = std::size_t{channels_} * sample_bytes_;
    std::vector<std::byte> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, left_ / size)) *
                                 size);
    in_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const auto got = static_cast<std::size_t>(in_.gcount());
    left_ = got == bytes.size() ? left_ - got : 0;  // the file may be shorter than it says
    std::vector<SoundFrame> frames(got / size);
    for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = frame_at(bytes.data() + i * size);
    return frames;
}

// ---- writing ------------------------------------------------------------------------------------

WavWriter::WavWriter(std::ostream& out, const emu::virtio::SoundFormat& format) : out_(out), format_(format) {
    write_header();
}

void WavWriter::write_header() {
    std::array<std::byte, kHeader> header{};
    const auto put = [&](std::size_t offset, auto value) {
        std::memcpy(header.data() + offset, &value, sizeof value);
    };
    const auto name = [&](std::size_t offset, std::string_view text) {
        std::memcpy(header.data() + offset, text.data(), text.size());
    };
    name(0, "RIFF");
    put(4, static_cast<std::uint32_t>(kHeader - 8 + bytes_));
    name(8, "WAVEfmt ");
    put(16, std::uint32_t{16});
    put(20, kPcm);
    put(22, static_cast<std::uint16_t>(format_.channels));
    put(24, format_.rate);
    put(28, format_.rate * format_.frame_bytes());
    put(32, static_cast<std::uint16_t>(format_.frame_bytes()));
    put(34, std::uint16_t{16});
    name(36, "data");
    put(40, static_cast<std::uint32_t>(bytes_));
    out_.seekp(0);
    out_.write(reinterpret_cast<const char*>(header.data()), kHeader);
    out_.seekp(0, std::ios::end);
    out_.flush();
    header_says_ = bytes_;
}

void WavWriter::write(std::span<const std::byte> samples) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max() - kHeader;
    const auto room = (kMost - bytes_) / format_.frame_bytes() * format_.frame_bytes();
    const auto taken = samples.first(static_cast<std::size_t>(std::min<std::uint64_t>(samples.size(), room)));
    out_.write(reinterpret_cast<const char*>(taken.data()), static_cast<std::streamsize>(taken.size()));
    bytes_ += taken.size();
    if (bytes_ - header_says_ >= std::uint64_t{format_.rate} * format_.frame_bytes()) write_header();
}

}  // namespace backspin::cli
