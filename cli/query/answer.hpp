// Answers questions about a history, by the timeline's own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/position.hpp"
#include "cli/place.hpp"
#include "cli/query/question.hpp"
#include "cli/query/symbols.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

/// One thing that happened, or was so.
struct Answer {
    StepCount at;  ///< right before the step that does it
    VirtualTime time;
    std::string by{};                    ///< "hart 0", a device's name, "debugger"; empty for a value
    std::optional<VirtualAddress> pc{};  ///< of the hart
    std::string symbol{};                ///< at the pc; empty: none is known
    std::optional<std::uint64_t> before{}, after{};  ///< of the first 8 bytes that were asked for
    std::string bytes{};                             ///< in hexadecimal, for more than 8
    std::vector<std::uint64_t> arguments{};          ///< of a call: a0 to a7
    std::optional<VirtualAddress> caller{};          ///< of a call: where it returns to
};

/// "12345  0.000123 s  hart 0  0x80000010 main+0x10  5 -> 6", and as JSON.
std::string to_text(const Answer& answer, const Symbols& symbols);
std::string to_json(const Answer& answer);

class Answerer {
  public:
    /// All outlive it. Addresses are taken as the hart uses them at the cursor.
    Answerer(const emu::RiscvMachine& machine, replay::Timeline& timeline, const Bookmarks& bookmarks,
             const Symbols& symbols, HartId hart, LineFinder find_line)
        : machine_(machine),
          timeline_(timeline),
          bookmarks_(bookmarks),
          symbols_(symbols),
          hart_(hart),
          find_line_(std::move(find_line)) {}

    /// True: go on. Called with the answers in ascending order of their positions.
    using Sink = std::function<bool(const Answer&)>;

    /// How many answers were given. The cursor stays. Throws StartError: no such symbol, not mapped,
    /// interrupted.
    std::size_t answer(const Question& question, const Sink& sink);

  private:
    struct Range {
        VirtualAddress at;
        std::uint64_t length;
    };

    std::size_t answer(const WriteQuestion& question, const Sink& sink);
    std::size_t answer(const AttemptQuestion& question, const Sink& sink);
    std::size_t answer(const ValueQuestion& question, const Sink& sink);
    std::size_t answer(const RegisterQuestion& question, const Sink& sink);
    std::size_t answer(const BisectQuestion& question, const Sink& sink);

    Range range_of(const Target& target) const;
    VirtualAddress address_of(const Target& target) const;
    PhysicalAddress physical(const Range& range) const;
    StepCount position_of(const std::optional<Place>& place, StepCount otherwise);
    /// Throws for what is no answer.
    void check(const replay::Stopped& stopped) const;
    /// By a machine that is at it. Called by several threads.
    Answer describe(const emu::RiscvMachine& machine, const Hit& hit) const;
    std::uint64_t number_at(const Range& range) const;
    std::uint64_t number_after(StepCount at, PhysicalAddress from, std::uint64_t length);
    std::size_t list_writes(const replay::Stops& stops, const WriteQuestion& question, const Range& range,
                            PhysicalAddress from, const Sink& sink);

    const emu::RiscvMachine& machine_;
    replay::Timeline& timeline_;
    const Bookmarks& bookmarks_;
    const Symbols& symbols_;
    HartId hart_;
    LineFinder find_line_;
};

}  // namespace backspin::cli
