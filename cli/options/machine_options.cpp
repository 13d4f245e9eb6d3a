#include "cli/options/machine_options.hpp"

#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "base/pages.hpp"
#include "cli/options/device_options.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

namespace po = boost::program_options;

std::uint64_t parse_ram(const std::string& text) {
    const auto size = parse_size(text);
    if (!size || *size < kSmallestRam || *size > kLargestRam || *size % kPageSize != 0) {
        throw UsageError(
            fmt::format("--ram {}: give a multiple of 4K from 1M to 64G, as in --ram 128M", text));
    }
    return *size;
}

emu::Isa parse_cpu(const std::string& text) {
    try {
        return emu::Isa::parse(text);
    } catch (const std::invalid_argument& error) {
        throw UsageError(fmt::format("--cpu {}: {}", text, error.what()));
    }
}

void read_clock(const po::variables_map& values, MachineChoice& machine) {
    const auto text = text_of(values, "rtc");
    machine.host_date = text == "now";
    machine.options.board.rtc_is_hosts = text == "host";
    if (!text || machine.host_date || machine.options.board.rtc_is_hosts) return;
    const auto start = parse_date(*text);
    if (!start) {
        throw UsageError(
            fmt::format("--rtc {}: give 'now', 'host' or a date from 1970 to 2261, as in --rtc 2025-01-31 or "
                        "--rtc 2025-01-31T12:00:00 (UTC)",
                        *text));
    }
    machine.options.board.rtc_start = *start;
}

std::optional<std::string> read_arguments(const po::variables_map& values) {
    const auto text = text_of(values, "arguments");
    if (text && text->size() > kLongestArguments)
        throw UsageError(fmt::format("--arguments: has {} characters; at most {} are passed on", text->size(),
                                     kLongestArguments));
    return text;
}

void read_harts(const po::variables_map& values, MachineChoice& machine) {
    using Options = emu::BoardOptions;
    auto& board = machine.options.board;
    if (const auto cpu = text_of(values, "cpu")) machine.cpu = parse_cpu(*cpu);
    if (const auto harts = text_of(values, "harts"))
        board.harts = parse_bounded("harts", *harts, Options::kMostHarts);
    if (const auto quantum = text_of(values, "quantum"))
        board.quantum = parse_bounded("quantum", *quantum, Options::kMostQuantum);
    if (const auto seed = text_of(values, "chaos"))
        board.chaos = parse_bounded("chaos", *seed, std::numeric_limits<std::uint64_t>::max(), 0);
    if (const auto ns = text_of(values, "ns-per-step"))
        board.ns_per_step = parse_bounded("ns-per-step", *ns, Options::kMostNsPerStep);
}

void read_files(const po::variables_map& values, const std::optional<std::string>& image,
                MachineChoice& machine) {
    const auto kernel = text_of(values, "kernel");
    if (kernel && image) {
        throw UsageError(
            fmt::format("--kernel {} and {}: both would start the machine; leave one out", *kernel, *image));
    }
    machine.program = kernel ? kernel : image;
    const auto bios = text_of(values, "bios");
    machine.find_bios = bios ? *bios == "default" : kernel.has_value();
    if (bios && *bios != "default" && *bios != "none") machine.bios = bios;
    machine.initrd = text_of(values, "initrd");
    if (machine.initrd && !machine.program)
        throw UsageError(fmt::format("--initrd {}: there is no --kernel to use it", *machine.initrd));
}

}  // namespace

po::options_description machine_options() {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    po::options_description options("Machine");
    options.add_options()                                                              //
        ("ram", text("SIZE"), "size of RAM (default 128M)")                            //
        ("cpu", text("ISA"), "rv64 or rv32, or what is in them: rv64gc,+zfh,-zba")     //
        ("harts", text("N"), "how many harts, 1 to 8 (default 1)")                     //
        ("quantum", text("STEPS"), "length of a hart's turn (default 5000)")           //
        ("chaos", text("SEED"), "turns of varying lengths, by this seed")              //
        ("kernel", text("FILE"), "a kernel for OpenSBI to start: Linux, ELF, U-Boot")  //
        ("initrd", text("FILE"), "the kernel's initial RAM disk")                      //
        ("append", text("TEXT"), "the kernel's command line")                          //
        ("bios", text("FILE"), "firmware that starts first; none; default: OpenSBI")   //
        ("rtc", text("DATE"), "date at power-on, now, or host (default 2025-01-01)")   //
        ("ns-per-step", text("N"), "virtual nanoseconds of a step (default 10)")       //
        ("no-reboot", "the guest's reset ends the run")                                //
        ("semihosting", "answer the program's semihosting calls")                      //
        ("arguments", text("TEXT"), "its command line (default: the image's name)");
    return options;
}

MachineChoice read_machine(const po::variables_map& values, const std::optional<std::string>& image) {
    MachineChoice machine;
    if (const auto ram = text_of(values, "ram")) machine.options.ram_bytes = parse_ram(*ram);
    if (const auto arguments = text_of(values, "append")) {
        if (arguments->size() > emu::BoardDescription::kMaxText)
            throw UsageError(fmt::format("--append: has {} characters; at most {} are passed on",
                                         arguments->size(), emu::BoardDescription::kMaxText));
        machine.options.boot_arguments = *arguments;
    }
    machine.options.board.reboots = values.count("no-reboot") == 0;
    machine.options.board.semihosting = values.count("semihosting") != 0;
    machine.arguments = read_arguments(values);
    read_harts(values, machine);
    read_clock(values, machine);
    read_files(values, image, machine);
    read_devices(values, machine);
    return machine;
}

std::optional<std::string> text_of(const po::variables_map& values, const char* name) {
    if (values.count(name) == 0) return std::nullopt;
    return values[name].as<std::string>();
}

std::optional<Place> place_of(const po::variables_map& values, const char* name) {
    const auto given = text_of(values, name);
    if (!given) return std::nullopt;
    auto place = parse_place(*given);
    if (place) return place;
    throw UsageError(
        fmt::format("--{} {}: is no place in time; give a step (1048576), a virtual time (1.5s, 20ms), a "
                    "bookmark's name, line:TEXT, start or end",
                    name, *given));
}

std::uint64_t parse_bounded(const char* option, const std::string& text, std::uint64_t most,
                            std::uint64_t least) {
    const auto number = parse_number(text);
    if (!number || *number < least || *number > most) {
        throw UsageError(
            fmt::format("--{} {}: give a whole number from {} to {}", option, text, least, most));
    }
    return *number;
}

}  // namespace backspin::cli
