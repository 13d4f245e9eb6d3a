// What the fuzz targets share: the fuzzer's bytes taken apart, and claims about what must hold for any of
// them.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

namespace backspin::fuzz {

/// Ends the process, so that the fuzzer keeps the input.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes little-endian numbers and bytes off the front; beyond the end there are zeros.
class Taker {
  public:
    explicit Taker(std::span<const std::byte> bytes) : rest_(bytes) {}

    bool empty() const { return rest_.empty(); }
    template <std::unsigned_integral T>
    T take() {
        T value{};
        const auto part = take_bytes(sizeof value);
        if (!part.empty()) std::memcpy(&value, part.data(), part.size());
        return value;
    }
    std::span<const std::byte> take_bytes(std::size_t most) {
        const auto part = rest_.first(std::min(most, rest_.size()));
        rest_ = rest_.subspan(part.size());
        return part;
    }
    std::span<const std::byte> rest() { return take_bytes(rest_.size()); }

  private:
    std::span<const std::byte> rest_;
};

}  // namespace backspin::fuzz
