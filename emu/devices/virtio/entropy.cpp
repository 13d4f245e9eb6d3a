#include "emu/devices/virtio/entropy.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace backspin::emu::virtio {
namespace {

/// The byte with this number of the stream that belongs to the seed (SplitMix64, eight bytes a number).
std::byte byte_of_stream(std::uint64_t seed, std::uint64_t number) {
    auto z = seed + (number / 8 + 1) * 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    z ^= z >> 31;
    return static_cast<std::byte>(z >> (8 * (number % 8)));
}

}  // namespace

void Entropy::notified(std::size_t, Port& port) {
    look_at_requests(port);
}

void Entropy::look_at_requests(Port& port) {
    // As many as the ring holds: a driver that adds more while it is served notifies again.
    for (int i = 0; i < Queue::kMaxSize && wanted_ == 0; ++i) {
        const auto chain = port.peek(kRequests);
        if (!chain) return;
        const auto wanted = std::min<std::uint64_t>(Chain::length(chain->writable), kMostBytes);
        if (wanted > 0 && !options_.seed) {
            wanted_ = static_cast<std::uint32_t>(wanted);
            return;
        }
        std::array<std::byte, kMostBytes> bytes{};
        for (std::uint64_t n = 0; n < wanted; ++n) bytes[n] = byte_of_stream(*options_.seed, handed_out_ + n);
        handed_out_ += wanted;
        answer(port, std::span(bytes).first(wanted));
    }
}

void Entropy::answer(Port& port, std::span<const std::byte> bytes) {
    const auto chain = port.pop(kRequests);
    if (!chain) return;
    const auto written = scatter(port.dma, chain->writable, 0, bytes);
    if (!written) return port.fail();
    port.push(kRequests, *chain, static_cast<std::uint32_t>(*written));
}

void Entropy::input(std::span<const std::byte> bytes, Port& port) {
    if (wanted_ == 0) return;
    const auto taken = std::min<std::size_t>(bytes.size(), wanted_);
    wanted_ = 0;
    answer(port, bytes.first(taken));
    look_at_requests(port);
}

}  // namespace backspin::emu::virtio
