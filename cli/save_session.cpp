#include "cli/save_session.hpp"

#include <optional>

#include "snapshots/recording.hpp"

namespace backspin::cli {
namespace {

/// Snapshots in the file: enough for a reader to be near any place, and to check in parallel.
constexpr std::uint64_t kSnapshots = 32;

/// What the guest has read of its drives up to now.
void add_disks(snapshots::RecordingWriter& writer, const MachineSetup& setup) {
    for (std::uint32_t drive = 0; drive < setup.observed_disks.size(); ++drive) {
        auto& disk = *setup.observed_disks[drive];
        disk.listen([&](std::uint64_t block, std::span<const std::byte> bytes) {
            writer.add_disk_block(drive, block, {bytes.begin(), bytes.end()}, true);
        });
        disk.listen({});
    }
}

/// The first snapshot lies at the beginning and is never dropped.
std::optional<snapshots::StartState> start_of(const replay::Timeline& timeline) {
    if (timeline.begin() == Position{}) return std::nullopt;
    const auto* first = timeline.snapshots().nearest_at_or_before(timeline.begin());
    return snapshots::StartState{first->at, first->state};
}

}  // namespace

void save_session(const std::string& path, const MachineSetup& setup, emu::RiscvMachine& machine,
                  replay::Timeline& timeline, const Bookmarks& bookmarks) {
    const auto begin = timeline.begin();
    snapshots::RecordingWriter writer(path, snapshots::Overwrite::refuse, to_configuration(setup),
                                      image_sources(setup), machine.component_names(), start_of(timeline));
    for (const auto& event : timeline.log().events(Branch{}))
        writer.add(snapshots::RecordedEvent{event.at, event.input});
    const auto home = timeline.position();
    const auto newest = timeline.frontier();
    const auto spacing = (newest.step - begin.step).value / kSnapshots;
    auto next = begin.step.value + spacing;
    timeline.snapshots().for_each([&](const snapshots::Snapshot& snapshot) {
        if (snapshot.at >= newest) return;
        writer.add_epoch(snapshot.at, snapshot.state);
        if (snapshot.at.step.value < next || snapshot.at == begin) return;
        writer.add_snapshot(snapshot.at, snapshot.state);
        next = snapshot.at.step.value + spacing;
    });
    timeline.for_each_accesses([&](StepCount first, StepCount end, const replay::PackedNotes& notes) {
        writer.add_accesses({{Branch{}, first}, end, notes.to_bytes()});
    });
    for (const auto& [name, at] : bookmarks) writer.add_bookmark({name, {Branch{}, at}});
    timeline.seek(newest);
    writer.add_epoch(newest, machine.save());
    const snapshots::RecordedEnd end{newest, machine.time(), "saved", std::nullopt};
    add_disks(writer, setup);
    timeline.seek(home);
    writer.finish(end);
}

}  // namespace backspin::cli
