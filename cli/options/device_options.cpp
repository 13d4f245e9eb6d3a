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

/// Each card without an address of its own has the next one, as on QEMU.
void read_networks(const po::variables_map& values, MachineChoice& machine) {
    if (values.count("net") == 0) return;
    emu::virtio::NetOptions card;
    for (const auto& text : values["net"].as<std::vector<std::string>>()) {
        auto network = parse_network(text);
        add(machine, network.mac ? emu::virtio::NetOptions{*network.mac} : card,
            std::visit([](auto& outside) { return OutsideChoice(std::move(outside)); }, network.outside));
        ++card.mac.back();
    }
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
        ("net", po::value<std::vector<std::string>>()->value_name("WHERE[,mac=ADDRESS]")->composing(),
         "a network card: user[,hostfwd=tcp:[HOST]:PORT-:PORT][,restrict=on], socket,connect=[HOST:]PORT, "
         "socket,listen=[HOST:]PORT (or unix:PATH) or none; may be repeated")  //
        ("rng", text("host"), "a random number generator, fed by this host")  //
        ("seed", text("N"), "the same, fed by a generator with this seed");
    return options;
}

void read_devices(const po::variables_map& values, MachineChoice& machine) {
    read_networks(values, machine);
    read_entropy(values, machine);
}

}  // namespace backspin::cli
