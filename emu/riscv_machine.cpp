#include "emu/riscv_machine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "emu/device_tree.hpp"
#include "emu/engine/interpreter.hpp"
#include "emu/input.hpp"
#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint64_t kLeastRam = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostRam = std::uint64_t{1} << 40;
std::uint64_t checked_ram(std::uint64_t bytes) {
    if (bytes < kLeastRam || bytes > kMostRam) {
        throw std::invalid_argument("RAM must have from 1 MiB to 1 TiB");
    }
    return bytes;
}

}  // namespace

BoardDescription describe(const MachineOptions& options) {
    BoardDescription description;
    description.harts = options.board.harts;
    description.isa = options.board.isa;
    description.ram_size = options.ram_bytes;
    description.boot_arguments = options.boot_arguments;
    description.seeds_random_numbers = options.seeds_random_numbers;
    return description;
}

RiscvMachine::RiscvMachine(const MachineOptions& options, const BootFiles& files,
                           std::span<const std::shared_ptr<const DiskImage>> images,
                           const EngineOptions& engine)
    : board_(options.board), memory_(PageStore::create(), checked_ram(options.ram_bytes), images) {
    const auto plan = plan_boot(files, describe(options));
    for (const auto& placement : plan.placements) {
        if (!memory_.load(placement.at, placement.bytes))
            throw LoadError(placement.what + " lies outside memory");
    }
    memory_.keep_as_power_on();
    engine_ = std::make_unique<Interpreter>(board_, memory_, engine);
}

RiscvMachine::~RiscvMachine() = default;

void RiscvMachine::set_stop_points(std::span<const StopPoint> points) {
    engine_->set_stop_points(points);
}

EngineStatistics RiscvMachine::statistics() const {
    return engine_->statistics();
}

std::optional<AccessNotes> RiscvMachine::take_access_notes() {
    return engine_->take_access_notes();
}

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
    const auto count_step = [&](StepKind kind) {
        board_.steps += StepCount{1};
        return OneStep{StepInfo{kind, {}, false}, {}};
    };
    if (board_.powered_off()) return {{}, RunEnd::powered_off};
    if (board_.waits_for_host()) return {{}, RunEnd::asleep};
    if (board_.reset_is_due()) {
        board_.reset();
        memory_.reset();
        engine_->pages_replaced();
        return count_step(StepKind::device_event);
    }
    if (board_.has_due_event()) {
        if (handle_due_event(observer) == Verdict::stop) return {{}, RunEnd::stopped};
        return count_step(StepKind::device_event);
    }
    if (const auto turn = board_.next_turn()) {
        auto& hart = board_.harts[turn->hart.value];
        if (const auto interrupt = interrupt_to_take(hart, board_.mip(hart))) {
            if (engine_->stops_before(hart, *interrupt, observer)) return {{}, RunEnd::stopped};
            board_.begin(*turn);
            return interrupt_hart(hart, *interrupt, observer);
        }
        return run_hart(*turn, std::min(turn->end, next_deadline_step(until)), observer);
    }
    if (!board_.jump_target()) return {{}, RunEnd::asleep};
    if (options.pause_when_idle) return {{}, RunEnd::idle};
    board_.jump_to_deadline();
    return count_step(StepKind::idle_jump);
}

Verdict RiscvMachine::handle_due_event(Observer* observer) {
    const auto change = [this] {
        Dma dma(memory_);
        board_.handle_due_event(dma);
        auto written = dma.take_written();
        board_.break_reservations(written);
        return written;
    };
    // Devices that have no component of their own in the list of those with DMA write no memory.
    const auto writer = board_.component_of_due_event();
    const Accessor by{Accessor::Kind::device, static_cast<std::uint32_t>(writer.value_or(0))};
    return engine_->make(change, by, writer ? observer : nullptr) ? Verdict::go_on : Verdict::stop;
}

RiscvMachine::OneStep RiscvMachine::interrupt_hart(Hart& hart, Interrupt interrupt, Observer* observer) {
    const auto interrupted = context(hart.id);
    take_interrupt(hart, interrupt);
    count(hart, 1, 0);
    board_.steps += StepCount{1};
    OneStep result{StepInfo{StepKind::interrupt, hart.id, false}, {}};
    if (observer != nullptr && observer->on_interrupt(hart.id, interrupted) == Verdict::stop)
        result.end = RunEnd::stopped;
    return result;
}

RiscvMachine::OneStep RiscvMachine::run_hart(const Board::Turn& turn, StepCount until, Observer* observer) {
    // Waking, and the turn itself, are part of the hart's next step: stopped before it, nothing has changed.
    auto& hart = board_.harts[turn.hart.value];
    const auto before = board_.steps;
    const auto turn_before = board_.turn;
    const auto reservation_before = board_.harts[turn_before.hart.value].reservation;
    const auto waited = std::exchange(hart.waiting, false);
    board_.begin(turn);
    const auto result = engine_->run(hart, until, observer);
    if (board_.steps == before) {
        hart.waiting = waited;
        board_.turn = turn_before;
        board_.harts[turn_before.hart.value].reservation = reservation_before;
    }

    OneStep moved{StepInfo{StepKind::attempt, hart.id, result.returned_from_trap}, {}};
    if (result.leave == Interpreter::Leave::asked_host)
        moved.info = StepInfo{StepKind::device_event, {}, false};
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

Verdict RiscvMachine::apply(const Input& input, Observer* observer) {
    board_.output = nullptr;
    const auto change = [&] { return apply_input(board_, memory_, input); };
    if (!engine_->make(change, writer_of(input), observer)) return Verdict::stop;
    board_.steps += StepCount{1};
    return Verdict::go_on;
}

Accessor RiscvMachine::writer_of(const Input& input) const {
    const auto* device = std::get_if<DeviceInput>(&input);
    if (device == nullptr) return {Accessor::Kind::debugger, 0};
    const auto component = board_.component_of(device->channel);
    return {Accessor::Kind::device, static_cast<std::uint32_t>(component.value_or(0))};
}

std::size_t RiscvMachine::room_for_input(Channel channel) const {
    Dma dma(const_cast<Memory&>(memory_));  // which is only read
    return board_.room_for_input(channel, dma);
}

HartId RiscvMachine::current_hart() const {
    const auto turn = board_.next_turn();
    return turn ? turn->hart : board_.turn.hart;
}

std::optional<VirtualTime> RiscvMachine::idle_deadline() const {
    const bool something_comes_first =
        board_.powered_off() || board_.waits_for_host() || board_.reset_is_due() || board_.has_due_event();
    return something_comes_first || board_.next_turn() ? std::nullopt : board_.jump_target();
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
std::size_t RiscvMachine::peek_devices(PhysicalAddress at, std::span<std::byte> out) const {
    const auto peek = [&](PhysicalAddress from, std::size_t size) {
        return board_.peek_device(from, static_cast<AccessSize>(size));
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

std::optional<PhysicalAddress> RiscvMachine::translate(HartId id, VirtualAddress at) const {
    ConstPageTables tables(memory_);
    return translate_for_debugger(board_.harts.at(id.value), board_.isa(), at, tables);
}

std::size_t RiscvMachine::read_memory(HartId id, VirtualAddress at, std::span<std::byte> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const VirtualAddress here{(at.value + done) & board_.harts.at(id.value).xlen_mask()};
        const auto place = translate(id, here);
        if (!place) break;
        const auto in_page = std::min(out.size() - done, kPageSize - here.value % kPageSize);
        const auto taken = read_physical(*place, out.subspan(done, in_page));
        done += taken;
        if (taken < in_page) break;
    }
    return done;
}

std::size_t RiscvMachine::read_physical(PhysicalAddress at, std::span<std::byte> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const PhysicalAddress here{at.value + done};
        const auto in_page = std::min(out.size() - done, kPageSize - here.value % kPageSize);
        const auto piece = out.subspan(done, in_page);
        const auto taken = memory_.read(here, piece) ? in_page : peek_devices(here, piece);
        if (taken == 0) break;
        done += taken;
    }
    return done;
}

bool RiscvMachine::is_translating(HartId hart) const {
    return data_space(board_.harts.at(hart.value)).satp != 0;
}

bool RiscvMachine::can_write_memory(HartId hart, VirtualAddress at, std::size_t length) const {
    return locate_for_debugger(board_, memory_, hart, at, length).has_value();
}

std::optional<std::uint64_t> RiscvMachine::read_register(HartId id, RegisterId which) const {
    return id.value < board_.harts.size() ? emu::read_register(board_, board_.harts[id.value], which)
                                          : std::nullopt;
}

}  // namespace backspin::emu
