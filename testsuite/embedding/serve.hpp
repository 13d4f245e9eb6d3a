// One gdb session with the board, from its first byte to its last.
#pragma once

#include "replay/timeline.hpp"
#include "testsuite/embedding/connection.hpp"
#include "testsuite/embedding/target.hpp"

namespace backspin::m0 {

/// Serves the client that is connected until it leaves. `input` may be null.
void serve(M0Target& target, replay::Timeline& timeline, replay::InputPort* input, Connection& client);

}  // namespace backspin::m0
