#include "cli/options/device_options.hpp"

#include <limits>

#include <fmt/format.h>

#include "cli/options/machine_options.hpp"

namespace backspin::cli {
namespace {

namespace po = boost::program_options;

void add(MachineChoice& machine, const emu::virtio::DeviceOptions& device, OutsideChoice outside) {
    constexpr auto kMost = emu::memory_map::kVirtioTransports;
    if (machine.devices.size() == kMost)
        throw UsageError(fmt::format("a machine has at most {} drives, networks and other devices", kMost));
    machine.devices.push_back(std::move(outside));
    machine.options.board.virtio.push_back(device);
}

void read_entropy(const po::variables_map& values, MachineChoice& machine) {
    const auto source = text_of(values, "rng");
    const auto seed = text_of(values, "seed");
    if (source && *source != "host")
        throw UsageError(fmt::format("--rng {}: give host, or --seed N", *source));
    if (source && seed) throw UsageError("--rng host and --seed: choose one");
    if (source) add(machine, emu::virtio::EntropyOptions{}, HostEntropy{});
    if (seed) {
        const auto value = parse_bounded("seed", *seed, std::numeric_limits<std::uint64_t>::max(), 0);
        add(machine, emu::virtio::EntropyOptions{value}, std::monostate{});
    }
}

}  // namespace

po::options_description device_options() {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    po::options_description options("Devices");
    options.add_options()                                                     //
        ("rng", text("host"), "a random number generator, fed by this host")  //
        ("seed", text("N"), "the same, fed by a generator with this seed");
    return options;
}

void read_devices(const po::variables_map& values, MachineChoice& machine) {
    read_entropy(values, machine);
}

}  // namespace backspin::cli
