// Numbers in LEB128: seven bits a byte, the low ones first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace backspin::snapshots {

inline void put_number(std::vector<std::byte>& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
    out.push_back(static_cast<std::byte>(value));
}

/// Takes it off the front. Nothing if it is cut short or has more than 64 bits.
inline std::optional<std::uint64_t> take_number(std::span<const std::byte>& in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in.empty()) return std::nullopt;
        const auto byte = std::to_integer<std::uint64_t>(in.front());
        in = in.subspan(1);
        if (shift == 63 && byte > 1) return std::nullopt;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

}  // namespace backspin::snapshots
