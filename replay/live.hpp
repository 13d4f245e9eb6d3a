// The machine at its frontier: takes inputs from the host, and waits with it.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/timeline.hpp"

namespace backspin::replay {

class LiveRun {
  public:
    LiveRun(History& history, const GoOnOptions& options) : history_(history), options_(options) {}

    /// Goes on until the limit at the latest, with inputs as they come. Never ends as idle; asleep only when
    /// nobody waits. Precondition: live and at the frontier.
    Arrival run(Observer* observer, std::span<const StopPoint> points);

    /// The machine is idle or asleep: waits for what comes first of its deadline, an input and an interrupt.
    /// `reached` when it has moved on.
    Arrival wait(Arrival why);

    /// Takes what has arrived, up to the limit. Precondition: the machine is not off.
    void take_inputs();

    /// Whether idle time is real time.
    bool interactive() const { return port() != nullptr && port()->interactive(); }

  private:
    InputPort* port() const { return history_.hooks.input; }
    bool may_wait_asleep() const;
    /// Takes one input if there is one, after the clock has moved by the time waited.
    bool take_after(std::chrono::nanoseconds waited, VirtualTime at_most);
    void sleep(std::chrono::nanoseconds at_most) const;
    Arrival wait_idle();
    Arrival wait_asleep();

    History& history_;
    const GoOnOptions& options_;
};

}  // namespace backspin::replay
