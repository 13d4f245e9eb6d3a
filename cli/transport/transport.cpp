#include "cli/transport/transport.hpp"

#include "cli/transport/server.hpp"
#include "cli/transport/stdio_transport.hpp"

namespace backspin::cli {

std::unique_ptr<Transport> open_transport(HostLoop& loop, const Endpoint& endpoint, TransportEvents events) {
    // A second gdb that gets silence waits for its time-out; one whose connection closes says so at once.
    if (const auto* tcp = std::get_if<TcpEndpoint>(&endpoint)) {
        return Server::on_tcp(loop, *tcp, std::move(events), "");
    }
    if (const auto* path = std::get_if<UnixEndpoint>(&endpoint)) {
        return Server::on_unix_socket(loop, *path, std::move(events), "");
    }
    return open_stdio_transport(loop, std::move(events));
}

void drain(HostLoop& loop, const Transport& transport, std::chrono::milliseconds at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (transport.unsent() != 0) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= std::chrono::nanoseconds::zero()) return;
        loop.wait(left);
    }
}

}  // namespace backspin::cli
