// The printf of agent expressions: the host's own never sees the format, which comes from a stranger.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gdbstub/agent.hpp"

namespace backspin::gdbstub {

/// What printf in the bytecode prints: C's conversions d i u o x X c s p and %, with flags, width, precision
/// and length modifiers, each bounded. `arguments` are the values in order. Nothing if the format asks for
/// what there is not, or memory of a string cannot be read.
std::optional<std::string> agent_format(std::string_view format, std::span<const std::int64_t> arguments,
                                        AgentContext& context);

}  // namespace backspin::gdbstub
