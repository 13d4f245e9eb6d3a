// The slow judge: executes from power-on by single steps, records everything, and says what each move of a
// timeline should come to, by the plainest reading of docs/replay.md. Knows no snapshots, no memo and no
// search but a loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "replay/event_log.hpp"
#include "replay/stops.hpp"
#include "testsuite/replay/judged.hpp"

namespace backspin::replay {

/// A whole state in one number.
std::uint64_t digest(const SavedState& state);

struct Expected {
    StopReason why{};
    StepCount at;
    std::vector<Hit> hits;
};

class Judge {
  public:
    /// Of any machine that is a Judged, too.
    template <class SomeMachine>
    Judge(std::unique_ptr<SomeMachine> machine, VirtualTime longest_interrupt)
        : judged_(*machine), machine_(std::move(machine)), longest_(longest_interrupt) {}

    /// What a timeline that begins there cannot know about, the judge does not say either.
    void begin_at(StepCount begin) { begin_ = begin; }

    /// Executes to the frontier with the log's inputs, and some way beyond it with none.
    void follow(const EventLog& log, StepCount frontier);

    std::uint64_t digest_at(StepCount at) const { return moments_.at(at.value).digest; }
    bool off_at(StepCount at) const { return moments_.at(at.value).off; }

    // What the timeline's moves should give. `end` is where the history ends for a move from the past;
    // nothing for one that goes live. `interrupted` where the judge has not been: a move that was not cut
    // short ends before.
    Expected go_on(StepCount from, std::optional<StepCount> end, const Stops& stops,
                   std::span<const Hit> told, StepCount limit) const;
    Expected go_back(StepCount from, const Stops& stops, std::span<const Hit> told) const;
    Expected step(StepCount from, std::optional<StepCount> end, HartId hart, const StepPolicy& policy,
                  const Stops& stops, std::span<const Hit> told, StepCount limit) const;
    Expected step_back(StepCount from, HartId hart, bool show_interrupts, const Stops& stops,
                       std::span<const Hit> told) const;

    /// The stops of the step from `at` that count, in the machine's order.
    std::vector<Hit> hits_at(StepCount at, const Stops& stops) const;

  private:
    struct Moment;
    std::optional<Hit> data_hit(const Moment& moment, const StopPoint& point, StepCount at) const;

    struct Moment {
        std::uint64_t digest = 0;
        VirtualTime time;
        std::vector<ExecutionContext> contexts;
        std::optional<StepInfo> step;  ///< what comes next; nothing when asleep or off
        bool off = false;
        std::optional<HartId> attempt;
        std::vector<Touched> touched;
        std::optional<Trapped> trapped;
    };
    struct Target {
        StopReason why{};
        StepCount at;
        std::optional<StepCount> first_own;
    };

    Moment moment_here();
    Target step_target(StepCount from, std::optional<StepCount> end, HartId hart, const StepPolicy& policy,
                       StepCount limit) const;
    /// Where the hart is back from the interrupt taken at `at`; nothing if it is not in time.
    std::optional<StepCount> back_from(StepCount at, HartId hart) const;
    std::optional<StepCount> entry_of(StepCount back, HartId hart) const;
    StepCount own_step_end(StepCount end, HartId hart, bool show_interrupts) const;
    std::optional<Expected> stop_forward(StepCount at, const Stops& stops, std::span<const Hit> told,
                                         std::optional<StepCount> not_execute) const;
    Expected history_end(StepCount from, StepCount end, const Stops& stops, std::span<const Hit> told,
                         std::optional<StepCount> not_execute) const;

    const Judged& judged_;  ///< the machine
    std::unique_ptr<Machine> machine_;
    VirtualTime longest_;
    StepCount begin_;
    std::vector<Moment> moments_;
    std::optional<SavedState> at_frontier_;
};

}  // namespace backspin::replay
