// Timeline::go_on and Timeline::step.

#include <algorithm>
#include <utility>

#include "replay/live.hpp"
#include "replay/pass_over.hpp"
#include "replay/stepping.hpp"
#include "replay/timeline_parts.hpp"

namespace backspin::replay {

Stopped Timeline::go_on(const Stops& stops, const GoOnOptions& options) {
    auto& history = parts_->history;
    const auto told = parts_->begin_move();
    const Ignored ignored{.told = told};
    const auto begin = history.now();
    if (begin >= options.limit) return parts_->stopped(StopReason::limit);

    HitCatcher catcher(history.machine(), stops, ignored);
    Observer* observer = stops.points.empty() ? nullptr : &catcher;
    auto end = Arrival::reached;
    if (history.goes_live()) {
        end = LiveRun(history, options, observer, stops.points).run();
    } else if (at_frontier()) {
        return parts_->stopped(StopReason::history_end);
    } else {
        const Way way{.until = std::min(history.frontier(), options.limit),
                      .observer = observer,
                      .points = stops.points,
                      .show_output = true};
        end = observer != nullptr ? go_where_hits_may_be(history, way) : history.run(way);
        if (end == Arrival::reached && history.now() < options.limit)
            return parts_->end_of_history(stops, ignored);
    }
    if (end == Arrival::reached) return parts_->stopped(StopReason::limit);
    if (end == Arrival::stopped) return parts_->caught(stops, ignored);
    return parts_->stopped_by(end, begin);
}

namespace {

/// One call of Timeline::step.
class StepMove {
  public:
    StepMove(TimelineParts& parts, HartId hart, const StepPolicy& policy, const Stops& stops,
             const GoOnOptions& options)
        : parts_(parts),
          history_(parts.history),
          hart_(hart),
          stops_(stops),
          options_(options),
          told_(parts.begin_move()),
          begin_(history_.now()),
          live_(history_.goes_live()),
          told_ignored_{.told = told_},
          catcher_(history_.machine(), stops, told_ignored_),
          host_(history_, options_, stops.points.empty() ? nullptr : &catcher_, stops.points),
          step_(hart, policy, parts.longest_interrupt) {}

    Stopped make() {
        for (;;) {
            if (history_.now() >= options_.limit) return parts_.stopped(StopReason::limit, hart_);
            if (history_.now() > begin_ && history_.interrupted())
                return parts_.stopped(StopReason::interrupted);
            auto ahead = step_;
            const auto outlook = ahead.look(
                history_, {.may_pass_frontier = live_, .pause_when_idle = live_ && host_.pauses_when_idle()});
            // Inputs that wait are taken by a machine that can move, and what was foreseen is then void.
            if (outlook.until > history_.now() && took_inputs()) continue;
            step_ = ahead;
            may_take_ = true;
            if (const auto ended = follow(outlook)) return *ended;
        }
    }

  private:
    /// Once between two pieces of the way: a flood of inputs must not keep the hart from its step.
    bool took_inputs() {
        if (!live_ || !std::exchange(may_take_, false)) return false;
        // One that a data stop stops at lies in the log then, and the machine before it.
        const auto before = history_.frontier();
        host_.take_inputs();
        return history_.frontier() > before;
    }

    Ignored ignored() const { return {.told = told_, .attempt = step_.first_attempt()}; }

    /// Goes where the outlook ends. Nothing if the step goes on from there.
    std::optional<Stopped> follow(const StepAhead::Outlook& outlook) {
        using View = StepAhead::View;
        if (outlook.view == View::interrupted) return parts_.stopped(StopReason::interrupted);
        if (const auto ended = move_to(std::min(outlook.until, options_.limit))) return ended;
        if (outlook.until > options_.limit) return std::nullopt;
        switch (outlook.view) {
            case View::made: return parts_.stopped(StopReason::done, hart_);
            case View::history_end:
                if (history_.now() >= options_.limit) return std::nullopt;
                if (history_.now() == begin_) return parts_.stopped(StopReason::history_end);
                return parts_.end_of_history(stops_, ignored());
            case View::diverged: return parts_.stopped(StopReason::diverged);
            case View::host: return leave_to_host();
            default: return std::nullopt;
        }
    }

    std::optional<Stopped> move_to(StepCount target) {
        auto end = Arrival::reached;
        if (target < history_.now()) {
            end = history_.go_to(target);
        } else if (stops_.points.empty()) {
            end = history_.run({.until = target, .show_output = true});
        } else {
            const auto not_these = ignored();
            HitCatcher catcher(history_.machine(), stops_, not_these);
            end = history_.run(
                {.until = target, .observer = &catcher, .points = stops_.points, .show_output = true});
            if (end == Arrival::stopped) return parts_.caught(stops_, not_these);
        }
        if (end == Arrival::reached) return std::nullopt;
        return parts_.stopped_by(end, begin_);
    }

    std::optional<Stopped> leave_to_host() {
        auto end = Arrival::idle;
        if (!(host_.pauses_when_idle() && history_.machine().idle_deadline())) {
            // Asleep or off: it says which, and does not move.
            end = history_.run({.until = history_.now() + StepCount{1}, .show_output = true});
        }
        if (end == Arrival::idle || end == Arrival::asleep) end = host_.wait(end);
        if (end == Arrival::reached) return std::nullopt;
        return parts_.stopped_by(end, begin_);
    }

    TimelineParts& parts_;
    History& history_;
    HartId hart_;
    const Stops& stops_;
    const GoOnOptions& options_;
    std::vector<Hit> told_;
    StepCount begin_;
    bool live_;  ///< the step began at the frontier and may go on beyond it
    bool may_take_ = true;
    Ignored told_ignored_;
    HitCatcher catcher_;  ///< for inputs
    LiveRun host_;
    StepAhead step_;
};

}  // namespace

Stopped Timeline::step(HartId hart, const StepPolicy& policy, const Stops& stops,
                       const GoOnOptions& options) {
    return StepMove(*parts_, hart, policy, stops, options).make();
}

}  // namespace backspin::replay
