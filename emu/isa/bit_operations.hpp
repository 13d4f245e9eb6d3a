// What rows of bit_manipulation.inc compute that needs more than an operator.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>

namespace backspin::emu::bitwise {

/// This byte in every byte of a T.
template <std::unsigned_integral T>
constexpr T in_every_byte(std::uint8_t byte) {
    return static_cast<T>(std::numeric_limits<T>::max() / 0xff * byte);
}

template <std::unsigned_integral T>
    requires(sizeof(T) == 4 || sizeof(T) == 8)
constexpr T reverse_bytes(T value) {
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    return static_cast<T>(__builtin_bswap64(value));
}

template <std::unsigned_integral T>
constexpr T reverse_bits_in_bytes(T value) {
    const auto swap = [&value](unsigned distance, std::uint8_t low) {
        const auto mask = in_every_byte<T>(low);
        value = (value & mask) << distance | (value >> distance & mask);
    };
    swap(1, 0x55);
    swap(2, 0x33);
    swap(4, 0x0f);
    return value;
}

/// Every byte that is not 0 becomes 0xff.
template <std::unsigned_integral T>
constexpr T or_combine_bytes(T value) {
    // Gather each byte's bits in its lowest one; the masks keep out the bits of the byte above.
    value |= value >> 1 & in_every_byte<T>(0x7f);
    value |= value >> 2 & in_every_byte<T>(0x3f);
    value |= value >> 4 & in_every_byte<T>(0x0f);
    return static_cast<T>((value & in_every_byte<T>(1)) * 0xff);
}

/// Exchanges the bits in `mask` with those that lie `distance` above them.
constexpr std::uint32_t exchange(std::uint32_t value, unsigned distance, std::uint32_t mask) {
    const auto difference = (value >> distance ^ value) & mask;
    return value ^ difference ^ difference << distance;
}

/// The low half's bits become the even ones, the high half's the odd ones.
constexpr std::uint32_t interleave(std::uint32_t value) {
    value = exchange(value, 8, 0x0000ff00);
    value = exchange(value, 4, 0x00f000f0);
    value = exchange(value, 2, 0x0c0c0c0c);
    return exchange(value, 1, 0x22222222);
}

/// The inverse of interleave().
constexpr std::uint32_t deinterleave(std::uint32_t value) {
    value = exchange(value, 1, 0x22222222);
    value = exchange(value, 2, 0x0c0c0c0c);
    value = exchange(value, 4, 0x00f000f0);
    return exchange(value, 8, 0x0000ff00);
}

/// The product of polynomials over one bit: a multiplication that drops the carries. `Wide` holds twice T.
template <class Wide, std::unsigned_integral T>
constexpr Wide carryless_product(T a, T b) {
    Wide product = 0;
    for (; b != 0; b &= b - 1) product ^= static_cast<Wide>(a) << std::countr_zero(b);
    return product;
}

}  // namespace backspin::emu::bitwise
