// One step of a hart, forward: found by looking ahead with nothing armed, then made with the stops armed.
#pragma once

#include <optional>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/hits.hpp"
#include "replay/interrupts.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

/// Finds where a step ends. Knows how far it has come, so that a step may be made in pieces, with inputs in
/// between.
class StepAhead {
  public:
    StepAhead(HartId hart, const StepPolicy& policy, VirtualTime longest_interrupt)
        : hart_(hart), policy_(policy), longest_(longest_interrupt) {}

    enum class View : std::uint8_t {
        made,         ///< the step is complete at `until`
        more,         ///< nothing in the way up to `until`; look again from there
        host,         ///< at `until` the machine is idle, asleep or off: up to the host
        history_end,  ///< at `until` the history ends, and the step may not pass
        interrupted,
        diverged,
    };
    struct Outlook {
        View view{};
        StepCount until;  ///< may lie before where the machine is: at the entry of an interrupt that does not
                          ///< come back
    };
    struct Bounds {
        bool may_pass_frontier = false;
        bool pause_when_idle = false;
    };
    /// Leaves the machine where it is. What it finds holds as long as no input comes.
    Outlook look(History& history, const Bounds& bounds);

    /// The hart's first own step, when it is an attempt and known.
    std::optional<Ignored::Attempt> first_attempt() const { return first_attempt_; }

  private:
    Outlook look_from_here(History& history, const Bounds& bounds);
    std::optional<Outlook> cross_interrupt(History& history, const Bounds& bounds);
    bool still_in_range(const Machine& machine) const;

    HartId hart_;
    StepPolicy policy_;
    VirtualTime longest_;
    std::optional<Ignored::Attempt> first_attempt_;
    std::optional<OpenInterrupt> open_;
    std::uint64_t steps_ = 256;  ///< to look ahead; doubles, for ranges and for harts that sleep long
};

}  // namespace backspin::replay
