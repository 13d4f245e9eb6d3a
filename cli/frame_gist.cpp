// A frame of Ethernet in a few words. Sources: IEEE 802.3, RFC 826 (ARP), 791 (IPv4), 8200 (IPv6), 9293
// (TCP), 768 (UDP), 792 (ICMP).
#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "cli/input_gist.hpp"

namespace backspin::cli {
namespace {

/// Reads from bytes of which there may be too few.
class Bytes {
  public:
    explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
    bool has(std::size_t at, std::size_t count) const { return at <= size() && count <= size() - at; }
    std::size_t size() const { return bytes_.size(); }
    unsigned at(std::size_t i) const { return std::to_integer<unsigned>(bytes_[i]); }
    unsigned big16(std::size_t i) const { return at(i) << 8 | at(i + 1); }
    Bytes from(std::size_t i) const { return Bytes(bytes_.subspan(i)); }

  private:
    std::span<const std::byte> bytes_;
};

std::string mac(const Bytes& b, std::size_t i) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b.at(i), b.at(i + 1), b.at(i + 2),
                       b.at(i + 3), b.at(i + 4), b.at(i + 5));
}

std::string ipv4_address(const Bytes& b, std::size_t i) {
    return fmt::format("{}.{}.{}.{}", b.at(i), b.at(i + 1), b.at(i + 2), b.at(i + 3));
}

constexpr unsigned kIcmp = 1, kTcp = 6, kUdp = 17;

std::string flags_of_tcp(unsigned flags) {
    constexpr std::array<const char*, 6> kNames{"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    std::string text;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if ((flags >> i & 1) != 0) text += std::string(text.empty() ? " " : ",") + kNames[i];
    }
    return text;
}

std::string describe_ipv4(const Bytes& packet) {
    if (!packet.has(0, 20)) return "IPv4, cut short";
    const auto header = (packet.at(0) & 15) * 4;
    const auto protocol = packet.at(9);
    const auto source = ipv4_address(packet, 12), target = ipv4_address(packet, 16);
    const bool first = (packet.big16(6) & 0x1fff) == 0;
    if (!first || header < 20 || !packet.has(header, 4) || (protocol != kTcp && protocol != kUdp)) {
        const auto name = protocol == kIcmp  ? std::string("ICMP")
                          : protocol == kTcp ? std::string("TCP")
                          : protocol == kUdp ? std::string("UDP")
                                             : fmt::format("protocol {}", protocol);
        return fmt::format("IPv4 {} > {} {}", source, target, name);
    }
    const auto segment = packet.from(header);
    const auto ports = fmt::format("IPv4 {}:{} > {}:{}", source, segment.big16(0), target, segment.big16(2));
    if (protocol == kUdp) return ports + " UDP";
    return ports + " TCP" + (segment.has(13, 1) ? flags_of_tcp(segment.at(13)) : "");
}

std::string describe_arp(const Bytes& packet) {
    if (!packet.has(0, 28) || packet.big16(2) != 0x0800) return "ARP";
    if (packet.big16(6) == 1)
        return fmt::format("ARP who has {}, says {}", ipv4_address(packet, 24), ipv4_address(packet, 14));
    return fmt::format("ARP {} is at {}", ipv4_address(packet, 14), mac(packet, 8));
}

}  // namespace

std::string describe_frame(std::span<const std::byte> frame) {
    const Bytes bytes(frame);
    if (!bytes.has(0, 14)) return "a frame cut short";
    const auto type = bytes.big16(12);
    if (type == 0x0800) return describe_ipv4(bytes.from(14));
    if (type == 0x0806) return describe_arp(bytes.from(14));
    const auto name = type == 0x86dd ? std::string("IPv6") : fmt::format("Ethernet type {:#06x}", type);
    return fmt::format("{} {} > {}", name, mac(bytes, 6), mac(bytes, 0));
}

}  // namespace backspin::cli
