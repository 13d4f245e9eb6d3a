// Frames as a guest's driver would send them, and what an answer says: just enough of ARP, IPv4, UDP and TCP.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace backspin::cli::testing {

using Frame = std::vector<std::byte>;
using Ip = std::uint32_t;

inline constexpr Ip kGuest = 0x0a00'020f;
inline constexpr Ip kGateway = 0x0a00'0202;
inline constexpr Ip kNameServer = 0x0a00'0203;
inline constexpr std::array<std::uint8_t, 6> kGuestMac{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
inline constexpr std::array<std::uint8_t, 6> kEverybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

inline constexpr unsigned kArp = 0x0806;
inline constexpr unsigned kIpv4 = 0x0800;
inline constexpr unsigned kUdp = 17;
inline constexpr unsigned kTcp = 6;

/// Appends numbers with the highest byte first.
class FrameWriter {
  public:
    FrameWriter& byte(unsigned value) {
        bytes.push_back(static_cast<std::byte>(value));
        return *this;
    }
    FrameWriter& half(unsigned value) { return byte(value >> 8).byte(value & 0xff); }
    FrameWriter& word(std::uint32_t value) { return half(value >> 16).half(value & 0xffff); }
    FrameWriter& mac(const std::array<std::uint8_t, 6>& address) {
        for (const auto part : address) byte(part);
        return *this;
    }
    FrameWriter& zeros(std::size_t count) {
        bytes.resize(bytes.size() + count);
        return *this;
    }
    FrameWriter& text(std::string_view text) {
        for (const char one : text) byte(static_cast<unsigned char>(one));
        return *this;
    }
    Frame bytes;
};

inline unsigned byte_at(const Frame& frame, std::size_t at) {
    return at < frame.size() ? std::to_integer<unsigned>(frame[at]) : 0;
}
inline unsigned half_at(const Frame& frame, std::size_t at) {
    return byte_at(frame, at) << 8 | byte_at(frame, at + 1);
}
inline std::uint32_t word_at(const Frame& frame, std::size_t at) {
    return half_at(frame, at) << 16 | half_at(frame, at + 2);
}

/// operation 1 asks who has `target`, 2 answers that the guest is `sender`.
inline Frame arp(unsigned operation, Ip sender, Ip target) {
    FrameWriter frame;
    frame.mac(kEverybody).mac(kGuestMac).half(kArp);
    frame.half(1).half(kIpv4).byte(6).byte(4).half(operation);
    frame.mac(kGuestMac).word(sender).zeros(6).word(target).zeros(18);
    return frame.bytes;
}

inline std::uint16_t checksum(std::span<const std::byte> header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < header.size(); i += 2)
        sum += std::to_integer<std::uint32_t>(header[i]) << 8 | std::to_integer<std::uint32_t>(header[i + 1]);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// Without the checksum of UDP, which may be left out.
inline Frame udp(Ip from, unsigned from_port, Ip to, unsigned to_port, std::string_view content) {
    const auto udp_bytes = static_cast<unsigned>(8 + content.size());
    FrameWriter ip;
    ip.byte(0x45).byte(0).half(20 + udp_bytes).word(0).byte(64).byte(kUdp).half(0).word(from).word(to);
    const auto sum = checksum(ip.bytes);
    ip.bytes[10] = static_cast<std::byte>(sum >> 8);
    ip.bytes[11] = static_cast<std::byte>(sum & 0xff);
    FrameWriter frame;
    frame.mac(kEverybody).mac(kGuestMac).half(kIpv4);
    frame.bytes.insert(frame.bytes.end(), ip.bytes.begin(), ip.bytes.end());
    frame.half(from_port).half(to_port).half(udp_bytes).half(0).text(content);
    return frame.bytes;
}

inline constexpr std::size_t kIpAt = 14;
inline constexpr std::size_t kPortsAt = kIpAt + 20;
inline constexpr std::size_t kUdpContentAt = kPortsAt + 8;

inline bool is_ip(const Frame& frame, unsigned protocol, unsigned to_port) {
    return half_at(frame, 12) == kIpv4 && byte_at(frame, kIpAt + 9) == protocol &&
           half_at(frame, kPortsAt + 2) == to_port;
}

/// A DHCPDISCOVER (RFC 2131).
inline Frame dhcp_discover() {
    FrameWriter bootp;
    bootp.byte(1).byte(1).byte(6).byte(0).text("spin").zeros(20).mac(kGuestMac).zeros(10 + 64 + 128);
    bootp.word(0x6382'5363).byte(53).byte(1).byte(1).byte(255).zeros(60);
    return udp(0, 68, 0xffff'ffff, 67,
               {reinterpret_cast<const char*>(bootp.bytes.data()), bootp.bytes.size()});
}
inline constexpr std::size_t kBootpOptionsAt = kUdpContentAt + 240;

/// The first four bytes of a DHCP option; 0 if it is not there.
inline std::uint32_t dhcp_option(const Frame& frame, unsigned code) {
    for (auto at = kBootpOptionsAt; at + 1 < frame.size() && byte_at(frame, at) != 255;) {
        if (byte_at(frame, at) == code) return word_at(frame, at + 2);
        at += byte_at(frame, at) == 0 ? 1 : 2 + byte_at(frame, at + 1);
    }
    return 0;
}

}  // namespace backspin::cli::testing
