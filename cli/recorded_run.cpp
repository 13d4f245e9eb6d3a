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

void tell_shown(const snapshots::RecordingReader& reader, ConsoleHistory& history) {
    reader.for_each_output([&](const snapshots::RecordedOutput& output) {
        history.add(output.at, output.channel, output.bytes);
    });
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

std::optional<StepCount> RecordedRun::find_line(std::string_view text) const {
    ConsoleHistory shown(console_channels(setup_));
    const std::lock_guard lock(mutex_);
    tell_shown(reader_, shown);
    return shown.first_with(text,
                            [this](Position at) { return place_of(at, HistoryShape::line).has_value(); });
}

std::optional<Position> RecordedRun::place_of(Position in_file, HistoryShape shape) const {
    if (in_file.step < begin_) return std::nullopt;
    if (shape == HistoryShape::branches) return in_file;
    if (!line_.has(in_file) || in_file.step > frontier_) return std::nullopt;
    return Position{{}, in_file.step};
}

void RecordedRun::add_accesses(replay::Timeline& timeline, HistoryShape shape) const {
    const std::lock_guard lock(mutex_);
    reader_.for_each_accesses([&](const snapshots::RecordedAccesses& accesses) {
        const auto begin = place_of(accesses.begin, shape);
        // What a parent did behind a fork is not of the line.
        const auto end = place_of({accesses.begin.branch, accesses.end}, shape);
        if (!begin || !end) return;
        auto notes = replay::PackedNotes::from_bytes(accesses.notes);
        if (!notes) {
            throw snapshots::RecordingError(fmt::format(
                "{}: holds accesses of unknown form at step {}; copy it again from where it was made",
                reader_.path().string(), accesses.begin.step.value));
        }
        timeline.add_accesses(*begin, end->step, std::move(*notes));
    });
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

SavedState RecordedRun::load_snapshot(StepCount at, const std::shared_ptr<PageStore>& store) const {
    const auto found = std::ranges::lower_bound(snapshots_, at);
    if (found == snapshots_.end() || *found != at) {
        throw StartError(fmt::format("{}: begins at step {}, and holds no snapshot there",
                                     reader_.path().string(), at.value));
    }
    return load_state(numbers_[static_cast<std::size_t>(found - snapshots_.begin())], store);
}

SavedState RecordedRun::load_state(std::size_t number, const std::shared_ptr<PageStore>& store) const {
    const std::lock_guard lock(mutex_);
    return reader_.load_snapshot(number, store);
}

std::vector<std::byte> RecordedRun::load_patch(std::size_t number) const {
    const std::lock_guard lock(mutex_);
    return reader_.load_patch(number);
}

}  // namespace backspin::cli
