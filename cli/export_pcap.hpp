// Network frames as a pcap file, for Wireshark and tcpdump. Source: draft-ietf-opsawg-pcap, "PCAP Capture
// File Format", the variant with nanoseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <vector>

#include "base/position.hpp"

namespace backspin::cli {

/// One frame as it passed through a card. The format has no place for the direction: the addresses tell.
struct CapturedFrame {
    VirtualTime at;
    std::vector<std::byte> bytes;
};

/// In the order given, which should be that of their positions. `power_on` is what the machine's clock showed
/// at virtual time 0, in nanoseconds since 1970: the guest's own date then stands beside each frame. Errors
/// are the stream's.
void write_pcap(std::ostream& out, std::span<const CapturedFrame> frames, std::uint64_t power_on = 0);

}  // namespace backspin::cli
