// One step of a hart, backward: the inverse of stepping.hpp, over the same states.
#pragma once

#include <optional>
#include <variant>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/interrupts.hpp"
#include "replay/step_trace.hpp"

namespace backspin::replay {

class StepsBack {
  public:
    StepsBack(History& history, VirtualTime longest_interrupt)
        : trace_(history), interrupts_(history, longest_interrupt) {}

    struct Landing {
        StepCount at;      ///< right after the own step before the one undone; 0 if there is none
        StepCount undone;  ///< the own step from here to undone + 1
    };
    struct None {
        std::optional<Arrival> early;  ///< interrupted or diverged; nothing: no own step lies before
    };
    /// Where a step back from a position leads. Moves the machine anywhere. Precondition: from <= frontier.
    std::variant<Landing, None> landing(StepCount from, HartId hart, bool show_interrupts);

    /// What was found holds no more: the history is another one.
    void forget() {
        trace_.forget();
        interrupts_.forget();
    }

  private:
    /// The end of the latest own step that ended at `end` or before it; 0 if there is none. With interrupts
    /// hidden, complete ones are no own steps, and taking one that is not complete at `end` is.
    std::variant<StepCount, Arrival> own_step_end(StepCount end, HartId hart, bool show_interrupts);

    StepTrace trace_;
    InterruptSearch interrupts_;
};

}  // namespace backspin::replay
