#include "replay/stretch_search.hpp"

#include <algorithm>
#include <cstddef>

#include "replay/last_hits.hpp"
#include "replay/pass_over.hpp"

namespace backspin::replay {
namespace {

class StretchSearch {
  public:
    StretchSearch(History& history, StepCount end, const Stops& stops,
                  const std::function<void()>& each_slice)
        : history_(history), end_(end), stops_(stops), each_slice_(each_slice ? &each_slice : nullptr) {}

    std::variant<StretchHits, Arrival> execute() {
        const auto begin = history_.now();
        LastHits hits(history_.machine(), stops_, begin);
        hits.stop_beyond(crowd(history_.epoch_steps()));
        const auto arrival = pass(hits, end_);
        if (arrival != Arrival::stopped) return answer(arrival, hits);

        hits.never_stop();
        const StepCount near_the_end = (history_.now() - begin) + (history_.now() - begin);
        if (end_ - history_.now() < near_the_end + near_the_end) return answer(pass(hits, end_), hits);
        return search_backwards(hits, StepCount{end_.value - near_the_end.value});
    }

  private:
    /// First from `last_part` on. From where the machine is to there only if nothing is found.
    std::variant<StretchHits, Arrival> search_backwards(LastHits& hits, StepCount last_part) {
        const auto state = history_.save();
        auto arrival = history_.run({.until = last_part, .each_slice = each_slice_});
        if (arrival != Arrival::reached) return arrival;
        history_.add_rung(end_);
        LastHits last(history_.machine(), stops_, last_part);
        arrival = pass(last, end_);
        if (arrival != Arrival::reached || !last.hits().empty()) return answer(arrival, last);
        history_.load(state);
        return answer(pass(hits, last_part), hits);
    }

    Arrival pass(LastHits& hits, StepCount until) {
        return run_where_hits_may_be(
            history_,
            {.until = until, .observer = &hits, .points = stops_.points, .each_slice = each_slice_});
    }

    static std::variant<StretchHits, Arrival> answer(Arrival arrival, const LastHits& hits) {
        if (arrival != Arrival::reached) return arrival;
        return StretchHits{hits.known_from(), hits.hits()};
    }

    History& history_;
    StepCount end_;
    const Stops& stops_;
    const std::function<void()>* each_slice_;
};

}  // namespace

std::variant<StretchHits, Arrival> search_stretch(History& history, StepCount end, const Stops& stops,
                                                  const std::function<void()>& each_slice) {
    return StretchSearch(history, end, stops, each_slice).execute();
}

}  // namespace backspin::replay
