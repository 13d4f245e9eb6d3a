#include "replay/hit_visit.hpp"

#include <algorithm>

#include "replay/hits.hpp"
#include "replay/pass_over.hpp"

namespace backspin::replay {
namespace {

/// What one machine is sent along at a time, in epochs: getting a state from a file is little beside that.
constexpr std::uint64_t kStretch = 32;

/// Hands on the hits that count.
class Visitor final : public Observer {
  public:
    Visitor(const Machine& machine, const Stops& stops, const HitNote& note, const HitVisitor& visit)
        : machine_(machine), stops_(stops), note_(note), visit_(visit) {}
    Verdict on_hit(const Hit& hit) override {
        return counts(machine_, hit, stops_) ? visit_(hit, note_(machine_, hit)) : Verdict::go_on;
    }

  private:
    const Machine& machine_;
    const Stops& stops_;
    const HitNote& note_;
    const HitVisitor& visit_;
};

StepCount end_of_stretch(const History& history, StepCount from, StepCount to) {
    const auto epoch_end = history.epoch_end(from);
    const StepCount more{(kStretch - 1) * std::min(history.epoch_steps().value, to.value)};
    return to - from <= more || to <= epoch_end ? to : std::min(to, epoch_end + more);
}

}  // namespace

Arrival HitVisit::execute(StepCount from, StepCount to) {
    const bool is_long = to - from > StepCount{kStretch * history_.epoch_steps().value};
    if (crew_ != nullptr && is_long) return go_together(from, to);
    const auto arrival = history_.go_to(from);
    return arrival == Arrival::reached ? go_alone(to) : arrival;
}

/// From where the machine is.
Arrival HitVisit::go_alone(StepCount to) {
    Visitor visitor(history_.machine(), stops_, note_, visit_);
    return go_where_hits_may_be(history_, {.until = to, .observer = &visitor, .points = stops_.points});
}

Arrival HitVisit::go_together(StepCount from, StepCount to) {
    CrewAtWork at_work(*crew_, {history_, stops_, &note_});
    auto planned_until = plan(from, to);
    while (crew_->waiting() > 0) {
        if (history_.interrupted()) return Arrival::interrupted;
        const auto searched = at_work.take();
        if (!searched) continue;
        planned_until = plan(planned_until, to);
        const auto arrival = tell(*searched);
        if (arrival != Arrival::reached) return arrival;
    }
    return Arrival::reached;
}

/// Gives the crew what lies between, one stretch more than there are machines. Gives up to where it has all.
StepCount HitVisit::plan(StepCount from, StepCount to) {
    while (from < to && crew_->waiting() <= crew_->size()) {
        const auto begin = history_.accesses().first_candidate(from, to, stops_.points);
        if (begin == to) return to;
        const auto end = end_of_stretch(history_, begin, to);
        auto task = task_for(history_, history_.nearest_at_or_before(begin), end, stops_.points);
        task.begin = begin;
        crew_->add(std::move(task));
        from = end;
    }
    return from;
}

Arrival HitVisit::tell(const Searched& searched) {
    if (searched.arrival != Arrival::reached) return searched.arrival;
    keep(history_, searched);
    for (std::size_t n = 0; n < searched.hits.size(); ++n) {
        if (visit_(searched.hits[n], searched.notes[n]) == Verdict::stop) return Arrival::stopped;
    }
    if (!searched.rest) return Arrival::reached;
    history_.load(*searched.rest);
    return go_alone(searched.end);
}

}  // namespace backspin::replay
