#include "testsuite/replay/toy_machine.hpp"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/serialization/nvp.hpp>

#include "base/state.hpp"

namespace backspin::toy {
namespace {

constexpr std::uint32_t kQuantum = 8;
constexpr std::size_t kFifo = 8;
constexpr std::uint64_t kMemoryBytes = kMemoryPages * kPageSize;

Op op_of(std::uint32_t word) {
    return static_cast<Op>(word & 0xff);
}
unsigned a_of(std::uint32_t word) {
    return word >> 8 & 15;
}
unsigned b_of(std::uint32_t word) {
    return word >> 12 & 15;
}
std::int64_t imm_of(std::uint32_t word) {
    return static_cast<std::int16_t>(word >> 16);
}

std::vector<std::byte> as_bytes(std::uint64_t value) {
    std::vector<std::byte> bytes(8);
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
    return bytes;
}

}  // namespace

template <class Archive>
void Hart::serialize(Archive& archive, unsigned) {
    archive& BOOST_SERIALIZATION_NVP(registers) & BOOST_SERIALIZATION_NVP(pc) & BOOST_SERIALIZATION_NVP(epc) &
        BOOST_SERIALIZATION_NVP(pending) & BOOST_SERIALIZATION_NVP(status) &
        BOOST_SERIALIZATION_NVP(previous) & BOOST_SERIALIZATION_NVP(waiting);
}

template <class Archive>
void Devices::serialize(Archive& archive, unsigned) {
    archive& BOOST_SERIALIZATION_NVP(now) & BOOST_SERIALIZATION_NVP(idle_ns) &
        BOOST_SERIALIZATION_NVP(timer_period) & BOOST_SERIALIZATION_NVP(timer_due) &
        BOOST_SERIALIZATION_NVP(input) & BOOST_SERIALIZATION_NVP(turn) &
        BOOST_SERIALIZATION_NVP(quantum_left) & BOOST_SERIALIZATION_NVP(dma_at) &
        BOOST_SERIALIZATION_NVP(dma_count) & BOOST_SERIALIZATION_NVP(off);
}

ToyMachine::ToyMachine(std::size_t harts, std::span<const Image> images, std::shared_ptr<PageStore> store)
    : store_(std::move(store)), memory_(store_, kMemoryPages), harts_(harts) {
    for (const auto& image : images) {
        auto at = image.at;
        for (const auto word : image.words) {
            write(at, word, 4);
            at += 4;
        }
    }
    for (std::size_t n = 0; n < harts; ++n) {
        harts_[n].pc = n * kHartStart;
        harts_[n].registers[kStack] = kMemoryBytes - n * kPageSize;
    }
    devices_.quantum_left = kQuantum;
}

// ---- memory -------------------------------------------------------------------------------------

std::uint64_t ToyMachine::read(std::uint64_t address, std::size_t bytes) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        const auto at = (address + i) % kMemoryBytes;
        const auto byte = memory_.read_page({at / kPageSize})[at % kPageSize];
        value |= std::to_integer<std::uint64_t>(byte) << (8 * i);
    }
    return value;
}

void ToyMachine::write(std::uint64_t address, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        const auto at = (address + i) % kMemoryBytes;
        memory_.write_page({at / kPageSize})->bytes()[at % kPageSize] =
            static_cast<std::byte>(value >> (8 * i));
    }
}

std::uint64_t ToyMachine::word_at(std::uint64_t address) const {
    return read(address, 8);
}

std::uint32_t ToyMachine::fetch(std::uint64_t pc) const {
    return static_cast<std::uint32_t>(read(pc, 4));
}

// ---- what comes next ----------------------------------------------------------------------------

bool ToyMachine::all_wait() const {
    return std::ranges::none_of(harts_, [this](const Hart& hart) { return runnable(hart); });
}

std::uint32_t ToyMachine::whose_turn() const {
    const auto count = static_cast<std::uint32_t>(harts_.size());
    auto turn = devices_.quantum_left > 0 ? devices_.turn : (devices_.turn + 1) % count;
    for (std::uint32_t n = 0; n < count && !runnable(harts_[turn]); ++n) turn = (turn + 1) % count;
    return turn;
}

HartId ToyMachine::current_hart() const {
    return {whose_turn()};
}

ExecutionContext ToyMachine::context(HartId hart) const {
    const auto& h = harts_[hart.value];
    return {{h.pc}, {h.registers[kStack]}, static_cast<std::uint8_t>(h.status >> 1)};
}

std::optional<VirtualTime> ToyMachine::idle_deadline() const {
    if (devices_.off || !all_wait() || devices_.timer_period == 0) return std::nullopt;
    return VirtualTime{devices_.timer_due};
}

std::size_t ToyMachine::room_for_input(Channel channel) const {
    return channel.value == 0 ? kFifo - devices_.input.size() : 0;
}

std::optional<HartId> ToyMachine::next_attempt() const {
    if (devices_.off || device_due() || all_wait() || traps_next()) return std::nullopt;
    return HartId{whose_turn()};
}

std::optional<replay::Trapped> ToyMachine::traps_next() const {
    if (devices_.off || device_due() || all_wait()) return std::nullopt;
    const auto turn = whose_turn();
    const auto& hart = harts_[turn];
    if (hart.pending == 0 || (hart.status & 1) == 0) return std::nullopt;
    return replay::Trapped{HartId{turn},
                           kInterruptCause | static_cast<std::uint64_t>(std::countr_zero(hart.pending))};
}

Access ToyMachine::write_of(Accessor by, std::uint64_t address, std::vector<std::byte> after) const {
    std::vector<std::byte> before;
    for (std::size_t i = 0; i < after.size(); ++i)
        before.push_back(static_cast<std::byte>(read(address + i, 1)));
    return {address % kMemoryBytes, true, std::move(before), std::move(after), current_hart(), by};
}

std::optional<Access> ToyMachine::next_access(const Input* input) const {
    constexpr Accessor kDevice{Accessor::Kind::device, 1};
    if (input != nullptr) {
        if (const auto* memory = std::get_if<MemoryWrite>(input))
            return write_of({Accessor::Kind::debugger, 0}, memory->at.value, memory->bytes);
        const auto* device = std::get_if<DeviceInput>(input);
        if (device == nullptr || devices_.dma_at == 0) return std::nullopt;
        return write_of(kDevice, devices_.dma_at + 8, device->bytes);
    }
    if (devices_.off) return std::nullopt;
    if (!device_due()) return hart_access();
    if (devices_.dma_at == 0) return std::nullopt;
    return write_of(kDevice, devices_.dma_at, as_bytes(devices_.dma_count + 1));
}

std::optional<Access> ToyMachine::hart_access() const {
    const auto turn = next_attempt();
    if (!turn) return std::nullopt;
    const auto& hart = harts_[turn->value];
    const auto word = fetch(hart.pc);
    if (op_of(word) != Op::load && op_of(word) != Op::store) return std::nullopt;
    const auto address =
        (hart.registers[b_of(word)] + static_cast<std::uint64_t>(imm_of(word))) % kMemoryBytes;
    const bool is_store = op_of(word) == Op::store;
    const auto before = as_bytes(read(address, 8));
    auto after = is_store ? as_bytes(hart.registers[a_of(word)]) : before;
    return Access{address, is_store, before, std::move(after), *turn, {}};
}

std::vector<replay::Touched> ToyMachine::touches_next(const Input* input) const {
    std::vector<replay::Touched> touched;
    const auto access = next_access(input);
    for (std::size_t i = 0; access && i < access->after.size(); ++i) {
        touched.push_back({(access->address + i) % kMemoryBytes, access->is_store,
                           access->before[i] != access->after[i], access->hart, access->by});
    }
    return touched;
}

// ---- steps --------------------------------------------------------------------------------------

std::optional<StepInfo> ToyMachine::step(bool show_output) {
    if (devices_.off) return std::nullopt;
    note_step();
    if (device_due()) {
        devices_.timer_due += devices_.timer_period;
        ++devices_.dma_count;
        if (devices_.dma_at != 0) write(devices_.dma_at, devices_.dma_count, 8);
        for (auto& hart : harts_) hart.pending |= kTimerPending;
        ++devices_.now.value;
        return StepInfo{.kind = StepKind::device_event, .hart = {}};
    }
    if (all_wait()) {
        if (devices_.timer_period == 0) return std::nullopt;
        devices_.idle_ns += devices_.timer_due - time().ns;
        ++devices_.now.value;
        return StepInfo{.kind = StepKind::idle_jump, .hart = {}};
    }
    const auto turn = whose_turn();
    if (turn != devices_.turn || devices_.quantum_left == 0) devices_.quantum_left = kQuantum;
    devices_.turn = turn;
    --devices_.quantum_left;
    auto& hart = harts_[turn];
    hart.waiting = false;
    StepInfo info{.kind = StepKind::attempt, .hart = {turn}};
    if (hart.pending != 0 && (hart.status & 1) != 0) {
        info.kind = StepKind::interrupt;
        hart.epc = std::exchange(hart.pc, kHandlerAddress);
        hart.previous = std::exchange(hart.status, std::uint8_t{2});
    } else {
        info.returned_from_trap = op_of(fetch(hart.pc)) == Op::xret;
        attempt(hart, turn, show_output);
    }
    ++devices_.now.value;
    return info;
}

void ToyMachine::attempt(Hart& hart, std::uint32_t index, bool show_output) {
    const auto word = fetch(hart.pc);
    auto& a = hart.registers[a_of(word)];
    const auto b = hart.registers[b_of(word)];
    const auto imm = static_cast<std::uint64_t>(imm_of(word));
    const auto& c = hart.registers[imm & 15];
    const auto next = hart.pc + 4;
    const auto target = hart.pc + 4 * imm;
    hart.pc = next;
    if (attempt_system(hart, word, index, show_output)) return;
    switch (op_of(word)) {
        case Op::li: a = imm; break;
        case Op::addi: a = b + imm; break;
        case Op::add: a = b + c; break;
        case Op::mul: a = b * c; break;
        case Op::load: a = read(b + imm, 8); break;
        case Op::store: write(b + imm, a, 8); break;
        case Op::bne: hart.pc = a != b ? target : next; break;
        case Op::jump: hart.pc = b + imm; break;
        case Op::call:
            hart.registers[kLink] = next;
            hart.pc = target;
            break;
        default: break;
    }
    hart.pc %= kMemoryBytes;
}

bool ToyMachine::attempt_system(Hart& hart, std::uint32_t word, std::uint32_t index, bool show_output) {
    auto& a = hart.registers[a_of(word)];
    const auto imm = static_cast<std::uint64_t>(imm_of(word));
    switch (op_of(word)) {
        case Op::xret:
            hart.pc = hart.epc % kMemoryBytes;
            hart.status = hart.previous;
            return true;
        case Op::getepc: a = hart.epc; return true;
        case Op::setepc: hart.epc = a; return true;
        case Op::getprevious: a = hart.previous; return true;
        case Op::setprevious: hart.previous = a & 3; return true;
        case Op::enable: hart.status = static_cast<std::uint8_t>((hart.status & 2) | (imm & 1)); return true;
        case Op::cause: a = hart.pending; return true;
        case Op::ack: hart.pending &= ~imm; return true;
        case Op::timer:
            devices_.timer_period = (imm & 0x7fff) * kNsPerStep;
            devices_.timer_due = time().ns + devices_.timer_period;
            return true;
        case Op::dma: devices_.dma_at = a; return true;
        case Op::idle: hart.waiting = true; return true;
        case Op::in:
            a = ~std::uint64_t{0};
            if (!devices_.input.empty()) {
                a = devices_.input.front();
                devices_.input.pop_front();
            }
            return true;
        case Op::out: {
            const auto byte = static_cast<std::byte>(a);
            if (show_output && sink_ != nullptr) sink_->output({0}, {&byte, 1});
            return true;
        }
        case Op::signal: harts_[imm % harts_.size()].pending |= kSignalPending; return true;
        case Op::hart: a = index; return true;
        case Op::power_off: devices_.off = true; return true;
        default: return false;
    }
}

Verdict ToyMachine::apply(const Input& input, Observer* observer) {
    if (observer != nullptr && report_hits(*observer, &input)) return Verdict::stop;
    note_step(&input);
    if (const auto* device = std::get_if<DeviceInput>(&input)) {
        auto at = devices_.dma_at + 8;
        for (const auto byte : device->bytes) {
            if (devices_.dma_at != 0) write(at++, std::to_integer<std::uint64_t>(byte), 1);
            if (devices_.input.size() < kFifo) devices_.input.push_back(std::to_integer<std::uint8_t>(byte));
        }
        harts_[0].pending |= kInputPending;
    } else if (const auto* warp = std::get_if<IdleWarp>(&input)) {
        devices_.idle_ns += warp->by.ns;
    } else if (const auto* memory = std::get_if<MemoryWrite>(&input)) {
        auto at = memory->at.value;
        for (const auto byte : memory->bytes) write(at++, std::to_integer<std::uint64_t>(byte), 1);
    } else if (const auto* reg = std::get_if<RegisterWrite>(&input)) {
        auto& hart = harts_[reg->hart.value % harts_.size()];
        (reg->which.value < 16 ? hart.registers[reg->which.value] : hart.pc) = reg->value;
        hart.pc %= kMemoryBytes;
    }
    ++devices_.now.value;
    return Verdict::go_on;
}

// ---- what steps touch ---------------------------------------------------------------------------

void ToyMachine::note_step(const Input* input) {
    const auto turn = input == nullptr ? next_attempt() : std::nullopt;
    if (turn) notes_.executed.add(page_number(VirtualAddress{harts_[turn->value].pc}));
    const auto access = next_access(input);
    if (!access) return;
    for (std::size_t i = 0; i < access->after.size(); ++i) {
        const auto at = (access->address + i) % kMemoryBytes;
        const auto page = page_number(VirtualAddress{at});
        if (!access->is_store) {
            notes_.read.add(page);
            continue;
        }
        notes_.changed.add(page);
        (access->by == Accessor{} ? notes_.written : notes_.from_outside).add(page);
    }
}

std::optional<AccessNotes> ToyMachine::take_access_notes() {
    if (!takes_notes_) return std::nullopt;
    return AccessNotes{notes_.executed.take(), notes_.read.take(),         notes_.written.take(),
                       notes_.changed.take(),  notes_.from_outside.take(), false};
}

// ---- runs ---------------------------------------------------------------------------------------

std::optional<Hit> ToyMachine::data_hit(const StopPoint& point, const Access& access) const {
    if (point.kind != StopKind::access && (point.kind == StopKind::write) != access.is_store)
        return std::nullopt;
    bool touched = false;
    bool changed = false;
    for (std::size_t i = 0; i < access.after.size(); ++i) {
        const auto at = (access.address + i) % kMemoryBytes;
        if (at < point.address.value || at - point.address.value >= point.length) continue;
        touched = true;
        changed = changed || access.before[i] != access.after[i];
    }
    if (!touched) return std::nullopt;
    return Hit{point.kind, point.address, now(), access.hart, !access.is_store || changed, access.by};
}

/// One trap is one hit, however many stops it is in.
bool ToyMachine::report_trap(Observer& observer) const {
    const auto trap = traps_next();
    const auto is_wanted = [&](const StopPoint& point) {
        return point.kind == StopKind::trap && trap->cause - point.address.value < point.length;
    };
    if (!trap || std::ranges::none_of(points_, is_wanted)) return false;
    return observer.on_hit({StopKind::trap, {trap->cause}, now(), trap->hart, false}) == Verdict::stop;
}

bool ToyMachine::report_hits(Observer& observer, const Input* input) {
    const auto turn = input == nullptr ? next_attempt() : std::nullopt;
    const auto access = next_access(input);
    if (input == nullptr && report_trap(observer)) return true;
    for (const auto& point : std::vector(points_)) {
        std::optional<Hit> hit;
        if (point.kind == StopKind::execute) {
            if (turn && point.address.value == harts_[turn->value].pc)
                hit = {.kind = point.kind, .address = point.address, .at = now(), .hart = *turn};
        } else if (access && point.kind != StopKind::trap) {
            hit = data_hit(point, *access);
        }
        if (hit && observer.on_hit(*hit) == Verdict::stop) return true;
    }
    return false;
}

RunEnd ToyMachine::run(const RunOptions& options, Observer* observer) {
    while (now() < options.until) {
        if (devices_.off) return RunEnd::powered_off;
        if (!device_due() && all_wait()) {
            if (devices_.timer_period == 0) return RunEnd::asleep;
            if (options.pause_when_idle) return RunEnd::idle;
        }
        if (observer != nullptr && report_hits(*observer)) return RunEnd::stopped;
        const auto before = context(current_hart());
        const auto info = step(options.show_output);
        if (observer == nullptr || !info) continue;
        if (info->kind == StepKind::interrupt &&
            observer->on_interrupt(info->hart, before) == Verdict::stop) {
            return RunEnd::stopped;
        }
        if (info->returned_from_trap && observer->on_trap_return(info->hart) == Verdict::stop)
            return RunEnd::stopped;
    }
    return RunEnd::reached;
}

// ---- the whole state ----------------------------------------------------------------------------

SavedState ToyMachine::save() {
    SavedState state;
    state.at = now();
    StateWriter writer(state.fields);
    for (auto& hart : harts_) {
        writer& boost::serialization::make_nvp("hart", hart);
    }
    state.ends.push_back(static_cast<std::uint32_t>(state.fields.size()));
    writer& boost::serialization::make_nvp("devices", devices_);
    state.ends.push_back(static_cast<std::uint32_t>(state.fields.size()));
    state.pages = memory_.share();
    return state;
}

void ToyMachine::load(const SavedState& state) {
    StateReader reader(state.fields);
    for (auto& hart : harts_) reader& boost::serialization::make_nvp("hart", hart);
    reader& boost::serialization::make_nvp("devices", devices_);
    memory_.restore(state.pages);
}

std::span<const std::string_view> ToyMachine::component_names() const {
    static constexpr std::array<std::string_view, 2> kNames{"harts", "devices"};
    return kNames;
}

}  // namespace backspin::toy
