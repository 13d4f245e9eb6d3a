// What QEMU is known to do otherwise where a program cannot keep away from it: errata.md says why.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "emu/isa/instruction.hpp"
#include "testsuite/lockstep/state.hpp"

namespace backspin::lockstep {

/// One attempt: what was there before, and what became of it here and in QEMU.
struct Outcome {
    State before, ours, theirs;
    emu::Instruction instruction;
};

/// The fields in which the states differ.
std::vector<std::size_t> differences(const State& ours, const State& theirs);

/// The erratum that explains why they differ; from there on the program cannot be compared any more.
std::optional<std::string_view> known_erratum(const Outcome& outcome);

}  // namespace backspin::lockstep
