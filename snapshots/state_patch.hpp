// How one machine state differs from another, as bytes: what snapshots are spilled as. A page that is written
// in every epoch has mostly the bytes that it had, so a patch holds only the words that differ; that is a
// small part of the page, and takes less time than to compress it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"

namespace backspin::snapshots {

/// Bytes that are no patch.
class BadPatch : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

using Patch = std::vector<std::byte>;

/// Everything of `after`; of its memory, what differs from `before`. Memories of one size, or `before` empty.
Patch patch_between(const PageRoot& before, const SavedState& after);

/// One patch that does what the two do one after the other.
Patch joined(std::span<const std::byte> first, std::span<const std::byte> second);

/// Makes of the memory before the one after, and returns which pages were touched, ascending. Throws
/// BadPatch, with half of it done.
std::vector<PageIndex> apply_patch(std::span<const std::byte> patch, PageTable& memory);

/// The state after, given its memory. Throws BadPatch.
SavedState state_after(std::span<const std::byte> patch, StepCount at, PageRoot memory);

}  // namespace backspin::snapshots
