#include "cli/outside/host_entropy.hpp"

#include <sys/random.h>

#include <algorithm>

namespace backspin::cli {

std::vector<std::byte> HostEntropySource::next(std::size_t room) {
    // The kernel never gives so few without giving them all.
    constexpr std::size_t kAtOnce = 256;
    std::vector<std::byte> bytes(std::min(room, kAtOnce));
    const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

}  // namespace backspin::cli
