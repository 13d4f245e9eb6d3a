#include "cli/save_session.hpp"

#include <map>
#include <optional>
#include <vector>

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

/// Of all branches: digests, and some snapshots in proportion to each branch's length.
/// Digests only where every replay comes by: those of bookmarks and forks would be missed.
void add_states(snapshots::RecordingWriter& writer, const replay::Timeline& timeline, StepCount epoch_steps) {
    const auto branches = timeline.branches();
    std::map<Branch, StepCount> next;
    const auto spacing = [&](const replay::BranchInfo& branch) {
        return StepCount{(branch.frontier - branch.fork.step).value / kSnapshots};
    };
    timeline.snapshots().for_each([&](const snapshots::Snapshot& snapshot) {
        const auto& branch = branches.at(snapshot.at.branch.id);
        if (snapshot.at.step >= branch.frontier) return;
        if (snapshot.at.step.value % epoch_steps.value == 0 || snapshot.at == timeline.begin())
            writer.add_epoch(snapshot.at, snapshot.state);
        const auto due = next.try_emplace(branch.number, branch.fork.step + spacing(branch)).first;
        if (snapshot.at.step < due->second || snapshot.at.step == branch.fork.step) return;
        writer.add_snapshot(snapshot.at, snapshot.state);
        due->second = snapshot.at.step + spacing(branch);
    });
}

/// Goes to the end of each branch, digests it, and comes back.
std::vector<snapshots::RecordedEnd> ends_of_branches(snapshots::RecordingWriter& writer,
                                                     replay::Timeline& timeline, emu::RiscvMachine& machine,
                                                     const std::string& reason) {
    std::vector<snapshots::RecordedEnd> ends;
    const auto home = timeline.current_branch().number;
    for (const auto& branch : timeline.branches()) {
        timeline.switch_to(branch.number);
        const auto left = timeline.position();
        timeline.seek(branch.frontier);
        const Position end{branch.number, branch.frontier};
        writer.add_epoch(end, machine.save());
        ends.push_back({end, machine.time(), reason, std::nullopt});
        timeline.seek(left);
    }
    timeline.switch_to(home);
    return ends;
}

}  // namespace

void save_session(const std::string& path, const MachineSetup& setup, emu::RiscvMachine& machine,
                  replay::Timeline& timeline, const Marks& bookmarks) {
    snapshots::RecordingWriter writer(path, snapshots::Overwrite::refuse, to_configuration(setup),
                                      image_sources(setup), machine.component_names(), start_of(timeline));
    const auto branches = timeline.branches();
    for (const auto& branch : branches) {
        if (branch.number != Branch{}) writer.add_branch({branch.number, branch.fork, branch.name});
        for (const auto& event : timeline.log().events(branch.number))
            writer.add(snapshots::RecordedEvent{event.at, event.input});
    }
    add_states(writer, timeline, setup.epoch_steps);
    timeline.for_each_accesses([&](Position first, StepCount end, const replay::PackedNotes& notes) {
        writer.add_accesses({first, end, notes.to_bytes()});
    });
    for (const auto& [name, at] : bookmarks) writer.add_bookmark({name, at});
    add_disks(writer, setup);
    const auto ends = ends_of_branches(writer, timeline, machine, "saved");
    for (std::size_t i = 1; i < ends.size(); ++i) writer.add_end(ends[i]);
    writer.finish(ends.front());
}

}  // namespace backspin::cli
