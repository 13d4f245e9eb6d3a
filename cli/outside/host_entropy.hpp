#pragma once

#include "cli/outside/outside.hpp"

namespace backspin::cli {

/// Random bytes from the host's kernel.
class HostEntropySource final : public Outside {
  public:
    std::vector<std::byte> next(std::size_t room) override;
};

}  // namespace backspin::cli
