#include "replay/search_task.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "replay/first_hits.hpp"
#include "replay/last_hits.hpp"
#include "replay/slice_pacer.hpp"

namespace backspin::replay {
namespace {

/// Of one stretch. A recording's snapshots lie hundreds of epochs apart, and each state holds the pages that
/// its epoch wrote.
constexpr std::size_t kMostKept = 64;

Leg next_leg(History& history, StepCount at, StepCount end, std::span<const StopPoint> points) {
    // Notes are of one epoch, and of one branch.
    Leg leg{std::min({end, history.epoch_end(at), history.line().segment(at).end})};
    const bool is_epoch_end = leg.until == history.epoch_end(at);
    leg.kept = is_epoch_end && leg.until < end && !history.has_passed(leg.until);
    const auto& accesses = history.accesses();
    if (const auto known = accesses.containing(at)) {
        leg.until = std::min(leg.until, known->end);
        leg.kept = leg.kept && leg.until == history.epoch_end(at);
        leg.armed = accesses.first_candidate(at, leg.until, points) != leg.until;
    } else {
        leg.noted = history.notes_accesses();
    }
    return leg;
}

/// Every so manieth of them, if there are too many.
void thin(std::vector<Leg>& legs) {
    const auto kept = static_cast<std::size_t>(std::ranges::count_if(legs, &Leg::kept));
    const auto every = (kept + kMostKept - 1) / kMostKept;
    std::size_t number = 0;
    for (auto& leg : legs) leg.kept = leg.kept && ++number % every == 0;
}

/// Sends one machine along.
class Walk {
  public:
    Walk(Machine& machine, const History& history, const std::atomic<bool>& called_off)
        : machine_(machine), history_(history), called_off_(called_off) {}

    Arrival to(StepCount until, Observer* observer) {
        while (machine_.now() < until) {
            if (called_off_.load(std::memory_order_relaxed)) return Arrival::interrupted;
            const auto now = machine_.now();
            const auto* event = history_.next_event(now);
            if (event != nullptr && event->at.step == now) {
                if (machine_.apply(event->input, observer) == Verdict::stop) return Arrival::stopped;
                continue;
            }
            auto end = now + std::min(pacer_.next(), until - now);
            if (event != nullptr) end = std::min(end, event->at.step);
            const auto began = std::chrono::steady_clock::now();
            const auto arrival = machine_.run({.until = end}, observer);
            if (arrival == RunEnd::stopped) return Arrival::stopped;
            if (arrival != RunEnd::reached) return Arrival::diverged;
            pacer_.ran(end - now, std::chrono::steady_clock::now() - began);
        }
        return Arrival::reached;
    }

  private:
    Machine& machine_;
    const History& history_;
    const std::atomic<bool>& called_off_;
    SlicePacer pacer_;
};

}  // namespace

SearchTask task_for(History& history, SavedState from, StepCount end, std::span<const StopPoint> points) {
    SearchTask task{std::move(from), {}};
    for (auto at = task.from.at; at < end; at = task.legs.back().until)
        task.legs.push_back(next_leg(history, at, end, points));
    thin(task.legs);
    return task;
}

namespace {

void walk_legs(const SearchTask& task, Machine& machine, Walk walk, Observer& observer, Searched& searched) {
    for (const auto& leg : task.legs) {
        const auto begin = machine.now();
        const bool noted = leg.noted && machine.take_access_notes().has_value();
        searched.arrival = walk.to(leg.until, leg.armed ? &observer : nullptr);
        if (searched.arrival != Arrival::reached) return;
        if (noted) {
            if (auto notes = machine.take_access_notes())
                searched.accesses.push_back({begin, leg.until, PackedNotes(*notes)});
        }
        if (leg.kept) searched.states.push_back(machine.save());
    }
}

}  // namespace

Searched do_task(const SearchTask& task, Machine& machine, const History& history, const Stops& stops,
                 const HitNote* note, const std::atomic<bool>& called_off) {
    Searched searched;
    searched.begin = task.from.at;
    searched.end = task.legs.back().until;
    machine.load(task.from);
    machine.set_stop_points(stops.points);
    const Walk walk(machine, history, called_off);
    if (note != nullptr) {
        FirstHits observer(machine, stops, task.begin, *note, 4 * crowd(history.epoch_steps()));
        walk_legs(task, machine, walk, observer, searched);
        if (searched.arrival == Arrival::stopped) {
            searched.arrival = Arrival::reached;
            searched.rest = machine.save();
        }
        searched.hits = observer.take_hits();
        searched.notes = observer.take_notes();
        return searched;
    }
    LastHits observer(machine, stops, searched.begin);
    walk_legs(task, machine, walk, observer, searched);
    searched.known_from = observer.known_from();
    searched.hits = observer.hits();
    return searched;
}

void keep(History& history, const Searched& searched) {
    for (const auto& [begin, end, notes] : searched.accesses)
        history.add_accesses(history.position(begin), end, notes);
    for (const auto& state : searched.states) history.add_snapshot(state);
}

}  // namespace backspin::replay
