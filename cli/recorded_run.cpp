#include "cli/recorded_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {

Bookmarks bookmarks_of(const snapshots::RecordingReader& reader) {
    Bookmarks bookmarks;
    const auto add = [&](const std::string& name, Position at) {
        if (at.branch == Branch{} && !name.empty()) bookmarks.try_emplace(name, at.step);
    };
    for (const auto& snapshot : reader.snapshots()) add(snapshot.name, snapshot.at);
    for (const auto& bookmark : reader.bookmarks()) add(bookmark.name, bookmark.at);
    return bookmarks;
}

RecordedRun::RecordedRun(const std::string& file, std::span<const std::string> drive_files,
                         MachineBuilder build)
    : reader_(file),
      setup_(from_recording(reader_, drive_files)),
      build_(std::move(build)),
      begin_(reader_.begin().step),
      bookmarks_(bookmarks_of(reader_)) {
    read_log();
    read_snapshots();
    read_patches();
}

void RecordedRun::read_log() {
    frontier_ = begin_;
    reader_.for_each_event([&](const snapshots::RecordedEvent& event) {
        if (event.at.branch != Branch{}) return;
        log_.append({event.at, event.input});
        frontier_ = event.at.step + StepCount{1};
    });
    reader_.for_each_digest([&](const snapshots::RecordedDigest& digest) {
        if (digest.at.branch == Branch{}) frontier_ = std::max(frontier_, digest.at.step);
    });
    if (reader_.end() && reader_.end()->at.branch == Branch{})
        frontier_ = std::max(frontier_, reader_.end()->at.step);
}

void RecordedRun::read_snapshots() {
    std::map<StepCount, std::size_t> found;
    const auto& all = reader_.snapshots();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& at = all[i].at;
        if (at.branch != Branch{} || at.step < begin_ || at.step > frontier_) continue;
        found.try_emplace(at.step, i);
    }
    for (const auto& [step, number] : found) {
        snapshots_.push_back(step);
        numbers_.push_back(number);
    }
}

void RecordedRun::read_patches() {
    const auto is_known = [&](StepCount at) {
        return at == begin_ || std::ranges::binary_search(snapshots_, at) ||
               (!patches_.empty() && patches_.back().at == at);
    };
    const auto& all = reader_.patches();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& [at, base] = all[i];
        if (at.branch != Branch{} || at.step > frontier_ || !is_known(base)) continue;
        // A file from elsewhere may have them in any order.
        if (!patches_.empty() && at.step <= patches_.back().at) continue;
        patches_.push_back({at.step, base, i});
    }
}

const RecordedRun::PatchedState& RecordedRun::patch_at(StepCount at) const {
    return *std::ranges::lower_bound(patches_, at, {}, &PatchedState::at);
}

std::vector<std::byte> RecordedRun::load_patch(const PatchedState& state) const {
    const std::lock_guard lock(mutex_);
    return reader_.load_patch(state.number);
}

std::unique_ptr<emu::RiscvMachine> RecordedRun::machine(const MachineSetup& setup) const {
    auto machine = build_(setup);
    if (begin_ != StepCount{0}) machine->load(load_snapshot(begin_, machine->page_store()));
    return machine;
}

void RecordedRun::add_accesses(replay::Timeline& timeline) const {
    const std::lock_guard lock(mutex_);
    reader_.for_each_accesses([&](const snapshots::RecordedAccesses& accesses) {
        if (accesses.begin.branch != Branch{} || accesses.end > frontier_) return;
        auto notes = replay::PackedNotes::from_bytes(accesses.notes);
        if (!notes) {
            throw snapshots::RecordingError(fmt::format(
                "{}: holds accesses of unknown form at step {}; copy it again from where it was made",
                reader_.path().string(), accesses.begin.step.value));
        }
        timeline.add_accesses(accesses.begin.step, accesses.end, std::move(*notes));
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

}  // namespace backspin::cli
