#include "cli/options/device_options.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

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

/// Their sizes are known once the images are opened.
void read_drives(const po::variables_map& values, MachineChoice& machine) {
    if (values.count("drive") == 0) return;
    std::size_t number = 0;
    for (const auto& text : values["drive"].as<std::vector<std::string>>()) {
        const auto drive = parse_drive(text);
        const auto same = [&](const auto& device) {
            const auto* other = std::get_if<emu::virtio::BlockOptions>(&device);
            return other != nullptr && other->id == drive.id;
        };
        if (!drive.id.empty() && std::ranges::any_of(machine.options.board.virtio, same))
            throw UsageError(fmt::format("--drive {}: another drive has this id already", text));
        add(machine, emu::virtio::BlockOptions{0, drive.readonly, drive.id, number++}, drive.image);
    }
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

void read_consoles(const po::variables_map& values, MachineChoice& machine) {
    for (const auto& where : virtio_consoles_of(values))
        add(machine, emu::virtio::ConsoleOptions{}, VirtioConsole{where});
}

/// Their events come from the input script.
void read_input_devices(const po::variables_map& values, MachineChoice& machine) {
    using emu::virtio::InputOptions;
    if (values.count("keyboard") != 0)
        add(machine, InputOptions{InputOptions::Kind::keyboard}, std::monostate{});
    if (values.count("pointer") != 0)
        add(machine, InputOptions{InputOptions::Kind::pointer}, std::monostate{});
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

WavSound parse_sound(std::string_view text) {
    WavSound files;
    const auto usage = fmt::format("--sound {}: give [out=FILE.wav][,in=FILE.wav], or none", text);
    if (text == "none") return files;
    for (bool more = true; more;) {
        const auto comma = text.find(',');
        const auto part = text.substr(0, comma);
        more = comma != std::string_view::npos;
        if (more) text.remove_prefix(comma + 1);
        const bool is_in = part.starts_with("in=");
        if (!is_in && !part.starts_with("out=")) throw UsageError(usage);
        auto& file = is_in ? files.in : files.out;
        const auto path = part.substr(is_in ? 3 : 4);
        if (path.empty() || !file.empty()) throw UsageError(usage);
        file = path;
    }
    return files;
}

void read_sound(const po::variables_map& values, MachineChoice& machine) {
    if (const auto text = text_of(values, "sound"))
        add(machine, emu::virtio::SoundOptions{}, parse_sound(*text));
}

}  // namespace

po::options_description device_options() {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    po::options_description options("Devices");
    options.add_options()  //
        ("drive",
         po::value<std::vector<std::string>>()->value_name("file=IMG[,readonly][,id=NAME]")->composing(),
         "a drive that begins as this raw image, which is never written; may be repeated")  //
        ("net", po::value<std::vector<std::string>>()->value_name("WHERE[,mac=ADDRESS]")->composing(),
         "a network card: user[,hostfwd=tcp:[HOST]:PORT-:PORT][,restrict=on], socket,connect=[HOST:]PORT, "
         "socket,listen=[HOST:]PORT (or unix:PATH) or none; may be repeated")  //
        ("virtio-console", po::value<std::vector<std::string>>()->value_name("WHERE")->composing(),
         "a console beside the UART, connected as --console is; may be repeated")  //
        ("rng", text("host"), "a random number generator, fed by this host")       //
        ("seed", text("N"), "the same, fed by a generator with this seed")         //
        ("sound", text("[out=FILE.wav][,in=FILE.wav]"),
         "a sound card: what it plays goes to the one file, what it captures comes from the other; or "
         "none")                                                           //
        ("keyboard", "a keyboard, whose keys the --input script presses")  //
        ("pointer", "a pointer (tablet), which the --input script moves");
    return options;
}

void read_devices(const po::variables_map& values, MachineChoice& machine) {
    read_drives(values, machine);
    read_networks(values, machine);
    read_consoles(values, machine);
    read_entropy(values, machine);
    read_sound(values, machine);
    read_input_devices(values, machine);
}

std::vector<ConsoleChoice> virtio_consoles_of(const po::variables_map& values) {
    std::vector<ConsoleChoice> consoles;
    if (values.count("virtio-console") == 0) return consoles;
    for (const auto& text : values["virtio-console"].as<std::vector<std::string>>())
        consoles.push_back(parse_console(text, "virtio-console"));
    return consoles;
}

}  // namespace backspin::cli
