// What is read from a program's file as it lies there.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace backspin::emu {

static_assert(std::endian::native == std::endian::little, "ELF structures are read as they lie in the file");

/// Nothing unless all of it is in the file.
template <class T>
std::optional<T> structure_at(std::span<const std::byte> file, std::uint64_t offset) {
    if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

}  // namespace backspin::emu
