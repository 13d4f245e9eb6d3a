#include "cli/outside/outside.hpp"

#include <variant>

#include "cli/outside/host_entropy.hpp"

namespace backspin::cli {
namespace {

/// One overload for each kind of choice.
struct Open {
    HostLoop& loop;
    bool force;

    std::unique_ptr<Outside> operator()(std::monostate) const { return nullptr; }
    std::unique_ptr<Outside> operator()(const HostEntropy&) const {
        return std::make_unique<HostEntropySource>();
    }
};

}  // namespace

std::unique_ptr<Outside> open_outside(HostLoop& loop, const OutsideChoice& choice, bool force) {
    return std::visit(Open{loop, force}, choice);
}

}  // namespace backspin::cli
