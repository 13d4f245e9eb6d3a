// A cable to another emulator: frames over a stream socket, each behind its length in four bytes, the highest
// first. QEMU's `-netdev socket` and `-netdev stream` speak it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cli/options/network_choice.hpp"
#include "cli/outside/outside.hpp"

namespace backspin::cli {

/// Cuts a stream into frames, however it arrives.
class FrameReader {
  public:
    /// What QEMU sends at most: 64 KiB with some headers. What is longer is no frame.
    static constexpr std::size_t kMostFrameBytes = 65536 + 4096;

    /// Calls `frame` for each that is complete. False if the stream is not one of frames; the rest of it
    /// cannot be understood.
    bool read(std::span<const std::byte> bytes, const std::function<void(std::span<const std::byte>)>& frame);

  private:
    std::vector<std::byte> waiting_;  ///< the start of a frame, with its length
};

/// A frame as it goes through the socket.
std::vector<std::byte> with_length(std::span<const std::byte> frame);

/// Throws StartError: nobody listens there, or the port is in use.
std::unique_ptr<Outside> open_socket_network(HostLoop& loop, const SocketNetwork& choice);

}  // namespace backspin::cli
