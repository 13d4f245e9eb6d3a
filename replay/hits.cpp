#include "replay/hits.hpp"

#include <algorithm>

namespace backspin::replay {
namespace {

class HitCollector : public Observer {
  public:
    HitCollector(const Machine& machine, const Stops& stops, const Ignored& ignored)
        : machine_(machine), stops_(stops), ignored_(ignored) {}
    Verdict on_hit(const Hit& hit) override {
        if (!is_ignored(hit, ignored_) && counts(machine_, hit, stops_)) hits.push_back(hit);
        return Verdict::go_on;
    }
    std::vector<Hit> hits;

  private:
    const Machine& machine_;
    const Stops& stops_;
    const Ignored& ignored_;
};

}  // namespace

bool is_ignored(const Hit& hit, const Ignored& ignored) {
    if (is_data(hit)) return std::ranges::find(ignored.told, hit) != ignored.told.end();
    return ignored.attempt && ignored.attempt->at == hit.at && ignored.attempt->hart == hit.hart;
}

bool counts(const Machine& machine, const Hit& hit, const Stops& stops) {
    if (hit.kind == StopKind::write && !hit.changes_value && !stops.unchanged_too) return false;
    return !stops.filter || stops.filter(machine, hit);
}

std::vector<Hit> hits_here(History& history, const Stops& stops, const Ignored& ignored) {
    HitCollector collector(history.machine(), stops, ignored);
    const auto here = history.save();
    history.run({.until = here.at + StepCount{1},
                 .observer = &collector,
                 .points = stops.points,
                 .look_ahead = true});
    history.load(here);
    return std::move(collector.hits);
}

std::vector<Hit> settle_forward(History& history, const Stops& stops, const Ignored& ignored) {
    auto hits = hits_here(history, stops, ignored);
    if (std::ranges::any_of(hits, [](const Hit& hit) { return !is_data(hit); })) {
        std::erase_if(hits, is_data);
    } else if (stops.timing == DataTiming::after_access) {
        history.run({.until = history.now() + StepCount{1}, .show_output = true});
    }
    return hits;
}

}  // namespace backspin::replay
