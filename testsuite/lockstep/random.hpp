// Random choices, the same for a seed on every computer.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

namespace backspin::lockstep {

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t bits() { return engine_(); }
    /// low to high, both included. (The standard's distributions differ between libraries.)
    std::uint64_t any(std::uint64_t low, std::uint64_t high) { return low + engine_() % (high - low + 1); }
    bool chance(unsigned percent) { return any(0, 99) < percent; }
    template <class Values>
    auto one_of(const Values& values) {
        return values[any(0, std::size(values) - 1)];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace backspin::lockstep
