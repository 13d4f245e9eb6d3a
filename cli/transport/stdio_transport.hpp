#pragma once

#include "cli/transport/transport.hpp"

namespace backspin::cli {

/// The client has started this program and holds its stdin and stdout: `target remote | backspin run --gdb
/// stdio ...`.
std::unique_ptr<Transport> open_stdio_transport(HostLoop& loop, TransportEvents events);

}  // namespace backspin::cli
