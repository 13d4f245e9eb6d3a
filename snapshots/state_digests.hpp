// What a recording keeps of every epoch's end, and a replay is compared with.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/machine.hpp"

namespace backspin::snapshots {

struct ComponentDigest {
    std::string_view component;  ///< one of the machine's, or "memory"
    std::uint64_t value = 0;
};

/// Digests of one machine's states, component by component: XXH3 of the fields' bytes, and the memory's own
/// digest, which costs only the pages that differ from the state before.
class StateDigests {
  public:
    /// The names must outlive this.
    explicit StateDigests(std::span<const std::string_view> component_names) : names_(component_names) {}

    /// Valid until the next call.
    std::span<const ComponentDigest> of(const SavedState& state);

  private:
    std::span<const std::string_view> names_;
    std::vector<ComponentDigest> digests_;
    PageRoot pages_;
    std::optional<std::uint64_t> digest_of_pages_;
};

}  // namespace backspin::snapshots
