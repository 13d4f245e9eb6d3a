#include "cli/machine_setup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/start_error.hpp"
#include "cli/units.hpp"
#include "emu/loader.hpp"
#include "emu/memory_map.hpp"

namespace backspin::cli {
namespace {

constexpr std::uint64_t kLargestImage = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostEpochSteps = std::uint64_t{1} << 40;
constexpr const char* kMachineName = "riscv64-virt";
/// Where a flat program goes when firmware is below it, as QEMU's virt board places a kernel: 2 MiB into RAM.
constexpr std::uint64_t kBehindBios = std::uint64_t{2} << 20;

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

emu::Image load(const LoadedImage& image, const emu::BusRange& ram, bool behind_bios) {
    const std::array ranges{ram};
    try {
        if (emu::is_elf(image.bytes)) return emu::load_elf(image.bytes, ranges);
        const PhysicalAddress at{ram.base.value + (behind_bios ? kBehindBios : 0)};
        return emu::load_flat(image.bytes, at, 64, ranges);
    } catch (const emu::LoadError& error) {
        throw StartError(fmt::format("{}: {}", image.name, error.what()));
    }
}

std::uint64_t number_of(const snapshots::RecordingReader& reader, const std::string& key, std::uint64_t most,
                        std::uint64_t unit = 1) {
    const auto entry = reader.configuration().find(key);
    const auto number = entry == reader.configuration().end() ? std::nullopt : parse_number(entry->second);
    if (!number || *number == 0 || *number > most || *number % unit != 0) {
        throw StartError(fmt::format(
            "{}: its configuration lacks a usable '{}': it was made by another program, or a newer "
            "Backspin",
            reader.path().string(), key));
    }
    return *number;
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

std::unique_ptr<emu::RiscvMachine> build_machine(const MachineSetup& setup) {
    const emu::BusRange ram{emu::memory_map::kRamBase, setup.options.ram_bytes};
    const bool has_bios =
        std::ranges::any_of(setup.images, [](const auto& image) { return image.role == kBiosRole; });
    std::vector<emu::Image> images;
    PhysicalAddress entry;
    for (const auto& image : setup.images) {
        const bool is_bios = image.role == kBiosRole;
        images.push_back(load(image, ram, has_bios && !is_bios));
        if (is_bios || !has_bios) entry = images.back().entry;
    }
    try {
        return std::make_unique<emu::RiscvMachine>(setup.options, images, entry);
    } catch (const emu::LoadError& error) {
        throw StartError(fmt::format("{}: {}", setup.images.front().name, error.what()));
    } catch (const std::invalid_argument& error) {
        throw StartError(error.what());
    } catch (const std::bad_alloc&) {
        throw StartError(fmt::format("this computer has no memory for {} of RAM; give less with --ram",
                                     describe_size(setup.options.ram_bytes)));
    }
}

snapshots::Configuration to_configuration(const MachineSetup& setup) {
    return {{"machine", kMachineName},
            {"producer", "backspin " BACKSPIN_VERSION},
            {"ram", std::to_string(setup.options.ram_bytes)},
            {"ns-per-step", std::to_string(setup.options.ns_per_step)},
            {"epoch-steps", std::to_string(setup.epoch_steps.value)}};
}

MachineSetup from_recording(const snapshots::RecordingReader& reader) {
    const auto& configuration = reader.configuration();
    const auto machine = configuration.find("machine");
    if (machine == configuration.end() || machine->second != kMachineName) {
        throw StartError(fmt::format("{}: records a machine '{}', and this program builds only '{}'",
                                     reader.path().string(),
                                     machine == configuration.end() ? "" : machine->second, kMachineName));
    }
    MachineSetup setup;
    setup.options.ram_bytes = number_of(reader, "ram", kLargestRam, kPageSize);
    setup.options.ns_per_step = number_of(reader, "ns-per-step", kMostNsPerStep);
    setup.epoch_steps = {number_of(reader, "epoch-steps", kMostEpochSteps)};
    for (std::size_t i = 0; i < reader.images().size(); ++i) {
        const auto& image = reader.images()[i];
        if (image.role != kProgramRole && image.role != kBiosRole) {
            throw StartError(fmt::format("{}: holds an image of a role that is not known here: '{}'",
                                         reader.path().string(), image.role));
        }
        setup.images.push_back({image.name, image.role, reader.image(i)});
    }
    if (setup.images.empty()) throw StartError(reader.path().string() + ": holds no image to run");
    return setup;
}

}  // namespace backspin::cli
