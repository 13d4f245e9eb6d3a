#include "cli/playback.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

replay::TimelineOptions with(replay::TimelineOptions options, const RecordedRun& run, FileSnapshots& stored) {
    options.stored = &stored;
    // A file from elsewhere may have its digests at any distance.
    options.epoch_steps = run.setup().epoch_steps;
    return options;
}

}  // namespace

replay::TimelineOptions Playback::few_snapshots() {
    replay::TimelineOptions options;
    options.snapshot_budget.snapshots = 64;
    options.use_access_index = false;
    return options;
}

Playback::Playback(const RecordedRun& run, const replay::TimelineOptions& options, HeldStates used)
    : run_(run),
      machine_(run.machine()),
      stored_(run, *machine_, HistoryShape::line, used),
      timeline_(*machine_, run.past(run.begin(), run.frontier()), with(options, run, stored_)) {
    if (options.use_access_index) run.add_accesses(timeline_, HistoryShape::line);
}

StepCount Playback::position_of(const Place& place) {
    return resolve(place, timeline_, *machine_, run_.bookmarks(),
                   [this](std::string_view text) { return run_.find_line(text); });
}

void Playback::seek(StepCount at) {
    if (timeline_.seek({Branch{}, at}).why == replay::StopReason::done) return;
    throw StartError(fmt::format(
        "{}: the replay does not come to step {} as it was recorded; 'backspin verify' says where it departs",
        run_.reader().path().string(), at.value));
}

void Playback::go_on(StepCount until) {
    if (timeline_.position().step >= until) return;
    const auto stopped = timeline_.go_on({}, {.limit = until});
    if (timeline_.position().step == until) return;
    throw StartError(fmt::format("{}: the replay goes no further than step {}; 'backspin verify' says more",
                                 run_.reader().path().string(), stopped.at.step.value));
}

void Playback::play(StepCount until, const Listener& listener) {
    class Sink final : public OutputSink {
      public:
        Sink(emu::RiscvMachine& machine, const Listener& listener) : machine_(machine), listener_(listener) {
            machine_.set_output(this);
        }
        ~Sink() override { machine_.set_output(nullptr); }
        Sink(const Sink&) = delete;
        Sink& operator=(const Sink&) = delete;
        void output(Channel channel, std::span<const std::byte> bytes) override {
            if (listener_.output) listener_.output(channel, bytes, machine_.now(), machine_.time());
        }

      private:
        emu::RiscvMachine& machine_;
        const Listener& listener_;
    };
    const Sink sink(*machine_, listener);
    if (listener.input) {
        for (const auto& event : run_.log().events(Branch{})) {
            if (event.at.step < timeline_.position().step) continue;
            if (event.at.step >= until) break;
            go_on(event.at.step);
            listener.input(event, machine_->time());
        }
    }
    go_on(until);
}

}  // namespace backspin::cli
