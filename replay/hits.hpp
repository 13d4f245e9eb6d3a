// Which of the hits that a machine reports are stops for the user.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "replay/history.hpp"
#include "replay/stops.hpp"

namespace backspin::replay {

/// A data stop, or a trap stop, which is told as one: known by what the step does, not by where it begins.
inline bool is_data(const Hit& hit) {
    return hit.kind != StopKind::execute;
}

/// What does not count in one move.
struct Ignored {
    /// Data stops that the user was told of where the cursor is: told again, a client could never get past
    /// them.
    std::span<const Hit> told{};
    /// The attempt that a step is about: its own breakpoint does not stop it.
    struct Attempt {
        StepCount at;
        HartId hart;
    };
    std::optional<Attempt> attempt{};
};

bool is_ignored(const Hit& hit, const Ignored& ignored);

/// Whether the hit, which the machine is at, is a stop at all: a store that leaves the value as it was is
/// none for those who wait for writes.
bool counts(const Machine& machine, const Hit& hit, const Stops& stops);

/// Says stop at the first hit that counts.
class HitCatcher : public Observer {
  public:
    HitCatcher(const Machine& machine, const Stops& stops, const Ignored& ignored)
        : machine_(machine), stops_(stops), ignored_(ignored) {}
    Verdict on_hit(const Hit& hit) override {
        return !is_ignored(hit, ignored_) && counts(machine_, hit, stops_) ? Verdict::stop : Verdict::go_on;
    }

  private:
    const Machine& machine_;
    const Stops& stops_;
    const Ignored& ignored_;
};

/// All hits of the step from where the machine is that count, execute and data. Leaves the machine where it
/// was.
std::vector<Hit> hits_here(History& history, const Stops& stops, const Ignored& ignored);

/// For a machine that a catcher has stopped going forward: says what is told and where, and moves there.
/// Breakpoints come first; the data stops of the same step are then told by the next move, so that each is
/// told once. Hits told together are all of one of these two kinds.
std::vector<Hit> settle_forward(History& history, const Stops& stops, const Ignored& ignored);

}  // namespace backspin::replay
