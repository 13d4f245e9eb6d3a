// What each computing instruction does, as a type with one function: instantiated from the table for every
// engine.
#pragma once

#include <cstdint>
#include <type_traits>

namespace backspin::emu::semantics {

using X = std::uint64_t;
using S = std::int64_t;
__extension__ using SX2 = __int128;
__extension__ using UX2 = unsigned __int128;
inline constexpr unsigned kBits = 64;
inline constexpr X kShiftMask = kBits - 1;

constexpr X W(X value) {
    return static_cast<X>(static_cast<S>(static_cast<std::int32_t>(value)));
}

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
#define STORE_ROW(name, extension, encoding, type) \
    struct name {                                  \
        using Value = type;                        \
    };
#define RESERVE_ROW(name, extension, encoding, type) \
    struct name {                                    \
        using Value = type;                          \
    };
#define CONDITIONAL_ROW(name, extension, encoding, type) \
    struct name {                                        \
        using Value = type;                              \
    };
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
#include "emu/isa/instructions.inc"

}  // namespace backspin::emu::semantics
