#include "emu/devices/virtio/console.hpp"

#include <algorithm>
#include <vector>

namespace backspin::emu::virtio {

void Console::notified(std::size_t queue, Port& port) {
    if (queue == kTransmit && !sends_at_) transmit(port);
}

void Console::transmit(Port& port) {
    sends_at_.reset();
    std::size_t left = kMostOutput;
    // As many as the ring holds: a driver that adds more meanwhile notifies again.
    for (int i = 0; i < Queue::kMaxSize; ++i) {
        const auto chain = port.peek(kTransmit);
        if (!chain) break;
        std::vector<std::byte> bytes(left);
        const auto got = gather(port.dma, chain->readable, sent_, bytes);
        if (!got) {
            sent_ = 0;
            return port.fail();
        }
        if (*got > 0) port.send(std::span(bytes).first(*got));
        sent_ += *got;
        left -= *got;
        if (sent_ < Chain::length(chain->readable)) {
            sends_at_ = port.now + latency();
            return;
        }
        sent_ = 0;
        port.pop(kTransmit);
        port.push(kTransmit, *chain, 0);
    }
    sent_ = 0;  // whatever the driver has done to the chain meanwhile
}

std::size_t Console::room_for_input(Port& port) const {
    const auto chain = port.peek(kReceive);
    return chain
               ? static_cast<std::size_t>(std::min<std::uint64_t>(Chain::length(chain->writable), kMostInput))
               : 0;
}

void Console::input(std::span<const std::byte> bytes, Port& port) {
    const auto chain = port.pop(kReceive);
    if (!chain) return;
    const auto written = scatter(port.dma, chain->writable, 0, bytes);
    if (!written) return port.fail();
    port.push(kReceive, *chain, static_cast<std::uint32_t>(*written));
}

}  // namespace backspin::emu::virtio
