#include "cli/run_beginning.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/playback.hpp"
#include "cli/start_error.hpp"
#include "cli/verifier.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {
namespace {

using emu::virtio::DeviceOptions;

/// The option that gives a machine such a device.
std::string option_of(const DeviceOptions& device) {
    struct Name {
        std::string operator()(std::monostate) const { return "a device"; }
        std::string operator()(const emu::virtio::EntropyOptions&) const { return "--rng"; }
        std::string operator()(const emu::virtio::BlockOptions&) const { return "--drive"; }
        std::string operator()(const emu::virtio::NetOptions&) const { return "--net"; }
        std::string operator()(const emu::virtio::ConsoleOptions&) const { return "--virtio-console"; }
        std::string operator()(const emu::virtio::InputOptions& input) const {
            return input.kind == emu::virtio::InputOptions::Kind::keyboard ? "--keyboard" : "--pointer";
        }
        std::string operator()(const emu::virtio::SoundOptions&) const { return "--sound"; }
    };
    return std::visit(Name{}, device);
}

bool is_seeded(const DeviceOptions& device) {
    const auto* entropy = std::get_if<emu::virtio::EntropyOptions>(&device);
    return entropy != nullptr && entropy->seed;
}

/// What a device has behind it that no option of this run names.
OutsideChoice left_alone(const DeviceOptions& device) {
    if (std::holds_alternative<emu::virtio::EntropyOptions>(device) && !is_seeded(device))
        return HostEntropy{};
    if (std::holds_alternative<emu::virtio::SoundOptions>(device)) return WavSound{};
    if (std::holds_alternative<emu::virtio::ConsoleOptions>(device)) return VirtioConsole{NoConsole{}};
    return std::monostate{};
}

std::vector<OutsideChoice> connected(const std::string& recording, const MachineSetup& setup,
                                     const MachineChoice& given) {
    const auto& recorded = setup.options.board.virtio;
    const auto& wanted = given.options.board.virtio;
    std::vector<OutsideChoice> devices(recorded.size());
    std::vector<bool> taken(wanted.size());
    for (std::size_t i = 0; i < recorded.size(); ++i) {
        devices[i] = left_alone(recorded[i]);
        if (is_seeded(recorded[i])) continue;
        for (std::size_t k = 0; k < wanted.size(); ++k) {
            if (taken[k] || option_of(wanted[k]) != option_of(recorded[i])) continue;
            taken[k] = true;
            devices[i] = given.devices[k];
            break;
        }
    }
    const auto left = std::ranges::find(taken, false);
    if (left != taken.end()) {
        throw StartError(fmt::format("{}: the recorded machine has nothing to connect {} to; leave it out",
                                     recording,
                                     option_of(wanted[static_cast<std::size_t>(left - taken.begin())])));
    }
    return devices;
}

std::vector<std::string> drive_files(const MachineChoice& given) {
    std::vector<std::string> files;
    for (const auto& device : given.devices) {
        if (const auto* drive = std::get_if<DriveImage>(&device)) files.push_back(drive->path);
    }
    return files;
}

void observe_drives(MachineSetup& setup) {
    for (auto& disk : setup.disks) {
        auto observed = std::make_shared<ObservedImage>(disk);
        setup.observed_disks.push_back(observed);
        disk = std::move(observed);
    }
}

}  // namespace

std::unique_ptr<emu::RiscvMachine> machine_at(const RecordedRun& run, const MachineSetup& setup,
                                              const Place& place) {
    auto machine = run.machine(setup);
    FileSnapshots stored(run, *machine);
    Verifier verifier(run.reader(), machine->component_names(), run.setup().epoch_steps, run.branch());
    auto options = Playback::few_snapshots();
    options.epoch_steps = run.setup().epoch_steps;
    options.stored = &stored;
    options.listener = &verifier;
    replay::Timeline timeline(*machine, run.past(run.begin(), run.frontier()), options);
    const auto at = resolve(place, timeline, *machine, run.bookmarks(),
                            [&](std::string_view text) { return run.find_line(text); });
    const auto stopped = timeline.seek({Branch{}, at});
    if (stopped.why == replay::StopReason::done) verifier.compare({Branch{}, at}, machine->save());
    if (stopped.why != replay::StopReason::done || verifier.divergence()) {
        throw StartError(
            fmt::format("{}: the replay does not come to step {} as it was recorded; 'backspin "
                        "verify' says where it departs",
                        run.reader().path().string(), at.value));
    }
    return machine;
}

RunBeginning begin_at_power_on(const MachineChoice& choice) {
    RunBeginning beginning{set_up(choice), nullptr, choice.devices};
    beginning.machine = build_machine(beginning.setup);
    return beginning;
}

RunBeginning begin_in_recording(const RecordedStart& start, const MachineChoice& given) {
    const RecordedRun run(start.recording, drive_files(given));
    RunBeginning beginning{run.setup(), nullptr, connected(start.recording, run.setup(), given)};
    beginning.setup.epoch_steps = MachineSetup{}.epoch_steps;
    beginning.setup.engine = given.engine;
    observe_drives(beginning.setup);
    beginning.machine = machine_at(run, beginning.setup, start.at);
    for (const auto& disk : beginning.setup.observed_disks) disk->forget_reads();
    if (const auto* name = std::get_if<BookmarkName>(&start.at)) beginning.name = name->text;
    return beginning;
}

}  // namespace backspin::cli
