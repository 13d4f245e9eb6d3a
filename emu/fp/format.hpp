// The three floating-point formats, and how a 64-bit f register holds them.
// Source: The RISC-V Instruction Set Manual, Volume I, chapters "F" (rounding modes, flags, canonical NaN),
// "D" (section "NaN Boxing of Narrower Values") and "Zfh"; IEEE 754-2019 binary16, binary32 and binary64.
#pragma once

#include <concepts>
#include <cstdint>

namespace backspin::emu::fp {

/// With the numbers that the rm field and frm have for them.
enum class Rounding : std::uint8_t {
    nearest_even = 0,
    toward_zero = 1,
    down = 2,
    up = 3,
    nearest_max_magnitude = 4,
};

/// The bits of fflags.
namespace flag {
inline constexpr std::uint8_t inexact = 1, underflow = 2, overflow = 4, divide_by_zero = 8, invalid = 16;
}

// Equality is that of the bits, not the one of IEEE 754.
struct f16 {
    using Bits = std::uint16_t;
    static constexpr int kFractionBits = 10;
    Bits bits = 0;
    constexpr bool operator==(const f16&) const = default;
};
struct f32 {
    using Bits = std::uint32_t;
    static constexpr int kFractionBits = 23;
    Bits bits = 0;
    constexpr bool operator==(const f32&) const = default;
};
struct f64 {
    using Bits = std::uint64_t;
    static constexpr int kFractionBits = 52;
    Bits bits = 0;
    constexpr bool operator==(const f64&) const = default;
};

template <class F>
concept Float = std::same_as<F, f16> || std::same_as<F, f32> || std::same_as<F, f64>;

/// What follows from a format's widths. Exponents are those of a significand between 1 and 2.
template <Float F>
struct Format {
    using Bits = typename F::Bits;
    static constexpr int kWidth = 8 * static_cast<int>(sizeof(Bits));
    static constexpr int kFractionBits = F::kFractionBits;
    static constexpr int kPrecision = kFractionBits + 1;  ///< with the bit that is not stored
    static constexpr int kMaxExponent = (1 << (kWidth - 2 - kFractionBits)) - 1;
    static constexpr int kMinExponent = 1 - kMaxExponent;  ///< of normal numbers
    static constexpr Bits kSign = static_cast<Bits>(Bits{1} << (kWidth - 1));
    static constexpr Bits kFraction = static_cast<Bits>((Bits{1} << kFractionBits) - 1);
    static constexpr Bits kQuiet = static_cast<Bits>(Bits{1} << (kFractionBits - 1));
    static constexpr Bits kInfinity = static_cast<Bits>((kSign - 1) & ~kFraction);
    static constexpr Bits kSmallestNormal = static_cast<Bits>(Bits{1} << kFractionBits);
    static constexpr F kCanonicalNan{static_cast<Bits>(kInfinity | kQuiet)};
};

template <Float F>
constexpr bool is_negative(F f) {
    return (f.bits & Format<F>::kSign) != 0;
}
template <Float F>
constexpr F magnitude(F f) {
    return {static_cast<typename F::Bits>(f.bits & ~Format<F>::kSign)};
}
template <Float F>
constexpr F negate(F f) {
    return {static_cast<typename F::Bits>(f.bits ^ Format<F>::kSign)};
}
template <Float F>
constexpr bool is_zero(F f) {
    return magnitude(f).bits == 0;
}
template <Float F>
constexpr bool is_infinite(F f) {
    return magnitude(f).bits == Format<F>::kInfinity;
}
template <Float F>
constexpr bool is_nan(F f) {
    return magnitude(f).bits > Format<F>::kInfinity;
}
template <Float F>
constexpr bool is_signaling(F f) {
    return is_nan(f) && (f.bits & Format<F>::kQuiet) == 0;
}
template <Float F>
constexpr F zero(bool negative) {
    return {negative ? Format<F>::kSign : typename F::Bits{0}};
}
template <Float F>
constexpr F infinity(bool negative) {
    return {static_cast<typename F::Bits>(zero<F>(negative).bits | Format<F>::kInfinity)};
}

// ---- registers ----------------------------------------------------------------------------------

/// The low bits of an f register as they are, for the moves and stores that do not care what they mean.
struct Raw16 {
    std::uint16_t bits = 0;
};
struct Raw32 {
    std::uint32_t bits = 0;
};
struct Raw64 {
    std::uint64_t bits = 0;
};

template <class R>
concept Raw = std::same_as<R, Raw16> || std::same_as<R, Raw32> || std::same_as<R, Raw64>;

/// A narrower value's register has ones above it.
template <Float F>
constexpr std::uint64_t box(F f) {
    if constexpr (sizeof(F) == sizeof(std::uint64_t)) {
        return f.bits;
    } else {
        return ~std::uint64_t{0} << Format<F>::kWidth | f.bits;
    }
}

/// The canonical NaN for a register that does not hold a value of this width.
template <Float F>
constexpr F unbox(std::uint64_t reg) {
    const F f{static_cast<typename F::Bits>(reg)};
    return box(f) == reg ? f : Format<F>::kCanonicalNan;
}
template <Raw R>
constexpr R unbox(std::uint64_t reg) {
    return {static_cast<decltype(R::bits)>(reg)};
}

}  // namespace backspin::emu::fp
