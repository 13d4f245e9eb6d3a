// How an input is written in a recording: a kind and a payload, little-endian (docs/recording.md, "Events").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/input.hpp"

namespace backspin::snapshots {

/// Numbers are part of the format: they are never reused.
enum class EventKind : std::uint32_t {
    device_input = 1,
    idle_warp = 2,
    memory_write = 3,
    register_write = 4
};

struct EncodedInput {
    EventKind kind{};
    std::vector<std::byte> payload;
};

EncodedInput encode(const Input& input);

/// Nothing if the kind is unknown or the payload is not one of this kind.
std::optional<Input> decode(std::uint64_t kind, std::span<const std::byte> payload);

}  // namespace backspin::snapshots
