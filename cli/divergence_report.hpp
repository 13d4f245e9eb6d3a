// What can be found out about a divergence: which fields and pages differ, and which instruction went wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/recorded_run.hpp"
#include "cli/verification.hpp"

namespace backspin::cli {

/// Two values of one thing; `recorded` is what it should be.
struct FieldDifference {
    std::string component;
    std::string field;  ///< "x[10]"; "(all)" where the fields cannot be told apart
    std::string recorded;
    std::string replayed;
};

struct PageDifference {
    std::string place;         ///< "0x80001000", or which page of a ROM or drive
    std::uint32_t offset = 0;  ///< of the first byte that differs
    std::string recorded;      ///< up to 16 bytes from there, hexadecimal
    std::string replayed;
};

/// At most kMostDifferences of each; the counts are of all there are.
struct Differences {
    static constexpr std::size_t kMostDifferences = 16;
    std::vector<FieldDifference> fields;
    std::vector<PageDifference> pages;
    std::uint64_t field_count = 0;
    std::uint64_t page_count = 0;
};

struct WrongStep {
    StepCount at;
    std::string what;  ///< what it should be: "hart 0 at 0x80000010: sd a0, 8(sp)", or another kind of step
    Differences differences;
};

struct DivergenceReport {
    Divergence divergence;
    /// Against the snapshot that the file holds there; nothing if it holds none, or the replay stopped.
    std::optional<Differences> differences;
    /// What the reference makes of the epoch, in words.
    std::string reference;
    std::optional<WrongStep> wrong_step;
};

/// Replays up to the divergence once more, and lets the reference go the same way from where all was equal.
DivergenceReport examine(const RecordedRun& run, const RecordedDigests& digests,
                         const Divergence& divergence);

/// The differences between two states of such a machine, which is left in one of them. `before` is what
/// should be.
Differences differences_between(const SavedState& recorded, const SavedState& replayed,
                                emu::RiscvMachine& machine);

/// Several lines, each ending with a newline.
std::string to_text(const DivergenceReport& report);
nlohmann::json to_json(const DivergenceReport& report);

}  // namespace backspin::cli
