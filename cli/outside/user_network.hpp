// A network of the program's own behind a card, as QEMU's user network is: libslirp speaks with the guest in
// frames and with the host in ordinary sockets, so nothing needs rights and nothing on the host is set up.
//
//   guest 10.0.2.15 (by DHCP)   gateway = this host's loopback 10.0.2.2   name server 10.0.2.3
#pragma once

#include <memory>

#include "cli/options/network_choice.hpp"
#include "cli/outside/outside.hpp"

namespace backspin::cli {

/// Its clock is one of its own: it counts host time only while the machine runs and asks for frames, so that
/// no connection times out while a user looks at a stopped machine. Throws StartError: a port is in use.
std::unique_ptr<Outside> open_user_network(HostLoop& loop, const UserNetwork& choice);

}  // namespace backspin::cli
