// What the judge must know of a machine beyond base/machine.hpp: what its next step is about to do.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/machine.hpp"

namespace backspin::replay {

/// A byte of data that a step accesses.
struct Touched {
    std::uint64_t address = 0;
    bool is_store = false;
    bool changes = false;  ///< a store that leaves another value
    HartId hart;           ///< for another than a hart the one whose turn it is
    Accessor by{};
};

/// An exception or interrupt that a hart takes in a step.
struct Trapped {
    HartId hart;
    std::uint64_t cause = 0;  ///< as trap stops have it
};

class Judged {
  public:
    virtual ~Judged() = default;
    /// The hart that would attempt an instruction next; nothing if something else comes first.
    virtual std::optional<HartId> attempts_next() const = 0;
    /// What the next step accesses, which applies the input if there is one.
    virtual std::vector<Touched> touches_next(const Input* input) const = 0;
    /// Of the next step, if it applies no input; a machine may know none.
    virtual std::optional<Trapped> traps_next() const { return std::nullopt; }
    virtual std::uint64_t ns_per_step() const = 0;
};

}  // namespace backspin::replay
