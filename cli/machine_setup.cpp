#include "cli/machine_setup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "cli/device_text.hpp"
#include "cli/opensbi.hpp"
#include "cli/outside/recorded_image.hpp"
#include "cli/start_error.hpp"
#include "cli/units.hpp"
#include "emu/boot.hpp"
#include "emu/loader.hpp"

namespace backspin::cli {
namespace {

constexpr std::uint64_t kLargestImage = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostEpochSteps = std::uint64_t{1} << 40;
constexpr const char* kMachineName = "riscv-virt";
/// Longest name of an instruction set; those of this program have some 200 characters.
constexpr std::size_t kLongestIsa = 1024;

class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }

  private:
    int value_;
};

std::string host_error() {
    return std::generic_category().message(errno);
}

[[noreturn]] void refuse_key(const snapshots::RecordingReader& reader, const std::string& key) {
    throw StartError(fmt::format(
        "{}: its configuration lacks a usable '{}': it was made by another program, or a newer Backspin",
        reader.path().string(), key));
}

std::optional<std::string> recorded_text(const snapshots::RecordingReader& reader, const std::string& key) {
    const auto entry = reader.configuration().find(key);
    if (entry == reader.configuration().end()) return std::nullopt;
    return entry->second;
}

struct Bounds {
    std::uint64_t most;
    std::uint64_t least = 1;
    std::uint64_t unit = 1;
};
std::uint64_t number_of(const snapshots::RecordingReader& reader, const std::string& key,
                        const Bounds& bounds) {
    const auto text = recorded_text(reader, key);
    const auto number = text ? parse_number(*text) : std::nullopt;
    if (!number || *number < bounds.least || *number > bounds.most || *number % bounds.unit != 0)
        refuse_key(reader, key);
    return *number;
}

emu::Isa isa_of(const snapshots::RecordingReader& reader) {
    const auto text = recorded_text(reader, "cpu");
    if (!text || text->size() > kLongestIsa) refuse_key(reader, "cpu");
    try {
        return emu::Isa::parse(*text);
    } catch (const std::invalid_argument&) {
        refuse_key(reader, "cpu");
    }
}

emu::MachineOptions options_of(const snapshots::RecordingReader& reader) {
    constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
    emu::MachineOptions options;
    options.ram_bytes = number_of(reader, "ram", {kLargestRam, kPageSize, kPageSize});
    auto& board = options.board;
    board.isa = isa_of(reader);
    board.harts = number_of(reader, "harts", {emu::BoardOptions::kMostHarts});
    board.quantum = number_of(reader, "quantum", {emu::BoardOptions::kMostQuantum});
    if (recorded_text(reader, "chaos")) board.chaos = number_of(reader, "chaos", {kAny, 0});
    board.ns_per_step = number_of(reader, "ns-per-step", {emu::BoardOptions::kMostNsPerStep});
    board.rtc_start = number_of(reader, "rtc-start", {kAny, 0});
    board.rtc_is_hosts = recorded_text(reader, "rtc") == "host";
    if (recorded_text(reader, "rtc") && !board.rtc_is_hosts) refuse_key(reader, "rtc");
    board.reboots = number_of(reader, "reboots", {1, 0}) != 0;
    const auto arguments = recorded_text(reader, "semihosting");
    board.semihosting = arguments.has_value();
    board.semihosting_arguments = arguments.value_or("");
    if (board.semihosting_arguments.size() > kLongestArguments) refuse_key(reader, "semihosting");
    for (std::size_t i = 0; i < emu::memory_map::kVirtioTransports; ++i) {
        const auto key = "virtio" + std::to_string(i);
        const auto text = recorded_text(reader, key);
        if (!text) break;
        const auto device = device_of(*text);
        if (!device) refuse_key(reader, key);
        board.virtio.push_back(*device);
    }
    options.seeds_random_numbers = recorded_text(reader, "rng-seed") == "1";
    if (recorded_text(reader, "rng-seed") && !options.seeds_random_numbers) refuse_key(reader, "rng-seed");
    options.boot_arguments = recorded_text(reader, "append").value_or("");
    if (options.boot_arguments.size() > emu::BoardDescription::kMaxText ||
        options.boot_arguments.find('\0') != std::string::npos)
        refuse_key(reader, "append");
    return options;
}

const LoadedImage* image_of(const MachineSetup& setup, std::string_view role) {
    const auto found = std::ranges::find(setup.images, role, &LoadedImage::role);
    return found == setup.images.end() ? nullptr : &*found;
}

emu::BootFiles boot_files(const MachineSetup& setup) {
    const auto file = [&](const char* role) {
        const auto* image = image_of(setup, role);
        if (image == nullptr) return emu::BootFile{};
        if (image->bytes.empty())
            throw StartError(fmt::format("{}: the file is empty: give a program", image->name));
        return emu::BootFile{image->name, image->bytes};
    };
    return {file(kBiosRole), file(kProgramRole), file(kInitrdRole)};
}

/// What is wrong with the files is said by whoever finds it, in one line; here it becomes this program's
/// error.
template <class Build>
auto built(const MachineSetup& setup, Build build) {
    try {
        return build();
    } catch (const emu::LoadError& error) {
        throw StartError(error.what());
    } catch (const std::invalid_argument& error) {
        throw StartError(error.what());
    } catch (const std::bad_alloc&) {
        throw StartError(fmt::format("this computer has no memory for {} of RAM; give less with --ram",
                                     describe_size(setup.options.ram_bytes)));
    }
}

/// As the user says, or for the file that says it; RV64 if none does.
emu::Isa isa_for(const MachineChoice& choice, const MachineSetup& setup) {
    if (choice.cpu) return *choice.cpu;
    for (const auto* role : {kProgramRole, kBiosRole}) {
        const auto* image = image_of(setup, role);
        const auto xlen = image == nullptr ? std::nullopt : emu::elf_xlen(image->bytes);
        if (xlen) return emu::Isa(*xlen);
    }
    return emu::Isa(64);
}

std::string found_opensbi(unsigned xlen) {
    const auto path = find_opensbi(xlen);
    if (!path)
        throw StartError(fmt::format(
            "no OpenSBI for RV{} is installed here to start the kernel: install the package 'opensbi', "
            "or give --bios FILE",
            xlen));
    return path->string();
}

/// What a program is told that it is called, if the user says nothing.
std::string name_for_program(const MachineSetup& setup) {
    if (setup.images.empty()) return "";
    return std::filesystem::path(setup.images.front().name).filename().string().substr(0, kLongestArguments);
}

void open_drives(const MachineChoice& choice, MachineSetup& setup) {
    for (std::size_t i = 0; i < choice.devices.size(); ++i) {
        const auto* drive = std::get_if<DriveImage>(&choice.devices[i]);
        if (drive == nullptr) continue;
        auto image = std::make_shared<ObservedImage>(std::make_shared<FileImage>(drive->path));
        std::get<emu::virtio::BlockOptions>(setup.options.board.virtio[i]).size = image->size();
        setup.disks.push_back(image);
        setup.disk_names.push_back(drive->path);
        setup.observed_disks.push_back(std::move(image));
    }
}

void open_recorded_drives(const snapshots::RecordingReader& reader, std::span<const std::string> files,
                          MachineSetup& setup) {
    const auto embedded = std::make_shared<EmbeddedBlocks>(reader.path());
    for (std::size_t i = 0; i < setup.options.board.virtio.size(); ++i) {
        const auto* block = std::get_if<emu::virtio::BlockOptions>(&setup.options.board.virtio[i]);
        if (block == nullptr) continue;
        const auto number = setup.disks.size();
        if (block->drive != number || block->size < emu::virtio::Block::kSector)
            refuse_key(reader, "virtio" + std::to_string(i));
        const auto name = recorded_text(reader, "disk" + std::to_string(number)).value_or("");
        const auto file = number < files.size() ? std::make_shared<FileImage>(files[number]) : nullptr;
        RecordedDrive drive{static_cast<std::uint32_t>(number), fmt::format("drive {} ({})", number, name),
                            block->size, reader.disk_blocks(static_cast<std::uint32_t>(number))};
        setup.disks.push_back(std::make_shared<RecordedImage>(std::move(drive), embedded, file));
        setup.disk_names.push_back(file ? files[number] : name);
    }
    if (files.size() > setup.disks.size())
        throw StartError(
            fmt::format("--drive {}: the recorded machine has {} drives", files.back(), setup.disks.size()));
}

std::uint64_t host_date() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

}  // namespace

std::vector<std::byte> read_file(const std::string& path, const char* what) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0)
        throw StartError(fmt::format("{}: cannot open this {}: {}", path, what, host_error()));
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) throw StartError(fmt::format("{}: {}", path, host_error()));
    if (!S_ISREG(status.st_mode))
        throw StartError(fmt::format("{}: is not a plain file; give the {} itself", path, what));
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > kLargestImage) {
        throw StartError(fmt::format("{}: has {}; at most 1 GiB can be loaded", path, describe_size(size)));
    }
    std::vector<std::byte> bytes(size);
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const auto got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw StartError(fmt::format("{}: cannot be read: {}", path, host_error()));
        if (got == 0) break;  // it has become shorter meanwhile
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

MachineSetup set_up(const MachineChoice& choice) {
    MachineSetup setup;
    setup.options = choice.options;
    setup.engine = choice.engine;
    const auto add = [&](const std::optional<std::string>& path, const char* role, const char* what) {
        if (path) setup.images.push_back({*path, role, read_file(*path, what)});
    };
    add(choice.program, kProgramRole, "image");
    add(choice.bios, kBiosRole, "firmware");
    setup.options.board.isa = isa_for(choice, setup);
    if (choice.find_bios) add(found_opensbi(setup.options.board.isa.xlen()), kBiosRole, "firmware");
    add(choice.initrd, kInitrdRole, "initial RAM disk");
    open_drives(choice, setup);
    if (choice.host_date) setup.options.board.rtc_start = host_date();
    if (setup.options.board.semihosting) {
        setup.options.board.semihosting_arguments =
            choice.arguments ? *choice.arguments : name_for_program(setup);
    }
    return setup;
}

void refuse_own_inputs(const std::vector<std::string>& outputs, const MachineSetup& setup,
                       const std::optional<std::string>& input) {
    std::vector<std::string> inputs;
    inputs.reserve(setup.images.size() + setup.disk_names.size() + 1);
    for (const auto& image : setup.images) inputs.push_back(image.name);
    inputs.insert(inputs.end(), setup.disk_names.begin(), setup.disk_names.end());
    if (input) inputs.push_back(*input);
    std::error_code ignored;
    for (const auto& output : outputs) {
        for (const auto& read : inputs) {
            if (std::filesystem::equivalent(output, read, ignored)) {
                throw StartError(
                    fmt::format("{}: is read and would be overwritten; name another output file", output));
            }
        }
    }
}

MachineBuilder builder_with(const emu::EngineOptions& engine) {
    return [engine](const MachineSetup& setup) {
        return built(setup, [&] {
            return std::make_unique<emu::RiscvMachine>(setup.options, boot_files(setup), setup.disks, engine);
        });
    };
}

std::unique_ptr<emu::RiscvMachine> build_machine(const MachineSetup& setup) {
    return builder_with(setup.engine)(setup);
}

std::vector<std::byte> device_tree_of(const MachineSetup& setup) {
    return built(setup, [&]() -> std::vector<std::byte> {
        const auto board = emu::describe(setup.options);
        if (setup.images.empty()) return emu::build_device_tree(board);
        const auto plan = emu::plan_boot(boot_files(setup), board);
        const auto tree = std::ranges::find(plan.placements, plan.device_tree, &emu::Placement::at);
        return {tree->bytes.begin(), tree->bytes.end()};
    });
}

snapshots::Configuration to_configuration(const MachineSetup& setup) {
    const auto& board = setup.options.board;
    snapshots::Configuration configuration{{"machine", kMachineName},
                                           {"producer", "backspin " BACKSPIN_VERSION},
                                           {"ram", std::to_string(setup.options.ram_bytes)},
                                           {"cpu", board.isa.name()},
                                           {"harts", std::to_string(board.harts)},
                                           {"quantum", std::to_string(board.quantum)},
                                           {"ns-per-step", std::to_string(board.ns_per_step)},
                                           {"rtc-start", std::to_string(board.rtc_start)},
                                           {"reboots", board.reboots ? "1" : "0"},
                                           {"epoch-steps", std::to_string(setup.epoch_steps.value)}};
    if (board.rtc_is_hosts) configuration["rtc"] = "host";
    if (setup.options.seeds_random_numbers) configuration["rng-seed"] = "1";
    if (board.semihosting) configuration["semihosting"] = board.semihosting_arguments;
    for (std::size_t i = 0; i < board.virtio.size(); ++i)
        configuration["virtio" + std::to_string(i)] = to_text(board.virtio[i]);
    // Names are for messages only: of one that is too long, the end says most.
    for (std::size_t i = 0; i < setup.disk_names.size(); ++i) {
        const auto& name = setup.disk_names[i];
        configuration["disk" + std::to_string(i)] = name.size() > 255 ? name.substr(name.size() - 255) : name;
    }
    if (board.chaos) configuration["chaos"] = std::to_string(*board.chaos);
    if (!setup.options.boot_arguments.empty()) configuration["append"] = setup.options.boot_arguments;
    return configuration;
}

std::vector<Channel> console_channels(const MachineSetup& setup) {
    std::vector<Channel> consoles{emu::kConsoleChannel};
    const auto& devices = setup.options.board.virtio;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (std::holds_alternative<emu::virtio::ConsoleOptions>(devices[i]))
            consoles.push_back(emu::virtio_channel(i));
    }
    return consoles;
}

std::vector<snapshots::ImageSource> image_sources(const MachineSetup& setup) {
    std::vector<snapshots::ImageSource> images;
    for (const auto& image : setup.images) {
        // Names are for messages only: of one that is too long, the end says most.
        const auto tail = image.name.size() > 255 ? image.name.substr(image.name.size() - 255) : image.name;
        images.push_back({tail, image.role, image.bytes});
    }
    return images;
}

MachineSetup describe_recording(const snapshots::RecordingReader& reader) {
    const auto& configuration = reader.configuration();
    const auto machine = configuration.find("machine");
    if (machine == configuration.end() || machine->second != kMachineName) {
        throw StartError(fmt::format("{}: records a machine '{}', and this program builds only '{}'",
                                     reader.path().string(),
                                     machine == configuration.end() ? "" : machine->second, kMachineName));
    }
    MachineSetup setup;
    setup.options = options_of(reader);
    setup.epoch_steps = {number_of(reader, "epoch-steps", {kMostEpochSteps})};
    return setup;
}

MachineSetup from_recording(const snapshots::RecordingReader& reader,
                            std::span<const std::string> drive_files) {
    auto setup = describe_recording(reader);
    for (std::size_t i = 0; i < reader.images().size(); ++i) {
        const auto& image = reader.images()[i];
        const bool known = image.role == kProgramRole || image.role == kBiosRole || image.role == kInitrdRole;
        if (!known || image_of(setup, image.role) != nullptr) {
            throw StartError(
                fmt::format("{}: holds an image of a role that is not known here, or twice: '{}'",
                            reader.path().string(), image.role));
        }
        setup.images.push_back({image.name, image.role, reader.image(i)});
    }
    if (setup.images.empty()) throw StartError(reader.path().string() + ": holds no image to run");
    open_recorded_drives(reader, drive_files, setup);
    return setup;
}

}  // namespace backspin::cli
