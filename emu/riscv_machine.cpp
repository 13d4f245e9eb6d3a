#include "emu/riscv_machine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "emu/device_tree.hpp"
#include "emu/input.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint64_t kLeastRam = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostRam = std::uint64_t{1} << 40;
constexpr std::uint64_t kMostNsPerStep = 1'000'000;

std::uint64_t checked_ns_per_step(std::uint64_t ns) {
    if (ns == 0 || ns > kMostNsPerStep) {
        throw std::invalid_argument("one step must take from 1 to 1,000,000 virtual nanoseconds");
    }
    return ns;
}

std::uint64_t checked_ram(std::uint64_t bytes) {
    if (bytes < kLeastRam || bytes > kMostRam) {
        throw std::invalid_argument("RAM must have from 1 MiB to 1 TiB");
    }
    return bytes;
}

/// What a hart finds at its reset address: it jumps to the entry with its number in a0 and the device tree in
/// a1, as on QEMU's virt board.
std::vector<std::byte> reset_vector(PhysicalAddress entry, PhysicalAddress device_tree) {
    constexpr std::array<std::uint32_t, 6> kCode{
        0x00000297,  // auipc t0, 0
        0xf1402573,  // csrr  a0, mhartid
        0x0202b583,  // ld    a1, 32(t0)
        0x0182b283,  // ld    t0, 24(t0)
        0x00028067,  // jr    t0
        0x00000013,  // nop
    };
    std::vector<std::byte> bytes(sizeof kCode + 16);
    std::memcpy(bytes.data(), kCode.data(), sizeof kCode);
    std::memcpy(bytes.data() + sizeof kCode, &entry.value, 8);
    std::memcpy(bytes.data() + sizeof kCode + 8, &device_tree.value, 8);
    return bytes;
}

bool overlap(const ImageSegment& a, const ImageSegment& b) {
    return a.at.value < b.at.value + b.memory_size && b.at.value < a.at.value + a.memory_size;
}

/// Each image is disjoint in itself; two images may still want the same place.
void check_disjoint(std::span<const Image> images) {
    for (std::size_t i = 0; i < images.size(); ++i) {
        for (std::size_t j = i + 1; j < images.size(); ++j) {
            for (const auto& a : images[i].segments) {
                for (const auto& b : images[j].segments) {
                    if (overlap(a, b)) {
                        throw LoadError(
                            "overlaps the firmware given by --bios: link one of the two to other addresses");
                    }
                }
            }
        }
    }
}

void place(Memory& memory, std::span<const Image> images) {
    check_disjoint(images);
    for (const auto& image : images) {
        if (image.xlen != 64) {
            throw LoadError(
                "built for RV32, and the harts of this machine are RV64: build it with -march=rv64imac");
        }
        for (const auto& segment : image.segments) {
            if (!memory.load(segment.at, segment.bytes))
                throw LoadError("a segment of the image lies outside RAM");
        }
    }
}

}  // namespace

RiscvMachine::RiscvMachine(const MachineOptions& options, std::span<const Image> images,
                           PhysicalAddress entry)
    : board_(checked_ns_per_step(options.ns_per_step)),
      memory_(PageStore::create(), checked_ram(options.ram_bytes)) {
    constexpr PhysicalAddress kReset = memory_map::kMaskRom.base;
    constexpr PhysicalAddress kDeviceTree{kReset.value + 0x100};
    BoardDescription description;
    description.ram_size = options.ram_bytes;
    memory_.load(kReset, reset_vector(entry, kDeviceTree));
    if (!memory_.load(kDeviceTree, build_device_tree(description))) {
        throw std::invalid_argument("the device tree does not fit into the mask ROM");
    }
    place(memory_, images);
    board_.harts.front().pc = kReset.value;
    engine_ = std::make_unique<Interpreter>(board_, memory_);
}

RiscvMachine::~RiscvMachine() = default;

// ---- running ------------------------------------------------------------------------------------

RunEnd RiscvMachine::run(const RunOptions& options, Observer* observer) {
    board_.output = options.show_output ? sink_ : nullptr;
    while (board_.steps < options.until) {
        const auto moved = advance(options.until, options, observer);
        if (moved.end) return *moved.end;
    }
    return RunEnd::reached;
}

std::optional<StepInfo> RiscvMachine::step(bool show_output) {
    board_.output = show_output ? sink_ : nullptr;
    return advance(board_.steps + StepCount{1}, RunOptions{}, nullptr).info;
}

/// At least one step towards `until`, or the reason why there is none. Looks for what comes first, in the
/// order of reference::step; then lets the engine run as far as nothing of that can change unnoticed.
RiscvMachine::OneStep RiscvMachine::advance(StepCount until, const RunOptions& options, Observer* observer) {
    if (board_.powered_off()) return {{}, RunEnd::powered_off};
    if (auto* device = board_.due_device()) {
        device->event(board_.device_context());
        board_.steps += StepCount{1};
        return {StepInfo{StepKind::device_event, {}, false}, {}};
    }
    auto& hart = board_.harts.front();
    if (const auto interrupt = interrupt_to_take(hart, board_.mip(hart))) {
        const auto interrupted = context(hart.id);
        take_interrupt(hart, *interrupt);
        count(hart, 1, 0);
        board_.steps += StepCount{1};
        OneStep result{StepInfo{StepKind::interrupt, hart.id, false}, {}};
        if (observer != nullptr && observer->on_interrupt(hart.id, interrupted) == Verdict::stop) {
            result.end = RunEnd::stopped;
        }
        return result;
    }
    if (board_.can_move(hart)) return run_hart(hart, next_deadline_step(until), observer);
    if (!board_.jump_target()) return {{}, RunEnd::asleep};
    if (options.pause_when_idle) return {{}, RunEnd::idle};
    board_.jump_to_deadline();
    board_.steps += StepCount{1};
    return {StepInfo{StepKind::idle_jump, {}, false}, {}};
}

RiscvMachine::OneStep RiscvMachine::run_hart(Hart& hart, StepCount until, Observer* observer) {
    // Waking is part of the hart's next step: stopped before it, the hart still waits.
    const auto before = board_.steps;
    const auto waited = std::exchange(hart.waiting, false);
    const auto result = engine_->run(hart, until, observer);
    if (board_.steps == before) hart.waiting = waited;

    OneStep moved{StepInfo{StepKind::attempt, hart.id, result.returned_from_trap}, {}};
    if (result.leave == Interpreter::Leave::stopped) moved.end = RunEnd::stopped;
    if (result.returned_from_trap && observer != nullptr &&
        observer->on_trap_return(hart.id) == Verdict::stop) {
        moved.end = RunEnd::stopped;
    }
    return moved;
}

StepCount RiscvMachine::next_deadline_step(StepCount until) const {
    const auto deadline = board_.next_deadline();
    return deadline ? std::min(until, board_.position_of(*deadline)) : until;
}

// ---- from outside -------------------------------------------------------------------------------

void RiscvMachine::apply(const Input& input) {
    board_.output = nullptr;
    apply_input(board_, memory_, input);
    board_.steps += StepCount{1};
    if (const auto* write = std::get_if<MemoryWrite>(&input)) {
        engine_->bytes_changed(PhysicalAddress{write->at.value}, write->bytes.size());
    }
}

std::size_t RiscvMachine::room_for_input(Channel channel) const {
    return channel == kConsoleChannel && !board_.powered_off() ? board_.uart.room_for_input() : 0;
}

std::optional<VirtualTime> RiscvMachine::idle_deadline() const {
    const auto all_wait =
        std::ranges::none_of(board_.harts, [&](const Hart& hart) { return board_.can_move(hart); });
    return all_wait ? board_.jump_target() : std::nullopt;
}

ExecutionContext RiscvMachine::context(HartId id) const {
    const auto& hart = board_.harts.at(id.value);
    constexpr std::size_t kSp = 2;
    return {VirtualAddress{hart.pc}, VirtualAddress{hart.x[kSp]}, static_cast<std::uint8_t>(hart.privilege)};
}

SavedState RiscvMachine::save() {
    SavedState state;
    board_.save(state);
    state.pages = memory_.pages().share();
    engine_->pages_shared();
    return state;
}

void RiscvMachine::load(const SavedState& state) {
    if (state.pages.page_count() != memory_.pages().page_count())
        throw BadState("the state is of a machine with another size of memory");
    board_.load(state);
    for (const auto& hart : board_.harts) {
        if (hart.reservation && !memory_.is_writable(*hart.reservation))
            throw BadState("hart: a reservation outside RAM");
    }
    memory_.pages().restore(state.pages);
    engine_->pages_replaced();
}

// ---- for a debugger -----------------------------------------------------------------------------

/// A device answers the sizes that it takes: the widest that fits, or else a part of the register around the
/// address.
std::size_t RiscvMachine::peek_device(PhysicalAddress at, std::span<std::byte> out) const {
    const auto peek = [&](PhysicalAddress from, std::size_t size) -> std::optional<std::uint64_t> {
        const auto access = static_cast<AccessSize>(size);
        const auto place = board_.device_at(from, access);
        return place.device != nullptr ? place.device->peek(place.offset, access, time()) : std::nullopt;
    };
    for (const std::size_t size : {8, 4, 2, 1}) {
        if (size > out.size() || at.value % size != 0) continue;
        if (const auto value = peek(at, size)) {
            std::memcpy(out.data(), &*value, size);
            return size;
        }
    }
    for (const std::size_t size : {2, 4, 8}) {
        const auto inside = at.value % size;
        if (const auto value = peek(PhysicalAddress{at.value - inside}, size)) {
            const auto part = std::min(out.size(), size - inside);
            std::memcpy(out.data(), reinterpret_cast<const std::byte*>(&*value) + inside, part);
            return part;
        }
    }
    return 0;
}

std::size_t RiscvMachine::read_memory(HartId, VirtualAddress at, std::span<std::byte> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const PhysicalAddress here{at.value + done};
        const auto in_page = std::min(out.size() - done, kPageSize - here.value % kPageSize);
        if (memory_.read(here, out.subspan(done, in_page))) {
            done += in_page;
            continue;
        }
        const auto taken = peek_device(here, out.subspan(done));
        if (taken == 0) break;
        done += taken;
    }
    return done;
}

bool RiscvMachine::can_write_memory(HartId, VirtualAddress at, std::size_t length) const {
    const PhysicalAddress physical{at.value};
    return memory_.ram().contains(physical, length) || memory_map::kMaskRom.contains(physical, length);
}

std::optional<std::uint64_t> RiscvMachine::read_register(HartId id, RegisterId which) const {
    return id.value < board_.harts.size() ? emu::read_register(board_, board_.harts[id.value], which)
                                          : std::nullopt;
}

}  // namespace backspin::emu
