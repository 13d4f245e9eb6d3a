// x86-64: SSE2, and FMA where the processor has it. They agree with RISC-V in all but NaNs: which one
// results, and that inf * 0 + a quiet NaN is invalid. Tininess is detected after rounding by both.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, sections "MXCSR Control and
// Status Register" and "SIMD Floating-Point Exceptions".
#ifdef __x86_64__

#include <array>
#include <bit>

#include "emu/fp/host.hpp"
#include "emu/fp/shortcut.hpp"
#include "emu/fp/software.hpp"

namespace backspin::emu::fp::host {
namespace {

using shortcut::native;

/// As a thread starts with it: to the nearest, everything masked, no flags, subnormal numbers as they are.
constexpr std::uint32_t kUsualControl = 0x1f80;

constexpr std::array<std::uint32_t, 4> kControls{
    kUsualControl,            // nearest_even
    kUsualControl | 3 << 13,  // toward_zero
    kUsualControl | 1 << 13,  // down
    kUsualControl | 2 << 13,  // up
};

/// MXCSR's flags as those of fflags.
constexpr auto kFlags = [] {
    std::array<std::uint8_t, 64> flags{};
    for (unsigned status = 0; status < flags.size(); ++status) {
        unsigned all = 0;
        if ((status & 1) != 0) all |= flag::invalid;
        // Bit 1 says that an operand was subnormal, which RISC-V does not tell.
        if ((status & 4) != 0) all |= flag::divide_by_zero;
        if ((status & 8) != 0) all |= flag::overflow;
        if ((status & 16) != 0) all |= flag::underflow;
        if ((status & 32) != 0) all |= flag::inexact;
        flags[status] = static_cast<std::uint8_t>(all);
    }
    return flags;
}();

bool can_round(const Environment& env) {
    return env.rounding != Rounding::nearest_max_magnitude;
}

std::uint32_t control_for(const Environment& env) {
    return kControls[static_cast<std::size_t>(env.rounding)];
}

/// A result of the host's, with what MXCSR was after it.
template <Float F>
F finish(Environment& env, shortcut::Native<F> result, std::uint32_t status) {
    env.raise(kFlags[status % kFlags.size()]);
    const F f{std::bit_cast<typename F::Bits>(result)};
    return is_nan(f) ? Format<F>::kCanonicalNan : f;
}

}  // namespace

// The rounding mode is set, used and set back within one asm statement, so that no other computation can come
// between, and the compiler can neither move this one nor do it itself.
#define WITH_CONTROL(instruction) \
    "ldmxcsr %[control]\n\t" instruction "\n\tstmxcsr %[control]\n\tldmxcsr %[usual]"

#define OPERATION_OF_TWO(name, F, instruction, in_software)             \
    F name(Environment& env, F a, F b) {                                \
        if (!can_round(env)) return in_software;                        \
        auto control = control_for(env);                                \
        auto result = native(a);                                        \
        asm volatile(WITH_CONTROL(instruction " %[b], %[result]")       \
                     : [result] "+x"(result), [control] "+m"(control)   \
                     : [b] "x"(native(b)), [usual] "m"(kUsualControl)); \
        return finish<F>(env, result, control);                         \
    }

OPERATION_OF_TWO(add, f32, "addss", software::add(env, a, b))
OPERATION_OF_TWO(add, f64, "addsd", software::add(env, a, b))
OPERATION_OF_TWO(sub, f32, "subss", software::add(env, a, negate(b)))
OPERATION_OF_TWO(sub, f64, "subsd", software::add(env, a, negate(b)))
OPERATION_OF_TWO(mul, f32, "mulss", software::mul(env, a, b))
OPERATION_OF_TWO(mul, f64, "mulsd", software::mul(env, a, b))
OPERATION_OF_TWO(div, f32, "divss", software::div(env, a, b))
OPERATION_OF_TWO(div, f64, "divsd", software::div(env, a, b))

#define ROOT(F, instruction)                                                                                \
    F sqrt(Environment& env, F a) {                                                                         \
        auto result = native(a);                                                                            \
        if (shortcut::settled(env)) {                                                                       \
            asm(instruction " %[result], %[result]" : [result] "+x"(result));                               \
            if (const auto root = shortcut::from_native<F>(result); shortcut::is_finite(root)) return root; \
            result = native(a);                                                                             \
        }                                                                                                   \
        if (!can_round(env)) return software::sqrt(env, a);                                                 \
        auto control = control_for(env);                                                                    \
        asm volatile(WITH_CONTROL(instruction " %[result], %[result]")                                      \
                     : [result] "+x"(result), [control] "+m"(control)                                       \
                     : [usual] "m"(kUsualControl));                                                         \
        return finish<F>(env, result, control);                                                             \
    }

ROOT(f32, "sqrtss")
ROOT(f64, "sqrtsd")

#define FUSED(F, instruction)                                                                              \
    F fma(Environment& env, F a, F b, F c) {                                                               \
        if (!can_round(env) || !__builtin_cpu_supports("fma")) return software::fma(env, a, b, c);         \
        const auto x = native(b);                                                                          \
        const auto y = native(c);                                                                          \
        auto result = native(a);                                                                           \
        if (shortcut::settled(env)) {                                                                      \
            asm(instruction " %[c], %[b], %[result]" : [result] "+x"(result) : [b] "x"(x), [c] "x"(y));    \
            if (const auto sum = shortcut::from_native<F>(result); shortcut::is_ordinary(sum)) return sum; \
            result = native(a);                                                                            \
        }                                                                                                  \
        if (is_nan(c)) return software::fma(env, a, b, c);                                                 \
        auto control = control_for(env);                                                                   \
        asm volatile(WITH_CONTROL(instruction " %[c], %[b], %[result]")                                    \
                     : [result] "+x"(result), [control] "+m"(control)                                      \
                     : [b] "x"(x), [c] "x"(y), [usual] "m"(kUsualControl));                                \
        return finish<F>(env, result, control);                                                            \
    }

FUSED(f32, "vfmadd213ss")
FUSED(f64, "vfmadd213sd")

}  // namespace backspin::emu::fp::host

#endif
