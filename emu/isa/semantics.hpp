// What each computing instruction does, as a type with one function: instantiated from the table for every
// engine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "emu/fp/float.hpp"
#include "emu/isa/bit_operations.hpp"

namespace backspin::emu {

/// What a CACHE_ROW does with the block that its address lies in.
enum class CacheOperation : std::uint8_t { invalidate, clean, flush, zero };
/// Bytes of a block of Zicbom and Zicboz.
inline constexpr std::size_t kCacheBlock = 64;

/// The instructions on registers of this width: std::uint32_t for RV32, std::uint64_t for RV64.
template <class Register>
struct Semantics {
    using X = Register;
    using S = std::make_signed_t<X>;
    static constexpr unsigned kBits = 8 * sizeof(X);
    static constexpr X kShiftMask = kBits - 1;
    __extension__ using SX2 = std::conditional_t < kBits == 32, std::int64_t, __int128 > ;
    __extension__ using UX2 = std::conditional_t < kBits == 32, std::uint64_t, unsigned __int128 > ;
    using f16 = fp::f16;
    using f32 = fp::f32;
    using f64 = fp::f64;
    using Raw16 = fp::Raw16;
    using Raw32 = fp::Raw32;
    using Raw64 = fp::Raw64;

    static constexpr X W(X value) { return static_cast<X>(static_cast<S>(static_cast<std::int32_t>(value))); }

    /// 32-bit division with the results that RISC-V defines for a zero divisor and for overflow.
    template <class T>
    struct Divide {
        static constexpr X quotient(X dividend, X divisor) {
            const auto n = static_cast<T>(dividend);
            const auto d = static_cast<T>(divisor);
            if (d == 0) return ~X{0};
            if (std::is_signed_v<T> && d == static_cast<T>(-1)) return W(X{0} - dividend);
            return W(static_cast<X>(n / d));
        }
        static constexpr X remainder(X dividend, X divisor) {
            const auto n = static_cast<T>(dividend);
            const auto d = static_cast<T>(divisor);
            if (d == 0) return W(dividend);
            if (std::is_signed_v<T> && d == static_cast<T>(-1)) return 0;
            return W(static_cast<X>(n % d));
        }
    };

#define REGISTER_ROW(name, extension, encoding, ...) \
    struct name {                                    \
        static constexpr X apply(X a, X b) {         \
            return __VA_ARGS__;                      \
        }                                            \
    };
#define IMMEDIATE_ROW(name, extension, encoding, ...) \
    struct name {                                     \
        static constexpr X apply(X a, X imm) {        \
            return __VA_ARGS__;                       \
        }                                             \
    };
#define UPPER_ROW(name, extension, encoding, ...) \
    struct name {                                 \
        static constexpr X apply(X pc, X imm) {   \
            return __VA_ARGS__;                   \
        }                                         \
    };
#define LOAD_ROW(name, extension, encoding, type) \
    struct name {                                 \
        using Value = type;                       \
    };
#define STORE_ROW LOAD_ROW
#define RESERVE_ROW LOAD_ROW
#define CONDITIONAL_ROW LOAD_ROW
#define FLOAT_LOAD_ROW LOAD_ROW
#define FLOAT_STORE_ROW LOAD_ROW
#define BRANCH_ROW(name, extension, encoding, ...) \
    struct name {                                  \
        static constexpr bool apply(X a, X b) {    \
            return __VA_ARGS__;                    \
        }                                          \
    };
#define JUMP_ROW(name, extension, encoding, ...)     \
    struct name {                                    \
        static constexpr X apply(X pc, X a, X imm) { \
            return __VA_ARGS__;                      \
        }                                            \
    };
#define ATOMIC_ROW(name, extension, encoding, type, ...)   \
    struct name {                                          \
        using Value = type;                                \
        using U = std::make_unsigned_t<Value>;             \
        static constexpr Value apply(Value old, Value b) { \
            return static_cast<Value>((__VA_ARGS__));      \
        }                                                  \
    };
#define FLOAT_ROW(name, extension, encoding, result, operand, ...)                        \
    struct name {                                                                         \
        using Result = result;                                                            \
        using Operand = operand;                                                          \
        static Result apply([[maybe_unused]] fp::Context& fp, [[maybe_unused]] Operand a, \
                            [[maybe_unused]] Operand b, [[maybe_unused]] Operand c) {     \
            return __VA_ARGS__;                                                           \
        }                                                                                 \
    };
#include "emu/isa/instructions.inc"
};

}  // namespace backspin::emu
