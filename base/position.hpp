// Coordinates of time travel (docs/architecture.md, "Vocabulary").
#pragma once

#include <compare>
#include <cstdint>

namespace backspin {

/// Steps of a machine since power-on; also used for a difference of two such counts. A machine knows this
/// number only; the branch that it belongs to is known to the timeline.
struct StepCount {
    std::uint64_t value = 0;

    constexpr auto operator<=>(const StepCount&) const = default;
    constexpr StepCount& operator+=(StepCount by) { return value += by.value, *this; }
    friend constexpr StepCount operator+(StepCount a, StepCount b) { return {a.value + b.value}; }
    /// Precondition: a >= b.
    friend constexpr StepCount operator-(StepCount a, StepCount b) { return {a.value - b.value}; }
};

inline constexpr StepCount kEndOfTime{~std::uint64_t{0}};

/// One future of the machine. Branch 0 starts at power-on; the others start where the user changed the past.
struct Branch {
    std::uint32_t id = 0;

    constexpr auto operator<=>(const Branch&) const = default;
};

/// The one coordinate of time travel. Within a branch positions are dense and unique: one machine state each.
/// The order between positions of different branches is only a stable key order; it means nothing in time.
struct Position {
    Branch branch;
    StepCount step;

    constexpr auto operator<=>(const Position&) const = default;
};

/// Nanoseconds of the guest's own clock since power-on; also a difference of two such times.
struct VirtualTime {
    std::uint64_t ns = 0;

    constexpr auto operator<=>(const VirtualTime&) const = default;
    friend constexpr VirtualTime operator+(VirtualTime a, VirtualTime b) { return {a.ns + b.ns}; }
    /// Precondition: a >= b.
    friend constexpr VirtualTime operator-(VirtualTime a, VirtualTime b) { return {a.ns - b.ns}; }
};

}  // namespace backspin
