// The host's own floating-point unit, where it does what RISC-V asks for: single and double precision,
// rounding in every mode but to the nearest with ties away from zero. The operations are those of
// emu/fp/software.hpp, bit for bit.
#pragma once

#include "emu/fp/environment.hpp"

namespace backspin::emu::fp::host {

#ifdef __x86_64__
inline constexpr bool kPresent = true;
#else
inline constexpr bool kPresent = false;  // nothing below is defined
#endif

/// Whether the functions below are there for the format.
template <class F>
concept Has = kPresent && (std::same_as<F, f32> || std::same_as<F, f64>);

f32 add(Environment& env, f32 a, f32 b);
f64 add(Environment& env, f64 a, f64 b);
f32 sub(Environment& env, f32 a, f32 b);
f64 sub(Environment& env, f64 a, f64 b);
f32 mul(Environment& env, f32 a, f32 b);
f64 mul(Environment& env, f64 a, f64 b);
f32 div(Environment& env, f32 a, f32 b);
f64 div(Environment& env, f64 a, f64 b);
f32 sqrt(Environment& env, f32 a);
f64 sqrt(Environment& env, f64 a);
/// a * b + c, rounded once.
f32 fma(Environment& env, f32 a, f32 b, f32 c);
f64 fma(Environment& env, f64 a, f64 b, f64 c);

}  // namespace backspin::emu::fp::host
