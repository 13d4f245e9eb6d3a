// Inputs as bytes, for the recording: one tag byte for the kind, then the fields in the manner of
// base/state.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/input.hpp"
#include "base/state.hpp"

namespace backspin::replay {

/// The most bytes that one input carries. A jumbo packet has 9 KiB and a debugger's `load` arrives in pieces
/// of its packet size (128 KiB); 1 MiB leaves room and still bounds what a damaged recording can ask for.
inline constexpr std::size_t kMaxInputBytes = std::size_t{1} << 20;

/// The bytes of device input or a memory write; 0 for the other kinds.
std::size_t payload_size(const Input& input);

std::vector<std::byte> encode(const Input& input);

/// Throws BadState if the bytes are cut short, are too many, name an unknown kind or carry more than
/// kMaxInputBytes.
Input decode_input(std::span<const std::byte> bytes);

}  // namespace backspin::replay
