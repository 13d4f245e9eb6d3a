#include "cli/options/network_choice.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <string>

#include <fmt/format.h>

#include "cli/mac_address.hpp"
#include "cli/options/command.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

/// More than anybody types, so that a mistake in a script does not open thousands of sockets.
constexpr std::size_t kMostForwards = 64;

[[noreturn]] void refuse_network(std::string_view part, std::string_view mend) {
    throw UsageError(fmt::format("--net: '{}': {}", part, mend));
}

/// Takes what stands before the separator off the text, and the separator too; all of it if there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    const auto first = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return first;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    const auto port = parse_number(text);
    if (!port || *port == 0 || *port > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(*port);
}

std::optional<Ipv4Address> ipv4_of(std::string_view text) {
    in_addr address{};
    if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
    return Ipv4Address{ntohl(address.s_addr)};
}

// tcp : [host address] : host port - [guest address] : guest port
PortForward parse_forward(std::string_view whole) {
    const auto bad = [&] {
        refuse_network(whole, "give PROTOCOL:[HOST]:PORT-[GUEST]:PORT, as in hostfwd=tcp:127.0.0.1:2222-:22");
    };
    PortForward forward;
    auto rest = whole;
    const auto protocol = take_until(rest, ':');
    if (protocol != "tcp" && protocol != "udp") bad();
    if (protocol == "udp") forward.protocol = ForwardProtocol::udp;
    auto host = take_until(rest, '-');
    const auto host_address = take_until(host, ':');
    if (!host_address.empty()) {
        const auto address = ipv4_of(host_address);
        if (!address) bad();
        forward.host = *address;
    }
    const auto guest_address = take_until(rest, ':');
    if (!guest_address.empty()) {
        forward.guest = ipv4_of(guest_address);
        if (!forward.guest) bad();
    }
    const auto host_port = port_of(host);
    const auto guest_port = port_of(rest);
    if (!host_port || !guest_port) bad();
    forward.host_port = *host_port;
    forward.guest_port = *guest_port;
    return forward;
}

bool parse_switch(std::string_view part, std::string_view value) {
    if (value != "on" && value != "off") refuse_network(part, "give on or off");
    return value == "on";
}

std::variant<TcpEndpoint, UnixEndpoint> parse_place(std::string_view part, std::string_view text) {
    constexpr std::string_view kUnix = "unix:";
    if (text.starts_with(kUnix)) {
        const auto path = text.substr(kUnix.size());
        if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
            refuse_network(
                part, fmt::format("a socket's path has 1 to {} bytes", sizeof(sockaddr_un::sun_path) - 1));
        }
        return UnixEndpoint{std::string(path)};
    }
    TcpEndpoint endpoint;
    const auto colon = text.rfind(':');
    auto host = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (!host.empty()) endpoint.host = host;
    const auto port = port_of(colon == std::string_view::npos ? text : text.substr(colon + 1));
    if (!port) refuse_network(part, "give [HOST:]PORT with a port from 1 to 65535, or unix:PATH");
    endpoint.port = *port;
    return endpoint;
}

/// One KEY=VALUE; false if the network has no such key.
bool read_part(UserNetwork& network, std::string_view part, std::string_view key, std::string_view value) {
    if (key == "restrict") {
        network.restricted = parse_switch(part, value);
    } else if (key == "hostfwd") {
        if (network.forwards.size() == kMostForwards)
            refuse_network(part, fmt::format("a network forwards at most {} ports", kMostForwards));
        network.forwards.push_back(parse_forward(value));
    } else {
        return false;
    }
    return true;
}

struct SocketParts {
    std::optional<SocketNetwork> network;
};
bool read_part(SocketParts& parts, std::string_view part, std::string_view key, std::string_view value) {
    if (key != "connect" && key != "listen") return false;
    if (parts.network) refuse_network(part, "a socket either connects or listens, to one place");
    parts.network = SocketNetwork{key == "listen", parse_place(part, value)};
    return true;
}

struct NoParts {};
bool read_part(NoParts&, std::string_view, std::string_view, std::string_view) {
    return false;
}

/// All that follows the kind: mac= and the keys of `network`.
template <class Network>
void read_parts(std::string_view kind, std::string_view text, NetworkChoice& choice, Network& network) {
    while (!text.empty()) {
        const auto part = take_until(text, ',');
        auto value = part;
        const auto key = take_until(value, '=');
        if (key == "mac") {
            choice.mac = parse_mac(value);
            // The lowest bit of the first byte marks addresses of groups.
            if (!choice.mac || (choice.mac->front() & 1) != 0)
                refuse_network(part, "give the address of one card, as in mac=52:54:00:12:34:56");
        } else if (!read_part(network, part, key, value)) {
            refuse_network(part, fmt::format("--net {} has no such part; see 'backspin help devices'", kind));
        }
    }
}

}  // namespace

NetworkChoice parse_network(std::string_view text) {
    NetworkChoice choice;
    auto rest = text;
    const auto kind = take_until(rest, ',');
    if (kind == "user") {
        UserNetwork network;
        read_parts(kind, rest, choice, network);
        choice.outside = network;
    } else if (kind == "socket") {
        SocketParts parts;
        read_parts(kind, rest, choice, parts);
        if (!parts.network) refuse_network(text, "add connect=[HOST:]PORT or listen=[HOST:]PORT");
        choice.outside = *parts.network;
    } else if (kind == "none") {
        NoParts none;
        read_parts(kind, rest, choice, none);
    } else {
        refuse_network(text, "give user, socket,connect=[HOST:]PORT, socket,listen=[HOST:]PORT or none");
    }
    return choice;
}

}  // namespace backspin::cli
