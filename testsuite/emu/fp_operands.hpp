// Operands that go wrong where floating point goes wrong: chosen ones, and random ones with a taste for the
// edges.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include "emu/fp/float.hpp"

namespace backspin::emu::testing {

inline constexpr std::array kRoundings{fp::Rounding::nearest_even, fp::Rounding::toward_zero,
                                       fp::Rounding::down, fp::Rounding::up,
                                       fp::Rounding::nearest_max_magnitude};

/// The number (1 + fraction / 2^fraction bits) * 2^exponent. Precondition: it is a normal one of the format.
template <fp::Float F>
F number(int exponent, std::uint64_t fraction) {
    const int field = exponent - fp::Format<F>::kMinExponent + 1;
    return {static_cast<typename F::Bits>((std::uint64_t{1} << F::kFractionBits) * field + fraction)};
}

/// The fewest that meet every case of an operation, of both signs.
template <fp::Float F>
std::vector<F> few_operands() {
    using Format = fp::Format<F>;
    using Bits = typename F::Bits;
    const std::vector<F> positive{
        F{0},
        F{1},                                                // the smallest subnormal number
        F{static_cast<Bits>(Format::kFraction)},             // the largest
        F{Format::kSmallestNormal},                          //
        number<F>(0, 0),                                     // 1
        number<F>(0, 1),                                     // and its neighbours
        number<F>(-1, Format::kFraction),                    //
        number<F>(Format::kMaxExponent, Format::kFraction),  // the largest
        F{Format::kInfinity},                                //
        Format::kCanonicalNan,                               //
        F{static_cast<Bits>(Format::kInfinity | 1)},         // signaling
    };
    auto all = positive;
    for (const F f : positive) all.push_back(negate(f));
    return all;
}

/// Those, and more ends, halves, neighbours, and what lies around the ends of the integer types.
template <fp::Float F>
std::vector<F> many_operands() {
    using Format = fp::Format<F>;
    using Bits = typename F::Bits;
    std::vector<F> positive{
        F{2},
        F{3},
        F{static_cast<Bits>(Format::kSmallestNormal - 2)},
        F{static_cast<Bits>(Format::kSmallestNormal + 1)},
        F{static_cast<Bits>(Format::kSmallestNormal | Format::kFraction)},
        number<F>(Format::kMinExponent + 1, 0),
        number<F>(-1, 0),                                                    // 0.5
        number<F>(-1, 1),                                                    //
        number<F>(-2, Format::kFraction),                                    //
        number<F>(0, Format::kQuiet),                                        // 1.5
        number<F>(0, Format::kFraction),                                     //
        number<F>(1, 0),                                                     // 2
        number<F>(1, Format::kQuiet >> 1),                                   // 2.5
        number<F>(1, Format::kQuiet),                                        // 3
        number<F>(-Format::kPrecision, 0),                                   // half an ulp of 1
        number<F>(-Format::kPrecision, 1),                                   //
        number<F>(-Format::kPrecision - 1, Format::kFraction),               //
        number<F>(Format::kFractionBits, 1),                                 // odd integers
        number<F>(Format::kFractionBits - 1, 1),                             // and halves
        number<F>(Format::kFractionBits - 1, 3),                             //
        number<F>(Format::kMaxExponent, 0),                                  //
        number<F>(Format::kMaxExponent, Format::kFraction - 1),              //
        number<F>(Format::kMaxExponent - 1, Format::kFraction),              //
        F{static_cast<Bits>(Format::kInfinity | Format::kQuiet | 5)},        // a payload
        F{static_cast<Bits>(Format::kInfinity | Format::kQuiet >> 1)},       // signaling
        F{static_cast<Bits>(Format::kInfinity | (Format::kFraction >> 1))},  //
    };
    for (const int exponent : {7, 8, 15, 16, 31, 32, 63, 64}) {
        if (exponent > Format::kMaxExponent) continue;
        positive.push_back(number<F>(exponent, 0));
        positive.push_back(number<F>(exponent, 1));
        positive.push_back(number<F>(exponent - 1, Format::kFraction));
    }
    if constexpr (Format::kFractionBits > 32) {
        for (const std::uint64_t halves : {1, 2, 3}) {  // 2^31 - 1/2, 2^31 - 1, ..., and the same of 2^32
            positive.push_back(
                number<F>(30, Format::kFraction + 1 - (halves << (Format::kFractionBits - 31))));
            positive.push_back(
                number<F>(31, Format::kFraction + 1 - (halves << (Format::kFractionBits - 32))));
            positive.push_back(number<F>(31, halves << (Format::kFractionBits - 32)));
        }
    }
    auto all = few_operands<F>();
    for (const F f : positive) {
        all.push_back(f);
        all.push_back(negate(f));
    }
    return all;
}

/// How many random operands for each operation: enough for every commit, or BACKSPIN_SOAK times some.
inline int random_rounds(int quick) {
    const auto* soak = std::getenv("BACKSPIN_SOAK");
    return soak != nullptr ? std::max(std::atoi(soak) * 200, quick) : quick;
}

class RandomOperands {
  public:
    explicit RandomOperands(std::uint64_t seed) : random_(seed) {}

    /// Any bits, few bits, runs of ones; near the last one, near 1, at the ends of the format, or an integer.
    template <fp::Float F>
    F any() {
        using Format = fp::Format<F>;
        using Bits = typename F::Bits;
        const auto bits = static_cast<Bits>(random_());
        const auto sign = static_cast<Bits>(bits & Format::kSign);
        const auto fraction = this->fraction() & Format::kFraction;
        const auto with_exponent = [&](int exponent) {
            const int inside = std::clamp(exponent, Format::kMinExponent, Format::kMaxExponent);
            return F{static_cast<Bits>(sign | number<F>(inside, fraction).bits)};
        };
        F f{};
        switch (below(8)) {
            case 0: f = F{bits}; break;
            case 1: f = F{static_cast<Bits>(sign | fraction)}; break;
            case 2: f = with_exponent(below(2 * Format::kPrecision) - Format::kPrecision); break;
            case 3: f = with_exponent(below(2 * Format::kMaxExponent) + Format::kMinExponent); break;
            case 4:
                f = with_exponent(exponent_of_last_ + below(2 * Format::kPrecision + 4) - Format::kPrecision -
                                  2);
                break;
            case 5: f = with_exponent(Format::kMinExponent / (1 + below(3)) + below(5) - 2); break;
            case 6: f = with_exponent(Format::kMaxExponent / (1 + below(2)) + below(3) - 1); break;
            default: f = with_exponent(below(70)); break;
        }
        const auto field = static_cast<int>((f.bits & Format::kInfinity) >> Format::kFractionBits);
        exponent_of_last_ = field - 1 + Format::kMinExponent;
        return f;
    }

    template <class I>
    I integer() {
        const auto bits = random_() >> below(64);
        return static_cast<I>(below(2) == 0 ? bits : 0 - bits);
    }

  private:
    int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
    std::uint64_t fraction() {
        const auto bits = random_();
        switch (below(4)) {
            case 0: return bits;
            case 1: return std::uint64_t{1} << (bits % 64) | std::uint64_t{1} << (bits / 64 % 64);
            case 2: return ~std::uint64_t{0} << (bits % 64);
            default: return ~std::uint64_t{0} >> (bits % 64);
        }
    }

    std::mt19937_64 random_;
    int exponent_of_last_ = 0;
};

}  // namespace backspin::emu::testing
