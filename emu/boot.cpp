#include "emu/boot.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "emu/hex.hpp"
#include "emu/kernel_image.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kPage = 4096;
/// What one entry of the last but one page table maps: kernels want to start on such a boundary.
constexpr std::uint64_t kLargePage64 = 2 * kMiB;
constexpr std::uint64_t kLargePage32 = 4 * kMiB;
/// The device tree stays where 32-bit firmware and early page tables reach.
constexpr std::uint64_t kTreeLimit = 0xc000'0000;
/// In the mask ROM the tree lies behind the reset vector.
constexpr std::uint64_t kTreeInRom = 0x100;
/// Firmware adds to the tree in its place: OpenSBI its reserved memory, U-Boot its arguments.
constexpr std::uint64_t kTreeSlack = 0x4000;
/// How far behind the kernel's start the initrd lies, if RAM is large enough.
constexpr std::uint64_t kInitrdDistance = 512 * kMiB;
/// Larger than any kernel; a bound for what a compressed file may unpack to.
constexpr std::uint64_t kMostUnpacked = 1024 * kMiB;

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}
constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t unit) {
    return value / unit * unit;
}

std::string text_of(const BusRange& range) {
    return hex(range.base.value) + " to " + hex(range.base.value + range.size - 1);
}

bool overlap(const BusRange& a, const BusRange& b) {
    return a.base.value < b.base.value + b.size && b.base.value < a.base.value + a.size;
}

/// What is placed so far.
class Layout {
  public:
    explicit Layout(const BusRange& ram) : ram_(ram) {}

    const BusRange& ram() const { return ram_; }
    bool is_free(const BusRange& range) const { return exists(range) && conflict(range) == nullptr; }

    /// Throws LoadError; `mend` is what the user can do if the place is taken.
    void add(Placement placement, const char* mend) {
        const BusRange range{placement.at, placement.memory_size};
        if (!exists(range))
            throw LoadError(placement.what + ": its " + hex(range.size) + " bytes at " +
                            hex(range.base.value) + " are not inside RAM (" + text_of(ram_) +
                            "): give the machine more with --ram");
        if (const auto* other = conflict(range))
            throw LoadError(placement.what + " (" + text_of(range) + ") overlaps " + other->what + " (" +
                            text_of({other->at, other->memory_size}) + "): " + mend);
        placements_.push_back(std::move(placement));
    }

    /// The highest place in RAM from `lowest` on, on a page boundary, that is free.
    std::optional<PhysicalAddress> highest_free(std::uint64_t size, std::uint64_t lowest) const {
        std::vector<std::uint64_t> ends{ram_.base.value + ram_.size};
        for (const auto& other : placements_) ends.push_back(other.at.value);
        std::sort(ends.rbegin(), ends.rend());
        for (const auto end : ends) {
            if (end < size) continue;
            const PhysicalAddress at{align_down(end - size, kPage)};
            if (at.value >= lowest && is_free({at, size})) return at;
        }
        return std::nullopt;
    }

    /// Of a placement that was added without its bytes.
    void set_bytes(PhysicalAddress at, std::span<const std::byte> bytes) {
        for (auto& placement : placements_) {
            if (placement.at == at) placement.bytes = bytes;
        }
    }

    std::vector<Placement> take_sorted() {
        std::sort(placements_.begin(), placements_.end(),
                  [](const Placement& a, const Placement& b) { return a.at < b.at; });
        return std::move(placements_);
    }

  private:
    bool exists(const BusRange& range) const {
        return ram_.contains(range.base, range.size) || memory_map::kMaskRom.contains(range.base, range.size);
    }
    const Placement* conflict(const BusRange& range) const {
        const auto found = std::find_if(placements_.begin(), placements_.end(), [&](const Placement& other) {
            return overlap(range, {other.at, other.memory_size});
        });
        return found == placements_.end() ? nullptr : &*found;
    }

    BusRange ram_;
    std::vector<Placement> placements_;
};

// ---- the reset vector -------------------------------------------------------------------------------

void append(std::vector<std::byte>& bytes, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

/// OpenSBI's struct fw_dynamic_info, all of whose fields are as wide as a register.
void append_firmware_info(std::vector<std::byte>& bytes, PhysicalAddress next, unsigned xlen) {
    constexpr std::uint64_t kMagic = 0x4942'534f, kVersion = 2, kSupervisor = 1, kNoOptions = 0,
                            kBootHart = 0;
    for (const auto field : {kMagic, kVersion, next.value, kSupervisor, kNoOptions, kBootHart}) {
        append(bytes, field, xlen / 8);
    }
}

/// What a hart finds at its reset address: it jumps to the entry with its number in a0, the device tree in
/// a1, and in a2 where a fw_dynamic firmware finds what it is to start next.
std::vector<std::byte> reset_vector(PhysicalAddress entry, PhysicalAddress device_tree, PhysicalAddress next,
                                    unsigned xlen) {
    const bool wide = xlen == 64;
    const std::array<std::uint32_t, 6> code{
        0x00000297,                       // auipc t0, 0
        0x02828613,                       // addi  a2, t0, 40: the firmware's information
        0xf1402573,                       // csrr  a0, mhartid
        wide ? 0x0202b583 : 0x0202a583u,  // ld    a1, 32(t0): the device tree
        wide ? 0x0182b283 : 0x0182a283u,  // ld    t0, 24(t0): the entry
        0x00028067,                       // jr    t0
    };
    std::vector<std::byte> bytes;
    for (const auto instruction : code) append(bytes, instruction, 4);
    append(bytes, entry.value, 8);
    append(bytes, device_tree.value, 8);
    append_firmware_info(bytes, next, xlen);
    return bytes;
}

// ---- what goes where --------------------------------------------------------------------------------

/// Where a file went.
struct Loaded {
    PhysicalAddress entry;
    PhysicalAddress start;
    std::uint64_t end = 0;  ///< first address behind it
};

/// Runs `load` and puts the file's name before what it complains of.
template <class Load>
auto named(const BootFile& file, Load load) {
    try {
        return load();
    } catch (const LoadError& error) {
        throw LoadError(file.name + ": " + error.what());
    }
}

BusRange ram_of(const BoardDescription& board) {
    if (board.ram_size == 0 || board.ram_size > ~memory_map::kRamBase.value)
        throw std::invalid_argument("boot: a board without RAM, or with more than there are addresses");
    return {memory_map::kRamBase, board.ram_size};
}

class Planner {
  public:
    Planner(const BootFiles& files, BoardDescription board)
        : files_(files), board_(std::move(board)), layout_(ram_of(board_)) {}

    BootPlan plan() {
        place_firmware_and_program();
        // The tree says where the initrd is, and the initrd goes where the tree is not: so the tree takes its
        // place first, and is written when all is known.
        reserve_device_tree();
        if (has_initrd()) place_initrd();
        write_device_tree();
        place_reset_vector();
        plan_.placements = layout_.take_sorted();
        return std::move(plan_);
    }

  private:
    bool has_firmware() const { return !files_.firmware.bytes.empty(); }
    bool has_initrd() const { return !files_.initrd.bytes.empty(); }
    unsigned xlen() const { return board_.isa.xlen(); }

    void place_firmware_and_program() {
        PhysicalAddress program_at = memory_map::kRamBase;
        if (has_firmware()) {
            const auto firmware = place(files_.firmware, files_.firmware.bytes, memory_map::kRamBase);
            program_at = {align_up(firmware.end, xlen() == 32 ? kLargePage32 : kLargePage64)};
            plan_.entry = firmware.entry;
        }
        if (!files_.program.bytes.empty()) {
            program_ = place_program(program_at);
            if (!has_firmware()) plan_.entry = program_->entry;
        } else if (!has_firmware()) {
            throw LoadError("there is nothing to run: give a program, --kernel or --bios");
        }
    }

    Image load(std::span<const std::byte> bytes, PhysicalAddress flat_at) const {
        const std::array ranges{layout_.ram()};
        if (!is_elf(bytes)) return load_flat(bytes, flat_at, xlen(), ranges);
        auto image = load_elf(bytes, ranges);
        if (image.xlen != xlen())
            throw LoadError("built for RV" + std::to_string(image.xlen) + ", and the harts are RV" +
                            std::to_string(xlen()) + ": give --cpu rv" + std::to_string(image.xlen));
        return image;
    }

    /// `bytes`: the file's, or what was packed in it. `least`: bytes of memory that a flat file takes.
    Loaded place(const BootFile& file, std::span<const std::byte> bytes, PhysicalAddress flat_at,
                 std::uint64_t least = 0) {
        const auto image = named(file, [&] { return load(bytes, flat_at); });
        Loaded loaded{image.entry, image.segments.front().at, 0};
        for (const auto& segment : image.segments) {
            const auto size = std::max(segment.memory_size, least);
            layout_.add({segment.at, segment.bytes, size, file.name},
                        "link one of the two to other addresses");
            loaded.end = segment.at.value + size;
        }
        return loaded;
    }

    Loaded place_program(PhysicalAddress flat_at) {
        const auto& file = files_.program;
        auto bytes = file.bytes;
        const auto most = std::min(board_.ram_size, kMostUnpacked);
        if (auto unpacked = named(file, [&] { return unpack_kernel(bytes, most); })) {
            plan_.made.push_back(std::move(*unpacked));
            bytes = plan_.made.back();
        }
        const auto header = is_elf(bytes) ? std::nullopt : linux_header(bytes);
        if (header && !has_firmware() && header->text_offset != 0)
            throw LoadError(file.name +
                            ": a Linux kernel, which needs firmware below it: give --bios, for example "
                            "OpenSBI's fw_dynamic.bin");
        return place(file, bytes, flat_at, header ? header->image_size : 0);
    }

    void reserve_device_tree() {
        if (has_initrd()) board_.initrd = BusRange{};  // with any addresses the tree is as large
        const auto range = device_tree_place(build_device_tree(board_).size());
        plan_.device_tree = range.base;
        layout_.add({range.base, {}, range.size, "the device tree"}, "");
    }

    BusRange device_tree_place(std::uint64_t tree_size) const {
        const auto size = align_up(tree_size + kTreeSlack, kPage);
        const auto limit = std::min(layout_.ram().base.value + layout_.ram().size, kTreeLimit);
        const BusRange usual{{align_down(limit - size, kLargePage64)}, size};
        if (layout_.is_free(usual)) return usual;
        // A program for the bare machine may use RAM to its end. It reads the tree, and nobody adds to it.
        const BusRange in_rom{{memory_map::kMaskRom.base.value + kTreeInRom}, tree_size};
        if (!has_firmware() && layout_.is_free(in_rom)) return in_rom;
        const BusRange at_end{{align_down(limit - size, kPage)}, size};
        if (layout_.is_free(at_end)) return at_end;
        throw LoadError("the device tree: the " + hex(size) + " bytes at the end of RAM (" +
                        text_of(layout_.ram()) +
                        ") that it needs are taken: give the machine more with --ram");
    }

    void place_initrd() {
        const auto& file = files_.initrd;
        const std::uint64_t size = file.bytes.size();
        if (!program_)
            throw LoadError(file.name + ": an initial RAM disk without a kernel: give --kernel too");
        const auto distance = std::min(board_.ram_size / 2, kInitrdDistance);
        PhysicalAddress at{align_up(program_->start.value + distance, kPage)};
        if (!layout_.is_free({at, size})) {
            // Not below the kernel: firmware uses memory behind itself that no file tells of.
            const auto elsewhere = layout_.highest_free(size, program_->end);
            if (!elsewhere)
                throw LoadError(file.name + ": no room for its " + hex(size) + " bytes in RAM (" +
                                text_of(layout_.ram()) +
                                ") behind the kernel: give the machine more with --ram");
            at = *elsewhere;
        }
        layout_.add({at, file.bytes, size, file.name}, "give the machine more with --ram");
        board_.initrd = BusRange{at, size};
    }

    void write_device_tree() {
        plan_.made.push_back(build_device_tree(board_));
        layout_.set_bytes(plan_.device_tree, plan_.made.back());
    }

    void place_reset_vector() {
        const auto next = has_firmware() && program_ ? program_->entry : PhysicalAddress{};
        plan_.reset = memory_map::kMaskRom.base;
        plan_.made.push_back(reset_vector(plan_.entry, plan_.device_tree, next, xlen()));
        const auto& bytes = plan_.made.back();
        layout_.add({plan_.reset, bytes, bytes.size(), "the reset vector"}, "");
    }

    const BootFiles& files_;
    BoardDescription board_;
    Layout layout_;
    std::optional<Loaded> program_;
    BootPlan plan_;
};

}  // namespace

BootPlan plan_boot(const BootFiles& files, BoardDescription board) {
    return Planner(files, std::move(board)).plan();
}

}  // namespace backspin::emu
