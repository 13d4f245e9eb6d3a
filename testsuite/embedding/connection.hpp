// The smallest way for a debugger to reach a program: a port of this computer, and one client.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace backspin::m0 {

class Connection {
  public:
    /// Listens on a free port of the loopback interface. Throws std::system_error, as all below.
    Connection();
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    std::uint16_t port() const { return port_; }
    /// Waits for the client.
    void accept();
    /// What has arrived, waiting at most so long for something.
    std::vector<std::byte> receive(std::chrono::milliseconds at_most);
    void send(std::span<const std::byte> bytes);
    /// The client is gone.
    bool closed() const { return closed_; }

  private:
    int listener_ = -1;
    int client_ = -1;
    std::uint16_t port_ = 0;
    bool closed_ = false;
};

}  // namespace backspin::m0
