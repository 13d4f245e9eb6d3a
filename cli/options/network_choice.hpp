// What a network card of the machine is connected to: --net user[,...] | socket,... | none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/options/endpoint.hpp"
#include "emu/devices/virtio/net.hpp"

namespace backspin::cli {

/// An IPv4 address as it is written: 127.0.0.1 is 0x7f000001.
struct Ipv4Address {
    std::uint32_t value = 0;
    bool operator==(const Ipv4Address&) const = default;
};

enum class ForwardProtocol : std::uint8_t { tcp, udp };

/// What arrives at a port of the host goes to one of the guest: hostfwd=tcp:127.0.0.1:2222-:22.
struct PortForward {
    ForwardProtocol protocol = ForwardProtocol::tcp;
    Ipv4Address host{0x7f00'0001};
    std::uint16_t host_port = 0;
    std::optional<Ipv4Address> guest;  ///< nothing: the address that the guest gets by DHCP
    std::uint16_t guest_port = 0;
    bool operator==(const PortForward&) const = default;
};

/// A network of the program's own, with the host as its router.
struct UserNetwork {
    std::vector<PortForward> forwards;
    bool restricted = false;  ///< the guest reaches neither the host nor anything behind it
    bool operator==(const UserNetwork&) const = default;
};

/// A cable to another emulator, by a stream socket.
struct SocketNetwork {
    bool listens = false;
    std::variant<TcpEndpoint, UnixEndpoint> at;
    bool operator==(const SocketNetwork&) const = default;
};

struct NetworkChoice {
    std::optional<emu::virtio::MacAddress> mac;
    std::variant<std::monostate, UserNetwork, SocketNetwork> outside;  ///< std::monostate: --net none
};

/// Throws UsageError.
NetworkChoice parse_network(std::string_view text);

}  // namespace backspin::cli
