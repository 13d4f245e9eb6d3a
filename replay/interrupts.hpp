// Interrupts as one move: from where a hart was interrupted to where it is back.
//
// An interrupt of a hart is complete when an xRET of that hart brings it back to the context it was
// interrupted in, the first that does, within the time that the policy allows. Nested interrupts return to
// other contexts, and so does a task switch, until the task's own turn comes; neither needs more than this
// rule.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/stretch_memo.hpp"

namespace backspin::replay {

/// An interrupt that a hart has taken, before it is known whether it comes back.
struct OpenInterrupt {
    StepCount at;  ///< the step at to at + 1 took it
    ExecutionContext interrupted;
    VirtualTime since;  ///< virtual time after that step
};

/// Says stop when the hart is back.
class ReturnWatch : public Observer {
  public:
    ReturnWatch(const Machine& machine, HartId hart, const ExecutionContext& back)
        : machine_(machine), hart_(hart), back_(back) {}
    Verdict on_trap_return(HartId hart) override {
        return hart == hart_ && machine_.context(hart) == back_ ? Verdict::stop : Verdict::go_on;
    }

  private:
    const Machine& machine_;
    HartId hart_;
    ExecutionContext back_;
};

/// Finds, from an xRET in the past, the interrupt that it completed. Remembers what it has seen of the past.
class InterruptSearch {
  public:
    InterruptSearch(History& history, VirtualTime longest) : history_(history), longest_(longest) {}

    struct NotComplete {
        std::optional<Arrival> early;  ///< interrupted or diverged; nothing: the xRET completed no interrupt
    };
    /// The position before the interrupt that the xRET of this hart, the step that ended at `back`, has
    /// completed. Moves the machine anywhere.
    std::variant<StepCount, NotComplete> entry_of(StepCount back, HartId hart);

    void forget() { memo_.clear(); }

  private:
    /// A step that took an interrupt, or an xRET.
    struct Trap {
        StepCount at;  ///< the step at to at + 1
        HartId hart;
        bool taken = false;        ///< an interrupt was taken; otherwise an xRET retired
        ExecutionContext context;  ///< interrupted there, or returned there
        VirtualTime time;          ///< after the step
    };
    class TrapCollector;
    using Memo = StretchMemo<Trap>;

    /// The stretch of what is known that has the step before `end`; found out first if need be. Null: see
    /// arrival.
    const Memo::Stretch* known_before(StepCount end, Arrival& arrival);

    History& history_;
    VirtualTime longest_;
    /// 10 ms of a guest that traps every hundred steps are 2^17 traps and 7 MB.
    Memo memo_{std::size_t{1} << 17};
};

}  // namespace backspin::replay
