#include "cli/recorder.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace backspin::cli {
namespace {

void refuse_existing(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return;
    throw snapshots::RecordingError(
        path + ": exists already; name another file, or allow it to be replaced with --force");
}

}  // namespace

Recorder::Recorder(const std::string& path, snapshots::Overwrite overwrite, const MachineSetup& setup,
                   const emu::RiscvMachine& machine, RecorderOptions options)
    : path_(path),
      setup_(setup),
      machine_(machine),
      embed_(options.embed),
      clock_(std::move(options.clock)),
      disks_(setup.observed_disks),
      consoles_(console_channels(setup)) {
    if (options.flight.keep) window_.emplace(*options.flight.keep);
    if (options.flight.save_on) {
        if (overwrite == snapshots::Overwrite::refuse) refuse_existing(path);
        trigger_.emplace(*options.flight.save_on);
        kept_ = false;
        track_ = begin(path + ".pending", snapshots::Overwrite::replace, std::move(options.start));
    } else {
        track_ = begin(path, overwrite, std::move(options.start));
    }
    tell_disks_to(track_.get());
}

Recorder::~Recorder() {
    for (auto& disk : disks_) disk->listen({});
    discard(later_);
}

std::unique_ptr<Recorder::Track> Recorder::begin(const std::string& path, snapshots::Overwrite overwrite,
                                                 std::optional<snapshots::StartState> start) {
    const auto at = start ? start->at.step : StepCount{};
    const auto now = clock_();
    return std::unique_ptr<Track>(new Track{path,
                                            {path, overwrite, to_configuration(setup_), image_sources(setup_),
                                             machine_.component_names(), std::move(start)},
                                            at,
                                            SnapshotPolicy(at, now),
                                            now});
}

void Recorder::guarded(const std::function<void()>& write) {
    if (!track_) return;
    try {
        write();
    } catch (const snapshots::RecordingError& error) {
        fmt::print(stderr, "backspin: recording ends here: {}\n", error.what());
        track_.reset();
        discard(later_);
    }
}

void Recorder::for_each_track(const std::function<void(Track&)>& work) {
    guarded([&] {
        work(*track_);
        if (later_) work(*later_);
    });
}

// ---- what is recorded ---------------------------------------------------------------------------

void Recorder::on_input(const replay::Event& event) {
    for_each_track([&](Track& track) { track.writer.add({event.at, event.input}); });
}

void Recorder::on_epoch(Position at, const SavedState& state) {
    for_each_track([&](Track& track) { add_epoch(track, at, state); });
    last_digested_ = at;
    guarded([&] { move_window(at, state); });
}

void Recorder::on_accesses(Position begin, StepCount end, const replay::PackedNotes& notes) {
    for_each_track([&](Track& track) {
        if (begin.step >= track.begin) track.writer.add_accesses({begin, end, notes.to_bytes()});
    });
}

void Recorder::add_epoch(Track& track, Position at, const SavedState& state) {
    track.writer.add_epoch(at, state);
    const auto now = clock_();
    const auto packing_time = track.writer.packing_time();
    if (!track.policy.due(at.step, now, packing_time)) return;
    track.writer.add_snapshot(at, state);
    track.policy.took(at.step, now, packing_time);
}

void Recorder::add_bookmark(const std::string& name, Position at) {
    for_each_track([&](Track& track) { track.writer.add_bookmark({name, at}); });
}

void Recorder::on_branch(const replay::BranchInfo& branch) {
    for_each_track([&](Track& track) {
        track.writer.add_branch({branch.number, branch.fork, branch.name});
        track.policy.took(branch.fork.step, clock_(), track.writer.packing_time());
    });
}

void Recorder::add_end(const snapshots::RecordedEnd& end, const SavedState& state) {
    if (last_digested_ != end.at) on_epoch(end.at, state);
    for_each_track([&](Track& track) { track.writer.add_end(end); });
}

void Recorder::tap_output(OutputSink& shown, std::function<Position()> frontier) {
    shown_ = &shown;
    frontier_ = std::move(frontier);
}

void Recorder::output(Channel channel, std::span<const std::byte> bytes) {
    const auto at = machine_.now();
    const auto frontier = frontier_();
    if (at >= frontier.step && std::ranges::find(consoles_, channel) != consoles_.end()) {
        for_each_track([&](Track& track) {
            track.writer.add_output({frontier.branch, at}, machine_.time(), channel, bytes);
        });
        if (trigger_) trigger_->hear(channel, bytes);
    }
    shown_->output(channel, bytes);
}

/// Of what was read before, at once and only to this track; of what is read later to all.
void Recorder::tell_disks_to(Track* track) {
    only_track_ = track;
    for (std::uint32_t drive = 0; drive < disks_.size(); ++drive) {
        disks_[drive]->listen([this, drive](std::uint64_t block, std::span<const std::byte> bytes) {
            for_each_track([&](Track& each) {
                if (only_track_ != nullptr && only_track_ != &each) return;
                each.writer.add_disk_block(drive, block, {bytes.begin(), bytes.end()},
                                           embed_ != EmbedDisks::none);
            });
        });
        if (embed_ == EmbedDisks::all) disks_[drive]->read_all();
    }
    only_track_ = nullptr;
}

void Recorder::poll() {
    for_each_track([](Track& track) { track.writer.check(); });
    guarded([this] { keep_if_triggered(); });
}

void Recorder::commit() {
    for_each_track([](Track& track) { track.writer.commit(); });
}

bool Recorder::finish(const snapshots::RecordedEnd& end, const SavedState& state) {
    if (ended_) return true;
    if (last_digested_ != end.at) on_epoch(end.at, state);
    guarded([&] {
        discard(later_);
        keep_if_triggered();
        if (!kept_ && trigger_->is_met_by(end.exit_code)) keep();
        if (!kept_) return;
        if (track_->policy.due_at_end(end.at.step)) track_->writer.add_snapshot(end.at, state);
        track_->writer.finish(end);
    });
    const bool is_whole = track_ != nullptr;
    if (!kept_) discard(track_);
    return is_whole;
}

// ---- the flight recorder ------------------------------------------------------------------------

Coverage Recorder::coverage(const Track& track) const {
    return {clock_() - track.began, track.writer.bytes_written()};
}

void Recorder::begin_later(Position at, const SavedState& state) {
    later_ = begin(path_ + ".next", snapshots::Overwrite::replace, snapshots::StartState{at, state});
    later_->writer.add_epoch(at, state);
    tell_disks_to(later_.get());
}

void Recorder::move_window(Position at, const SavedState& state) {
    if (!window_) return;
    const auto covered = coverage(*track_);
    if (trigger_ && kept_) {
        if (window_->enough({covered.time - kept_at_.time, covered.bytes - kept_at_.bytes})) end_early(at);
        return;
    }
    switch (window_->next(covered, later_ ? std::optional(coverage(*later_)) : std::nullopt)) {
        case FlightWindow::Move::none: return;
        case FlightWindow::Move::begin: break;
        case FlightWindow::Move::advance:
            const auto name = track_->path;
            track_.reset();  // the earlier one is whole and under its name until the later one has it
            track_ = std::move(later_);
            track_->writer.move_to(name);
            track_->path = name;
    }
    begin_later(at, state);
}

/// What it was kept for would be too old to be in it otherwise: the guest goes on, the recording does not.
void Recorder::end_early(Position at) {
    track_->writer.finish({at, machine_.time(), "kept, as --save-on says", std::nullopt});
    track_.reset();
    ended_ = true;
}

void Recorder::keep_if_triggered() {
    if (!kept_ && trigger_->heard()) keep();
}

void Recorder::keep() {
    discard(later_);
    kept_at_ = coverage(*track_);
    track_->writer.move_to(path_);
    track_->path = path_;
    kept_ = true;
}

void Recorder::discard(std::unique_ptr<Track>& track) {
    if (!track) return;
    const std::filesystem::path path = track->path;
    track.reset();
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix, ignored);
}

}  // namespace backspin::cli
