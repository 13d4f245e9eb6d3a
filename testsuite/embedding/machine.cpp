#include "testsuite/embedding/machine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/state.hpp"

namespace backspin::m0 {

M0Machine::M0Machine(std::span<const std::byte> flash, std::shared_ptr<PageStore> store)
    : memory_(std::move(store), kMemoryPages) {
    if (flash.size() > kMemoryEach)
        throw std::invalid_argument("the image is larger than the flash of 64 KiB");
    write_memory(kFlash, flash);
    Bus bus(state_, memory_, notes_, nullptr);
    Core(state_, bus).reset();
}

// ---- steps --------------------------------------------------------------------------------------

std::optional<StepKind> next_step(const State& state) {
    if (state.cpu.locked_up) return std::nullopt;
    const auto due = state.systick.due();
    if (due && state.clock.time().ns >= *due * kNsPerStep) return StepKind::device_event;
    // WFI ends at what would be taken if PRIMASK were clear.
    if (state.cpu.waiting && !state.nvic.next(false))
        return due ? std::optional(StepKind::idle_jump) : std::nullopt;
    return state.nvic.next(state.cpu.primask) ? StepKind::interrupt : StepKind::attempt;
}

namespace {

void sample_lines(State& state) {
    const auto lines = state.uart.lines();
    state.nvic.sample(std::uint32_t{lines.rx} << kUartRxIrq | std::uint32_t{lines.tx} << kUartTxIrq |
                      std::uint32_t{lines.overrun} << kUartOverrunIrq);
}

std::optional<StepInfo> make_step(State& state, Core& core) {
    const auto kind = next_step(state);
    if (!kind) return std::nullopt;
    StepInfo info{.kind = *kind, .hart = {}};
    switch (*kind) {
        case StepKind::device_event:
            if (state.systick.expire()) state.nvic.pend(kSystick);
            break;
        case StepKind::idle_jump:
            state.clock.idle_ns += *state.systick.due() * kNsPerStep - state.clock.time().ns;
            break;
        case StepKind::interrupt: core.interrupt(*state.nvic.next(state.cpu.primask)); break;
        default:
            state.cpu.waiting = false;
            info.returned_from_trap = core.attempt();
            break;
    }
    if (state.nvic.reset_requested()) core.reset();
    sample_lines(state);
    ++state.clock.now.value;
    return info;
}

}  // namespace

std::optional<StepInfo> M0Machine::step(bool show_output) {
    Bus bus(state_, memory_, notes_, show_output ? sink_ : nullptr);
    Core core(state_, bus);
    return make_step(state_, core);
}

Verdict M0Machine::apply(const Input& input, Observer* observer) {
    if (observer != nullptr && report_hits(*observer, &input)) return Verdict::stop;
    if (const auto* device = std::get_if<DeviceInput>(&input)) {
        if (device->channel == kUartChannel)
            std::ranges::for_each(device->bytes, [&](auto byte) { state_.uart.receive(byte); });
        sample_lines(state_);
    } else if (const auto* warp = std::get_if<IdleWarp>(&input)) {
        state_.clock.idle_ns += warp->by.ns;
    } else if (const auto* memory = std::get_if<MemoryWrite>(&input)) {
        const auto at = static_cast<std::uint32_t>(memory->at.value);
        if (can_write_memory(at, memory->bytes.size())) write_memory(at, memory->bytes);
    } else if (const auto* reg = std::get_if<RegisterWrite>(&input)) {
        write_register(reg->which.value, static_cast<std::uint32_t>(reg->value));
    }
    ++state_.clock.now.value;
    return Verdict::go_on;
}

RunEnd M0Machine::run(const RunOptions& options, Observer* observer) {
    Bus bus(state_, memory_, notes_, options.show_output ? sink_ : nullptr);
    Core core(state_, bus);
    while (now() < options.until) {
        const auto kind = next_step(state_);
        if (!kind) return state_.cpu.locked_up ? RunEnd::powered_off : RunEnd::asleep;
        if (kind == StepKind::idle_jump && options.pause_when_idle) return RunEnd::idle;
        if (observer == nullptr) {
            make_step(state_, core);
            continue;
        }
        if (report_hits(*observer, nullptr)) return RunEnd::stopped;
        const auto before = context({});
        const auto info = make_step(state_, core);
        auto verdict = Verdict::go_on;
        if (info->kind == StepKind::interrupt) verdict = observer->on_interrupt({}, before);
        if (info->returned_from_trap) verdict = observer->on_trap_return({});
        if (verdict == Verdict::stop) return RunEnd::stopped;
    }
    return RunEnd::reached;
}

std::size_t M0Machine::room_for_input(Channel channel) const {
    return channel == kUartChannel && state_.uart.has_room() ? 1 : 0;
}

std::optional<VirtualTime> M0Machine::idle_deadline() const {
    if (next_step(state_) != StepKind::idle_jump) return std::nullopt;
    return VirtualTime{*state_.systick.due() * kNsPerStep};
}

ExecutionContext M0Machine::context(HartId) const {
    return {{state_.cpu.pc}, {state_.cpu.sp()}, static_cast<std::uint8_t>(state_.cpu.in_handler() ? 1 : 0)};
}

// ---- stops --------------------------------------------------------------------------------------

void M0Machine::set_stop_points(std::span<const StopPoint> points) {
    points_.assign(points.begin(), points.end());
    watches_data_ =
        std::ranges::any_of(points_, [](const auto& point) { return point.kind != StopKind::execute; });
}

std::vector<Access> M0Machine::next_accesses(const Input* input) const {
    std::vector<Access> accesses;
    if (input != nullptr) {
        const auto* memory = std::get_if<MemoryWrite>(input);
        if (memory == nullptr ||
            !can_write_memory(static_cast<std::uint32_t>(memory->at.value), memory->bytes.size()))
            return accesses;
        auto at = static_cast<std::uint32_t>(memory->at.value);
        for (const auto byte : memory->bytes) {
            std::byte before{};
            read_memory(at, {&before, 1});
            accesses.push_back({at++, 1, true, std::to_integer<std::uint32_t>(before ^ byte)});
        }
        return accesses;
    }
    // The step on trial: on a copy of the state, and the memory stays as it is.
    State state = state_;
    Bus bus(state, memory_, accesses);
    Core core(state, bus);
    make_step(state, core);
    return accesses;
}

std::optional<Hit> M0Machine::hit_of(const StopPoint& point, std::span<const Access> accesses) const {
    Hit hit{.kind = point.kind, .address = point.address, .at = now(), .hart = {}, .changes_value = false};
    bool touched = false;
    for (const auto& access : accesses) {
        if (point.kind == StopKind::write && !access.is_store) continue;
        if (point.kind == StopKind::read && access.is_store) continue;
        for (std::uint32_t i = 0; i < access.size; ++i) {
            const std::uint64_t at = access.address + i;
            if (at < point.address.value || at - point.address.value >= point.length) continue;
            touched = true;
            if (!access.is_store || (access.changed >> (8 * i) & 0xff) != 0) hit.changes_value = true;
        }
    }
    return touched ? std::optional(hit) : std::nullopt;
}

/// True: the observer said stop.
bool M0Machine::report_hits(Observer& observer, const Input* input) {
    if (points_.empty()) return false;
    const bool attempts = input == nullptr && next_step(state_) == StepKind::attempt;
    const auto accesses = watches_data_ ? next_accesses(input) : std::vector<Access>{};
    for (const auto& point : points_) {
        std::optional<Hit> hit;
        if (point.kind != StopKind::execute) {
            hit = hit_of(point, accesses);
            if (hit && input != nullptr) hit->by = {Accessor::Kind::debugger, 0};
        } else if (attempts && point.address.value == state_.cpu.pc) {
            hit = Hit{.kind = point.kind, .address = point.address, .at = now(), .hart = {}};
        }
        if (hit && observer.on_hit(*hit) == Verdict::stop) return true;
    }
    return false;
}

std::optional<AccessNotes> M0Machine::take_access_notes() {
    return AccessNotes{notes_.executed.take(), notes_.read.take(),         notes_.written.take(),
                       notes_.changed.take(),  notes_.from_outside.take(), false};
}

// ---- the whole state ----------------------------------------------------------------------------

namespace {

constexpr std::array<std::string_view, 5> kComponents{"cpu", "nvic", "systick", "uart", "clock"};

/// Calls for each component, in the order of their names.
template <class State, class Call>
void for_each_component(State& state, const Call& call) {
    call(state.cpu);
    call(state.nvic);
    call(state.systick);
    call(state.uart);
    call(state.clock);
}

}  // namespace

SavedState M0Machine::save() {
    SavedState saved;
    saved.at = now();
    StateWriter writer(saved.fields);
    for_each_component(state_, [&](auto& component) {
        writer& boost::serialization::make_nvp("component", component);
        saved.ends.push_back(static_cast<std::uint32_t>(saved.fields.size()));
    });
    saved.pages = memory_.share();
    saved.trusted = true;
    return saved;
}

void M0Machine::load(const SavedState& saved) {
    State state;
    StateReader reader(saved.fields);
    for_each_component(
        state, [&](auto& component) { reader& boost::serialization::make_nvp("component", component); });
    if (!reader.at_end() || !state.nvic.is_sound()) throw BadState("not a state of this machine");
    memory_.restore(saved.pages);
    state_ = state;
}

std::span<const std::string_view> M0Machine::component_names() const {
    return kComponents;
}

// ---- what a debugger looks at --------------------------------------------------------------------

std::uint32_t M0Machine::read_register(Reg which) const {
    const auto& cpu = state_.cpu;
    switch (which) {
        case Reg::sp: return cpu.sp();
        case Reg::lr: return cpu.lr;
        case Reg::pc: return cpu.pc;
        case Reg::xpsr: return cpu.xpsr();
        case Reg::msp: return cpu.msp;
        case Reg::psp: return cpu.psp;
        case Reg::primask: return cpu.primask ? 1 : 0;
        case Reg::control: return cpu.spsel ? 2 : 0;
        default: return cpu.r.at(static_cast<std::uint32_t>(which));
    }
}

void M0Machine::write_register(std::uint32_t which, std::uint32_t value) {
    auto& cpu = state_.cpu;
    switch (static_cast<Reg>(which)) {
        case Reg::sp: cpu.sp() = value & ~3u; break;
        case Reg::lr: cpu.lr = value; break;
        case Reg::pc: cpu.pc = value & ~1u; break;
        case Reg::xpsr: cpu.set_apsr(value); break;
        case Reg::msp: cpu.msp = value & ~3u; break;
        case Reg::psp: cpu.psp = value & ~3u; break;
        case Reg::primask: cpu.primask = (value & 1) != 0; break;
        case Reg::control: cpu.spsel = !cpu.in_handler() && (value & 2) != 0; break;
        default:
            if (which < cpu.r.size()) cpu.r.at(which) = value;
    }
}

std::size_t M0Machine::read_memory(std::uint32_t address, std::span<std::byte> into) const {
    std::size_t size = 0;
    for (; size < into.size(); ++size, ++address) {
        if (const auto offset = memory_offset(address)) {
            into[size] = memory_.read_page({*offset / kPageSize})[*offset % kPageSize];
        } else if (const auto word = peek_device(state_, address & ~3u)) {
            into[size] = static_cast<std::byte>(*word >> (address % 4 * 8));
        } else {
            break;
        }
    }
    return size;
}

bool M0Machine::can_write_memory(std::uint32_t address, std::size_t size) const {
    return size > 0 && size <= kMemoryEach && memory_offset(address) &&
           memory_offset(static_cast<std::uint32_t>(address + size - 1));
}

void M0Machine::write_memory(std::uint32_t address, std::span<const std::byte> bytes) {
    for (const auto byte : bytes) {
        const auto offset = *memory_offset(address);
        memory_.write_page({offset / kPageSize})->bytes()[offset % kPageSize] = byte;
        notes_.changed.add(page_number(PhysicalAddress{address}));
        notes_.from_outside.add(page_number(PhysicalAddress{address}));
        ++address;
    }
}

}  // namespace backspin::m0
