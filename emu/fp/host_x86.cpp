// x86-64: SSE2, and FMA where the processor has it. They agree with RISC-V in all but NaNs: which one
// results, and that inf * 0 + a quiet NaN is invalid. Tininess is detected after rounding by both.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, sections "MXCSR Control and
// Status Register" and "SIMD Floating-Point Exceptions".
#ifdef __x86_64__

#include <bit>

#include "emu/fp/host.hpp"
#include "emu/fp/mxcsr.hpp"
#include "emu/fp/shortcut.hpp"
#include "emu/fp/software.hpp"

namespace backspin::emu::fp::host {
namespace {

using shortcut::native;

/// A result of the host's, with what MXCSR was after it.
template <Float F>
F finish(Environment& env, shortcut::Native<F> result, std::uint32_t status) {
    env.raise(mxcsr::flags_of(status));
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
        if (!mxcsr::can_round(env.rounding)) return in_software;        \
        auto control = mxcsr::control_for(env.rounding);                \
        auto result = native(a);                                        \
        asm volatile(WITH_CONTROL(instruction " %[b], %[result]")       \
                     : [result] "+x"(result), [control] "+m"(control)   \
                     : [b] "x"(native(b)), [usual] "m"(mxcsr::kUsual)); \
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
        if (!mxcsr::can_round(env.rounding)) return software::sqrt(env, a);                                 \
        auto control = mxcsr::control_for(env.rounding);                                                    \
        asm volatile(WITH_CONTROL(instruction " %[result], %[result]")                                      \
                     : [result] "+x"(result), [control] "+m"(control)                                       \
                     : [usual] "m"(mxcsr::kUsual));                                                         \
        return finish<F>(env, result, control);                                                             \
    }

ROOT(f32, "sqrtss")
ROOT(f64, "sqrtsd")

#define FUSED(F, instruction)                                                                              \
    F fma(Environment& env, F a, F b, F c) {                                                               \
        if (!mxcsr::can_round(env.rounding) || !__builtin_cpu_supports("fma"))                             \
            return software::fma(env, a, b, c);                                                            \
        const auto x = native(b);                                                                          \
        const auto y = native(c);                                                                          \
        auto result = native(a);                                                                           \
        if (shortcut::settled(env)) {                                                                      \
            asm(instruction " %[c], %[b], %[result]" : [result] "+x"(result) : [b] "x"(x), [c] "x"(y));    \
            if (const auto sum = shortcut::from_native<F>(result); shortcut::is_ordinary(sum)) return sum; \
            result = native(a);                                                                            \
        }                                                                                                  \
        if (is_nan(c)) return software::fma(env, a, b, c);                                                 \
        auto control = mxcsr::control_for(env.rounding);                                                   \
        asm volatile(WITH_CONTROL(instruction " %[c], %[b], %[result]")                                    \
                     : [result] "+x"(result), [control] "+m"(control)                                      \
                     : [b] "x"(x), [c] "x"(y), [usual] "m"(mxcsr::kUsual));                                \
        return finish<F>(env, result, control);                                                            \
    }

FUSED(f32, "vfmadd213ss")
FUSED(f64, "vfmadd213sd")

}  // namespace backspin::emu::fp::host

#endif
