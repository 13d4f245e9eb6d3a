#include "emu/board.hpp"

#include <algorithm>
#include <stdexcept>

#include "emu/csr.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {
namespace {

/// Throws BadState for what no hart can be in: it would surface far from here.
void check(const Board& board, const Hart& hart) {
    if (hart.privilege != Privilege::user && hart.privilege != Privilege::supervisor &&
        hart.privilege != Privilege::machine)
        throw BadState("hart: a privilege that there is not");
    if (hart.pc % 2 != 0) throw BadState("hart: a pc between two instructions");
    if (hart.reservation && hart.reservation->value % 4 != 0)
        throw BadState("hart: a reservation that no lr can have made");
    if ((hart.mip & ~kSupervisorInterrupts) != 0)
        throw BadState("hart: an interrupt that software cannot raise");
    const auto too_wide = [&](std::uint64_t value) { return (value & ~hart.xlen_mask()) != 0; };
    if (too_wide(hart.pc) || std::ranges::any_of(hart.x, too_wide))
        throw BadState("hart: a value wider than its registers");
    for (std::size_t entry = 0; entry < Pmp::kEntries; ++entry) {
        if (too_wide(hart.pmp.address(entry))) throw BadState("hart: a pmp entry beyond the address space");
    }
    if (const auto field = find_impossible_field(board, hart))
        throw BadState("hart: " + *field + " holds a value that it cannot");
}

void check(const BoardOptions& options) {
    const auto require = [](bool holds, const char* what) {
        if (!holds) throw std::invalid_argument(what);
    };
    require(options.harts >= 1 && options.harts <= BoardOptions::kMostHarts,
            "a machine has from 1 to 8 harts");
    require(options.ns_per_step >= 1 && options.ns_per_step <= BoardOptions::kMostNsPerStep,
            "one step must take from 1 to 10,000 virtual nanoseconds");
    require(options.quantum >= 1 && options.quantum <= BoardOptions::kMostQuantum,
            "a turn must have from 1 to 2^40 steps");
    require(options.virtio.size() <= memory_map::kVirtioTransports,
            "a machine has at most 8 virtio devices (drives, network cards ...)");
}

std::vector<Hart> harts_at_power_on(const BoardOptions& options) {
    std::vector<Hart> harts(options.harts);
    for (std::size_t i = 0; i < harts.size(); ++i) {
        harts[i].id = HartId{static_cast<std::uint32_t>(i)};
        harts[i].xlen = options.isa.xlen();
        harts[i].pc = memory_map::kMaskRom.base.value;
    }
    return harts;
}

/// Hart 0 comes first: its turn follows that of the last one.
Board::Turn turn_at_power_on(const BoardOptions& options) {
    return {HartId{static_cast<std::uint32_t>(options.harts - 1)}, StepCount{}};
}

GoldfishRtc rtc_at_power_on(const BoardOptions& options) {
    using Source = GoldfishRtc::Source;
    return GoldfishRtc(options.rtc_start, options.rtc_is_hosts ? Source::host : Source::virtual_time);
}

/// A number that looks random and depends on the two alone (the finalizer of SplitMix64).
std::uint64_t scatter(std::uint64_t seed, std::uint64_t at) {
    auto z = seed + (at + 1) * 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
}

constexpr std::array<std::string_view, 6> kDeviceNames{"uart", "aclint",   "plic",
                                                       "rtc",  "finisher", "semihosting"};

/// The texts that the views point into, and the views: shared by all copies of a board.
struct ComponentNames {
    std::vector<std::string> texts;
    std::vector<std::string_view> views;
};

std::shared_ptr<const std::vector<std::string_view>> names_of(const BoardOptions& options) {
    auto names = std::make_shared<ComponentNames>();
    names->texts.emplace_back("clock");
    for (std::size_t i = 0; i < options.harts; ++i) names->texts.push_back("hart" + std::to_string(i));
    names->texts.insert(names->texts.end(), kDeviceNames.begin(), kDeviceNames.end());
    for (std::size_t i = 0; i < options.virtio.size(); ++i) {
        if (std::holds_alternative<std::monostate>(options.virtio[i])) continue;
        names->texts.push_back("virtio" + std::to_string(i) + "-" +
                               std::string(virtio::kind_of(options.virtio[i])));
    }
    names->views.assign(names->texts.begin(), names->texts.end());
    return {names, &names->views};
}

}  // namespace

Board::Board(const BoardOptions& chosen)
    : options((check(chosen), chosen)),
      decoder(std::make_shared<Decoder>(chosen.isa)),
      harts(harts_at_power_on(chosen)),
      turn(turn_at_power_on(chosen)),
      aclint(chosen.harts),
      plic(chosen.harts),
      rtc(rtc_at_power_on(chosen)),
      names_(names_of(chosen)) {
    for (std::size_t i = 0; i < chosen.virtio.size(); ++i) {
        virtio[i] = virtio::Transport(chosen.virtio[i], virtio_channel(i));
        if (virtio[i].has_device()) virtio_in_use_.push_back(i);
    }
}

void Board::reset() {
    harts = harts_at_power_on(options);
    turn = turn_at_power_on(options);
    uart = {};
    aclint = Aclint(options.harts);
    plic = Plic(options.harts);
    rtc = rtc_at_power_on(options);
    finisher = {};
    semihosting = {};
    for (auto& transport : virtio) transport.reset();
}

// ---- time ---------------------------------------------------------------------------------------

StepCount Board::position_of(VirtualTime when) const {
    const auto now = time();
    if (when <= now) return steps;
    const auto missing = (when - now).ns;
    const auto ns = options.ns_per_step;
    const auto ahead = missing / ns + (missing % ns != 0 ? 1 : 0);
    return ahead < (kEndOfTime - steps).value ? steps + StepCount{ahead} : kEndOfTime;
}

std::uint64_t Board::mip(const Hart& hart) const {
    auto mip = hart.mip;
    if (aclint.software_pending(hart.id)) mip |= bit(Interrupt::machine_software);
    if (aclint.timer_pending(hart.id, time())) mip |= bit(Interrupt::machine_timer);
    if (plic.external_pending(Plic::machine_context(hart.id))) mip |= bit(Interrupt::machine_external);
    if (plic.external_pending(Plic::supervisor_context(hart.id))) mip |= bit(Interrupt::supervisor_external);
    if ((hart.menvcfg & envcfg::kStce) != 0) {
        // The comparator drives the bit that software writes without it.
        mip &= ~bit(Interrupt::supervisor_timer);
        if (aclint.mtime(time()) >= hart.stimecmp) mip |= bit(Interrupt::supervisor_timer);
    }
    return mip;
}

std::optional<VirtualTime> Board::next_deadline() const {
    std::optional<VirtualTime> earliest;
    const auto now = time();
    const auto consider = [&](std::optional<VirtualTime> when) {
        // What lies centuries ahead never comes; so no sum of times overflows.
        constexpr VirtualTime kNever{std::uint64_t{1} << 63};
        if (when && *when > now && *when < kNever && (!earliest || *when < *earliest)) earliest = when;
    };
    for (const auto& hart : harts) {
        consider(aclint.timer_deadline(hart.id, now));
        if ((hart.menvcfg & envcfg::kStce) != 0) consider(aclint.time_of(hart.stimecmp, now));
    }
    consider(uart.next_event());
    consider(rtc.next_event());
    for (const auto i : virtio_in_use_) consider(virtio[i].next_event());
    return earliest;
}

std::optional<VirtualTime> Board::jump_target() const {
    const auto deadline = next_deadline();
    return deadline && *deadline <= kMostIdle ? deadline : std::nullopt;
}

bool Board::jump_to_deadline() {
    const auto target = jump_target();
    if (!target) return false;
    idle = idle + (*target - time());
    return true;
}

// ---- turns --------------------------------------------------------------------------------------

StepCount Board::turn_length() const {
    if (!options.chaos) return {options.quantum};
    return {1 + scatter(*options.chaos, steps.value) % (2 * options.quantum)};
}

std::optional<Board::Turn> Board::next_turn() const {
    const auto count = harts.size();
    const std::size_t current = turn.hart.value;
    if (steps < turn.end && can_move(harts[current])) return turn;
    for (std::size_t i = 1; i <= count; ++i) {
        const auto& hart = harts[(current + i) % count];
        if (!can_move(hart)) continue;
        const auto length = count == 1 ? kEndOfTime - steps : std::min(turn_length(), kEndOfTime - steps);
        return Turn{hart.id, steps + length};
    }
    return std::nullopt;
}

void Board::begin(const Turn& next) {
    if (next.hart != turn.hart) harts[turn.hart.value].reservation.reset();
    turn = next;
}

// ---- devices ------------------------------------------------------------------------------------

Board::Place Board::place_of(PhysicalAddress at, AccessSize size) const {
    const auto in = [&](const BusRange& range) {
        return range.contains(at, static_cast<std::uint64_t>(size));
    };
    const auto place = [&](const Device& device, const BusRange& range) {
        return Place{&device, at.value - range.base.value};
    };
    if (in(memory_map::kPlic)) return place(plic, memory_map::kPlic);
    if (in(memory_map::kUart)) return place(uart, memory_map::kUart);
    if (in(memory_map::kAclint)) return place(aclint, memory_map::kAclint);
    if (in(memory_map::kVirtio)) {
        const auto offset = at.value - memory_map::kVirtio.base.value;
        const auto transport = offset / memory_map::kVirtioTransportSize;
        return {&virtio[transport], offset % memory_map::kVirtioTransportSize};
    }
    if (in(memory_map::kRtc)) return place(rtc, memory_map::kRtc);
    if (in(memory_map::kFinisher)) return place(finisher, memory_map::kFinisher);
    return {};
}

void Board::connect_lines() {
    plic.set_level(interrupt_source::kUart, uart.interrupt_pending());
    plic.set_level(interrupt_source::kRtc, rtc.interrupt_pending());
    for (const auto i : virtio_in_use_) {
        const auto source = interrupt_source::kVirtio + static_cast<std::uint32_t>(i);
        plic.set_level(source, virtio[i].interrupt_pending());
    }
}

std::optional<std::uint64_t> Board::read_device(PhysicalAddress at, AccessSize size) {
    const auto place = place_of(at, size);
    if (place.device == nullptr) return std::nullopt;
    const auto value = changeable(*place.device).read(place.offset, size, device_context());
    connect_lines();
    return value;
}

bool Board::write_device(PhysicalAddress at, AccessSize size, std::uint64_t value) {
    const auto place = place_of(at, size);
    if (place.device == nullptr) return false;
    const auto bits = 8 * static_cast<unsigned>(size);
    const auto mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    const bool taken = changeable(*place.device).write(place.offset, size, value & mask, device_context());
    connect_lines();
    return taken;
}

std::optional<std::uint64_t> Board::peek_device(PhysicalAddress at, AccessSize size) const {
    const auto place = place_of(at, size);
    return place.device != nullptr ? place.device->peek(place.offset, size, time()) : std::nullopt;
}

bool Board::needs_host(PhysicalAddress at, AccessSize size, bool is_write) const {
    if (!options.rtc_is_hosts) return false;
    const auto place = place_of(at, size);
    return place.device == &rtc && rtc.needs_reading(place.offset, size, is_write, time());
}

bool Board::is_plain_event_due() const {
    return std::ranges::any_of(devices_with_events(), [&](const Device* device) { return is_due(*device); });
}

std::optional<std::size_t> Board::due_transport() const {
    const auto due = std::ranges::find_if(virtio_in_use_, [&](auto i) { return is_due(virtio[i]); });
    return due != virtio_in_use_.end() ? std::optional(*due) : std::nullopt;
}

bool Board::has_due_event() const {
    return is_plain_event_due() || due_transport();
}

std::optional<std::size_t> Board::component_of_due_event() const {
    const auto transport = is_plain_event_due() ? std::nullopt : due_transport();
    return transport ? component_of(virtio_channel(*transport)) : std::nullopt;
}

bool Board::handle_due_event(Dma& dma) {
    for (const auto* device : devices_with_events()) {
        if (!is_due(*device)) continue;
        changeable(*device).event(device_context());
        connect_lines();
        return true;
    }
    const auto transport = due_transport();
    if (!transport) return false;
    virtio[*transport].dma_event(device_context(), dma);
    connect_lines();
    return true;
}

void Board::input(Channel channel, std::span<const std::byte> bytes, Dma& dma) {
    if (channel == kConsoleChannel) uart.input(bytes, device_context());
    if (channel == kRtcChannel) rtc.answer(bytes, time());
    if (channel == kPowerChannel && bytes.size() == 1) finisher.push(static_cast<PowerButton>(bytes[0]));
    for (const auto i : virtio_in_use_) {
        if (channel == virtio_channel(i)) virtio[i].dma_input(bytes, device_context(), dma);
    }
    connect_lines();
}

std::size_t Board::room_for_input(Channel channel, Dma& dma) const {
    if (channel == kSemihostingChannel) return semihosting.request ? Semihosting::kMostBytes : 0;
    if (channel == kRtcChannel) return rtc.asks_host() ? GoldfishRtc::kReadingSize : 0;
    if (powered_off()) return 0;
    if (channel == kPowerChannel) return 1;
    if (channel == kConsoleChannel) return uart.room_for_input();
    for (const auto i : virtio_in_use_) {
        if (channel == virtio_channel(i)) return virtio[i].room_for_dma_input(time(), dma);
    }
    return 0;
}

void Board::break_reservations(std::span<const MemoryPiece> written) {
    for (const auto& piece : written) {
        for (auto& hart : harts) break_reservation(hart, piece.at, piece.length);
    }
}

bool Board::powered_off() const {
    const auto& request = finisher.request();
    return request && (request->kind != PowerRequest::Kind::reset || !options.reboots);
}

bool Board::reset_is_due() const {
    const auto& request = finisher.request();
    return request && request->kind == PowerRequest::Kind::reset && options.reboots;
}

// ---- state --------------------------------------------------------------------------------------

std::optional<std::size_t> Board::component_of(Channel channel) const {
    const auto device = [&](std::string_view name) {
        const auto found = std::ranges::find(kDeviceNames, name);
        return 1 + harts.size() + static_cast<std::size_t>(found - kDeviceNames.begin());
    };
    if (channel == kConsoleChannel) return device("uart");
    if (channel == kSemihostingChannel) return device("semihosting");
    if (channel == kRtcChannel) return device("rtc");
    if (channel == kPowerChannel) return device("finisher");
    for (std::size_t n = 0; n < virtio_in_use_.size(); ++n) {
        if (channel == virtio_channel(virtio_in_use_[n])) return 1 + harts.size() + kDeviceNames.size() + n;
    }
    return std::nullopt;
}

template <class Archive>
void Board::serialize_clock(Archive& archive) {
    using boost::serialization::make_nvp;
    archive& make_nvp("steps", steps) & make_nvp("idle", idle) & make_nvp("turn_hart", turn.hart) &
        make_nvp("turn_end", turn.end);
    if (turn.hart.value >= harts.size()) throw BadState("clock: the turn of a hart that there is not");
}

template <class Archive>
void Board::serialize_semihosting(Archive& archive) {
    semihosting.serialize(archive, kStateVersion);
    if constexpr (Archive::is_saving::value) return;
    const auto& request = semihosting.request;
    if (request && (!options.semihosting || request->hart.value >= harts.size()))
        throw BadState("semihosting: a call that no hart can have made");
}

template <class Archive>
void Board::serialize_component(Archive& archive, std::size_t component) {
    if (component == 0) return serialize_clock(archive);
    --component;
    if (component < harts.size()) return harts[component].serialize(archive, kStateVersion);
    switch (component - harts.size()) {
        case 0: return uart.serialize(archive, kStateVersion);
        case 1: return aclint.serialize(archive, kStateVersion);
        case 2: return plic.serialize(archive, kStateVersion);
        case 3: return rtc.serialize(archive, kStateVersion);
        case 4: return finisher.serialize(archive, kStateVersion);
        case 5: return serialize_semihosting(archive);
        default: break;
    }
    const auto transport = virtio_in_use_.at(component - harts.size() - kDeviceNames.size());
    virtio[transport].serialize(archive, kStateVersion);
}

void Board::save(SavedState& into) const {
    into.at = steps;
    into.trusted = true;
    into.fields.clear();
    into.fields.reserve(1024 * (1 + harts.size()));
    into.ends.clear();
    StateWriter writer(into.fields);
    for (std::size_t i = 0; i < component_names().size(); ++i) {
        // One serialize function serves both directions, so it takes a mutable reference; a writer only
        // reads.
        const_cast<Board*>(this)->serialize_component(writer, i);
        into.ends.push_back(static_cast<std::uint32_t>(into.fields.size()));
    }
}

void Board::load(const SavedState& from) {
    const auto components = component_names().size();
    if (from.ends.size() != components) throw BadState("the state has another number of components");
    std::uint32_t start = 0;
    for (std::size_t i = 0; i < components; ++i) {
        const auto end = from.ends[i];
        if (end < start || end > from.fields.size()) throw BadState("a component ends outside the state");
        StateReader reader(std::span(from.fields).subspan(start, end - start));
        serialize_component(reader, i);
        if (!reader.at_end()) throw BadState("a component is longer than its fields");
        start = end;
    }
    if (start != from.fields.size() || steps != from.at)
        throw BadState("the state does not belong to its position");
    if (from.trusted) return;
    for (const auto& hart : harts) check(*this, hart);
}

std::vector<FieldValue> Board::describe(std::size_t component) const {
    StateLister lister;
    const_cast<Board*>(this)->serialize_component(lister, component);
    return lister.fields();
}

}  // namespace backspin::emu
