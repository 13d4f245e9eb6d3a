#include "testsuite/embedding/connection.hpp"

#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace backspin::m0 {
namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

}  // namespace

Connection::Connection() : listener_(checked(::socket(AF_INET, SOCK_STREAM, 0), "socket")) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    checked(::bind(listener_, generic, sizeof address), "bind");
    checked(::listen(listener_, 1), "listen");
    socklen_t size = sizeof address;
    checked(::getsockname(listener_, generic, &size), "getsockname");
    port_ = ntohs(address.sin_port);
}

Connection::~Connection() {
    for (const int descriptor : {client_, listener_})
        if (descriptor >= 0) ::close(descriptor);
}

void Connection::accept() {
    client_ = checked(::accept(listener_, nullptr, nullptr), "accept");
    // A debugger waits for each small answer before it asks on.
    const int on = 1;
    checked(::setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
}

std::vector<std::byte> Connection::receive(std::chrono::milliseconds at_most) {
    pollfd waiting{client_, POLLIN, 0};
    if (closed_ || ::poll(&waiting, 1, static_cast<int>(at_most.count())) <= 0) return {};
    std::vector<std::byte> bytes(4096);
    const auto size = ::recv(client_, bytes.data(), bytes.size(), 0);
    closed_ = size <= 0;
    bytes.resize(closed_ ? 0 : static_cast<std::size_t>(size));
    return bytes;
}

void Connection::send(std::span<const std::byte> bytes) {
    while (!bytes.empty() && !closed_) {
        const auto size = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        closed_ = size < 0;
        if (!closed_) bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
}

}  // namespace backspin::m0
