#include "emu/devices/virtio/net.hpp"

#include <algorithm>
#include <cstring>

namespace backspin::emu::virtio {
namespace {

/// num_buffers is the last field of the header. With VIRTIO_F_VERSION_1 it is there and says 1, also where
/// buffers are not merged (5.1.6.4.1).
constexpr std::size_t kNumBuffers = 10;

}  // namespace

void Net::read_configuration(std::uint64_t offset, std::span<std::byte> out) const {
    // 5.1.4: mac, status.
    std::array<std::byte, 8> space{};
    std::memcpy(space.data(), options_.mac.data(), options_.mac.size());
    std::memcpy(space.data() + options_.mac.size(), &kLinkUp, sizeof kLinkUp);
    std::ranges::fill(out, std::byte{});
    if (offset >= space.size()) return;
    const auto there = std::min<std::size_t>(out.size(), space.size() - offset);
    std::copy_n(space.begin() + static_cast<std::ptrdiff_t>(offset), there, out.begin());
}

void Net::notified(std::size_t queue, Port& port) {
    if (queue == kTransmit) return transmit(port);
    // New buffers need no answer: whoever has a frame asks for room. But rings that cannot be are found here.
    port.peek(kReceive);
}

void Net::event(Port& port) {
    transmit(port);
}

void Net::transmit(Port& port) {
    state_.more_at.reset();
    for (int n = 0; n < kFramesPerEvent; ++n) {
        const auto chain = port.pop(kTransmit);
        if (!chain) return;
        send(port, *chain);
        if (port.failed()) return;
        port.push(kTransmit, *chain, 0);
    }
    if (port.has_chain(kTransmit)) state_.more_at = port.now;
}

void Net::send(Port& port, const Chain& chain) {
    const auto length = Chain::length(chain.readable);
    if (length <= kHeaderBytes || length > kHeaderBytes + kMostFrameBytes) {
        ++state_.dropped;
        return;
    }
    std::array<std::byte, kMostFrameBytes> bytes{};
    const auto frame = std::span(bytes).first(static_cast<std::size_t>(length) - kHeaderBytes);
    if (!gather(port.dma, chain.readable, kHeaderBytes, frame)) return port.fail();
    ++state_.sent;
    state_.sent_bytes += frame.size();
    port.send(frame);
}

std::size_t Net::room_for_input(Port& port) const {
    const auto chain = port.peek(kReceive);
    if (!chain) return 0;
    const auto room = Chain::length(chain->writable);
    if (room < kHeaderBytes + kFrameBytes) return 0;
    return static_cast<std::size_t>(std::min<std::uint64_t>(room - kHeaderBytes, kMostFrameBytes));
}

void Net::input(std::span<const std::byte> frame, Port& port) {
    // What a log from a stranger holds need not have asked for room.
    if (frame.empty() || frame.size() > room_for_input(port)) {
        ++state_.dropped;
        return;
    }
    const auto chain = port.pop(kReceive);
    if (!chain) return;
    std::array<std::byte, kHeaderBytes + kMostFrameBytes> bytes{};
    bytes[kNumBuffers] = std::byte{1};
    std::ranges::copy(frame, bytes.begin() + kHeaderBytes);
    const auto written =
        scatter(port.dma, chain->writable, 0, std::span(bytes).first(kHeaderBytes + frame.size()));
    if (!written) return port.fail();
    ++state_.received;
    state_.received_bytes += frame.size();
    port.push(kReceive, *chain, static_cast<std::uint32_t>(*written));
}

}  // namespace backspin::emu::virtio
