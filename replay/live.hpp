// The machine at its frontier: takes inputs from the host, and waits with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/timeline.hpp"

namespace backspin::replay {

class LiveRun {
  public:
    /// The observer is told of the hits of these stop points; null: nothing is armed.
    LiveRun(History& history, const GoOnOptions& options, Observer* observer,
            std::span<const StopPoint> points)
        : history_(history), options_(options), observer_(observer), points_(points) {}

    /// Goes on until the limit at the latest, with inputs as they come. Never ends as idle; asleep only when
    /// nobody waits. Precondition: the history goes live from here.
    Arrival run();

    /// The machine is idle or asleep: waits for what comes first of its deadline, an input and an interrupt.
    /// `reached` when it has moved on.
    Arrival wait(Arrival why);

    /// Takes what has arrived, up to the limit, and up to an input that the observer stops at, which is then
    /// in the log before the machine. A machine that is off takes nothing.
    void take_inputs();

    /// Whether idle time is real time.
    bool interactive() const { return port() != nullptr && port()->interactive(); }

    /// Whether the host has a say before the clock jumps: it may wait in real time, or give input at once.
    bool pauses_when_idle() const { return interactive() || ask_again(); }

  private:
    InputPort* port() const { return history_.hooks.input; }
    std::optional<AskAgain> ask_again() const;
    /// Where the next run ends at the latest.
    StepCount bound() const;
    /// The time until the port wants to be asked again; nothing if it names none.
    std::optional<VirtualTime> until_asked() const;
    void warp(VirtualTime by);
    bool may_wait_asleep() const;
    Arrival jump();
    /// Takes one input if there is one, after the clock has moved by the time waited.
    bool take_after(std::chrono::nanoseconds waited, VirtualTime at_most);
    void sleep(std::chrono::nanoseconds at_most) const;
    Arrival wait_idle();
    Arrival wait_asleep();

    History& history_;
    const GoOnOptions& options_;
    Observer* observer_;
    std::span<const StopPoint> points_;
};

}  // namespace backspin::replay
