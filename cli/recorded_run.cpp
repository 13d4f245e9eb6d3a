#include "cli/recorded_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "cli/units.hpp"

namespace backspin::cli {

replay::Line line_of(const snapshots::RecordingReader& reader, Branch branch) {
    // A parent has a smaller number, and begins earlier: the reader has checked that.
    if (branch == Branch{}) return {};
    const auto& recorded = reader.branches().at(branch.id - 1);
    return line_of(reader, recorded.fork.branch).with(branch, recorded.fork.step);
}

Branch branch_of(const snapshots::RecordingReader& reader, std::string_view name) {
    const auto number = parse_number(name);
    if (name == replay::kMainBranch || number == 0U) return {};
    std::string known = replay::kMainBranch;
    for (const auto& branch : reader.branches()) {
        if (branch.name == name || number == branch.number.id) return branch.number;
        known += ", " + branch.name;
    }
    throw StartError(
        fmt::format("{}: there is no branch '{}'; there are: {}", reader.path().string(), name, known));
}

Marks marks_of(const snapshots::RecordingReader& reader) {
    Marks marks;
    for (const auto& snapshot : reader.snapshots()) {
        if (!snapshot.name.empty()) marks.try_emplace(snapshot.name, snapshot.at);
    }
    for (const auto& bookmark : reader.bookmarks()) marks.try_emplace(bookmark.name, bookmark.at);
    return marks;
}

Bookmarks bookmarks_of(const snapshots::RecordingReader& reader, Branch branch) {
    const auto line = line_of(reader, branch);
    Bookmarks bookmarks;
    for (const auto& [name, at] : marks_of(reader)) {
        if (line.has(at)) bookmarks.emplace(name, at.step);
    }
    return bookmarks;
}

RecordedRun::RecordedRun(const std::string& file, std::span<const std::string> drive_files,
                         MachineBuilder build, const std::string& branch)
    : reader_(file),
      setup_(from_recording(reader_, drive_files)),
      build_(std::move(build)),
      branch_(branch_of(reader_, branch)),
      line_(line_of(reader_, branch_)),
      begin_(reader_.begin().step),
      bookmarks_(bookmarks_of(reader_, branch_)) {
    read_log();
    read_snapshots();
}

std::map<Branch, StepCount> RecordedRun::frontiers() const {
    std::map<Branch, StepCount> frontiers{{Branch{}, begin_}};
    const auto reached = [&](Position at) {
        auto& frontier = frontiers[at.branch];
        frontier = std::max(frontier, at.step);
    };
    for (const auto& branch : reader_.branches()) {
        reached(branch.fork);
        reached({branch.number, branch.fork.step});
    }
    reader_.for_each_event([&](const snapshots::RecordedEvent& event) {
        reached({event.at.branch, event.at.step + StepCount{1}});
    });
    reader_.for_each_digest([&](const snapshots::RecordedDigest& digest) { reached(digest.at); });
    for (const auto& [branch, end] : reader_.ends()) reached(end.at);
    return frontiers;
}

void RecordedRun::read_log() {
    frontier_ = frontiers().at(branch_);
    replay::EventLog all;
    reader_.for_each_event(
        [&](const snapshots::RecordedEvent& event) { all.append({event.at, event.input}); });
    for (const auto& segment : line_.segments()) {
        for (const auto& event : all.events(segment.branch)) {
            if (event.at.step < segment.end) log_.append({{Branch{}, event.at.step}, event.input});
        }
    }
}

void RecordedRun::read_snapshots() {
    std::map<StepCount, std::size_t> found;
    const auto& all = reader_.snapshots();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& at = all[i].at;
        if (!line_.has(at) || at.step < begin_ || at.step > frontier_) continue;
        found.try_emplace(at.step, i);
    }
    for (const auto& [step, number] : found) {
        snapshots_.push_back(step);
        numbers_.push_back(number);
    }
}

std::unique_ptr<emu::RiscvMachine> RecordedRun::machine(const MachineSetup& setup) const {
    auto machine = build_(setup);
    if (begin_ != StepCount{0}) machine->load(load_snapshot(begin_, machine->page_store()));
    return machine;
}

replay::PastRun RecordedRun::past(StepCount from, StepCount to) const {
    replay::PastRun past;
    for (const auto& event : log_.events(Branch{})) {
        if (event.at.step >= from && event.at.step < to) past.log.append(event);
    }
    past.frontier = to;
    return past;
}

replay::PastRun RecordedRun::with_branches() const {
    const auto ends = frontiers();
    replay::PastRun past;
    past.frontier = ends.at(Branch{});
    for (const auto& branch : reader_.branches())
        past.branches.push_back({branch.name, branch.fork, ends.at(branch.number)});
    reader_.for_each_event(
        [&](const snapshots::RecordedEvent& event) { past.log.append({event.at, event.input}); });
    return past;
}

BranchSnapshots::BranchSnapshots(const snapshots::RecordingReader& reader, emu::RiscvMachine& machine)
    : reader_(reader), store_(machine.page_store()) {
    for (std::size_t i = 0; i < reader.snapshots().size(); ++i)
        numbers_.try_emplace(reader.snapshots()[i].at, i);
}

std::optional<StepCount> BranchSnapshots::latest_at_or_before(Position at) const {
    const auto after = numbers_.upper_bound(at);
    if (after == numbers_.begin() || std::prev(after)->first.branch != at.branch) return std::nullopt;
    return std::prev(after)->first.step;
}

SavedState RecordedRun::load_snapshot(StepCount at, const std::shared_ptr<PageStore>& store) const {
    const auto found = std::ranges::lower_bound(snapshots_, at);
    if (found == snapshots_.end() || *found != at) {
        throw StartError(fmt::format("{}: begins at step {}, and holds no snapshot there",
                                     reader_.path().string(), at.value));
    }
    const auto number = numbers_[static_cast<std::size_t>(found - snapshots_.begin())];
    const std::lock_guard lock(mutex_);
    return reader_.load_snapshot(number, store);
}

std::optional<StepCount> FileSnapshots::latest_at_or_before(Position at) const {
    if (at.branch != Branch{}) return std::nullopt;
    const auto all = run_.snapshots();
    const auto after = std::ranges::upper_bound(all, at.step);
    return after == all.begin() ? std::nullopt : std::optional(*std::prev(after));
}

// ---- going along it -----------------------------------------------------------------------------

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

Playback::Playback(const RecordedRun& run, replay::TimelineOptions options)
    : run_(run),
      machine_(run.machine()),
      stored_(run, *machine_),
      timeline_(*machine_, run.past(run.begin(), run.frontier()), with(options, run, stored_)) {}

StepCount Playback::position_of(const Place& place) {
    return resolve(place, timeline_, *machine_, run_.bookmarks());
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
