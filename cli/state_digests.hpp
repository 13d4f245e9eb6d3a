// The digests that a verifier compares are those that a recording keeps.
#pragma once

#include "snapshots/state_digests.hpp"

namespace backspin::cli {

using snapshots::ComponentDigest;
using snapshots::StateDigests;

}  // namespace backspin::cli
