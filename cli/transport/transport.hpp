// How a debugger reaches the program: TCP, a Unix socket, or the program's own stdin and stdout. One client
// at a time; when one leaves, the next may come.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cli/host_loop.hpp"
#include "cli/options/endpoint.hpp"

namespace backspin::cli {

/// Called from HostLoop::poll() and wait().
struct TransportEvents {
    std::function<void()> connected;
    std::function<void(std::span<const std::byte>)> received;
    std::function<void()> disconnected;
};

class Transport {
  public:
    virtual ~Transport() = default;

    /// What to tell the user once it is ready: "Listening on port 1234". Empty for stdio, which has a client
    /// already.
    virtual std::string announcement() const = 0;
    virtual bool connected() const = 0;
    /// Whether another client may come after this one; not so on stdio.
    virtual bool accepts_another() const = 0;
    /// Queues bytes for the client; dropped when there is none.
    virtual void send(std::span<const std::byte> bytes) = 0;
    /// Bytes queued and not yet handed to the host: while there are many, the client does not read, and one
    /// should not produce more.
    virtual std::size_t unsent() const = 0;
    /// Lets the client go once all is sent; `disconnected` follows.
    virtual void close_client() = 0;
};

/// Listens from now on. Throws StartError: port in use, no such address, a file in the way.
/// Warns on stderr when others than this computer may connect: the protocol has no passwords.
std::unique_ptr<Transport> open_transport(HostLoop& loop, const Endpoint& endpoint, TransportEvents events);

/// Runs the loop until the client has been sent everything, at most so long.
void drain(HostLoop& loop, const Transport& transport, std::chrono::milliseconds at_most);

}  // namespace backspin::cli
