#include "cli/outside/outside.hpp"

#include <variant>

#include "cli/outside/console_outside.hpp"
#include "cli/outside/host_entropy.hpp"
#include "cli/outside/socket_network.hpp"
#include "cli/outside/user_network.hpp"
#include "cli/outside/wav_sound.hpp"

namespace backspin::cli {
namespace {

/// One overload for each kind of choice.
struct Open {
    HostLoop& loop;
    bool force;

    std::unique_ptr<Outside> operator()(std::monostate) const { return nullptr; }
    /// The machine reads its drives by itself.
    std::unique_ptr<Outside> operator()(const DriveImage&) const { return nullptr; }
    std::unique_ptr<Outside> operator()(const HostEntropy&) const {
        return std::make_unique<HostEntropySource>();
    }
    std::unique_ptr<Outside> operator()(const VirtioConsole& console) const {
        return open_virtio_console(loop, console.where, ConsoleUse::both_ways, force);
    }
    std::unique_ptr<Outside> operator()(const UserNetwork& choice) const {
        return open_user_network(loop, choice);
    }
    std::unique_ptr<Outside> operator()(const SocketNetwork& choice) const {
        return open_socket_network(loop, choice);
    }
    std::unique_ptr<Outside> operator()(const WavSound& choice) const {
        return open_wav_sound(choice, force);
    }
};

}  // namespace

std::unique_ptr<Outside> open_outside(HostLoop& loop, const OutsideChoice& choice, bool force) {
    return std::visit(Open{loop, force}, choice);
}

}  // namespace backspin::cli
