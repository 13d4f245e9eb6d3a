#include "emu/board.hpp"

#include "emu/csr.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {
namespace {

/// Throws BadState for what no hart can be in: it would surface far from here.
void check(const Board& board, const Hart& hart) {
    if (hart.privilege != Privilege::user && hart.privilege != Privilege::machine)
        throw BadState("hart: a privilege that there is not");
    if (hart.pc % 2 != 0) throw BadState("hart: a pc between two instructions");
    if (hart.reservation && hart.reservation->value % 4 != 0)
        throw BadState("hart: a reservation that no lr can have made");
    if (const auto* csr = find_impossible_csr(board, hart))
        throw BadState("hart: " + csr->name + " holds a value that it cannot");
}

}  // namespace

Board::Board(std::uint64_t ns) : ns_per_step(ns), harts(1), aclint(1) {}

StepCount Board::position_of(VirtualTime when) const {
    const auto now = time();
    if (when <= now) return steps;
    const auto missing = (when - now).ns;
    const auto ahead = missing / ns_per_step + (missing % ns_per_step != 0 ? 1 : 0);
    return ahead < (kEndOfTime - steps).value ? steps + StepCount{ahead} : kEndOfTime;
}

std::uint64_t Board::mip(const Hart& hart) const {
    std::uint64_t mip = 0;
    if (aclint.software_pending(hart.id)) mip |= bit(Interrupt::machine_software);
    if (aclint.timer_pending(hart.id, time())) mip |= bit(Interrupt::machine_timer);
    return mip;
}

std::optional<VirtualTime> Board::next_deadline() const {
    std::optional<VirtualTime> earliest;
    const auto consider = [&](std::optional<VirtualTime> when) {
        // What lies centuries ahead never comes; so no sum of times overflows.
        constexpr VirtualTime kNever{std::uint64_t{1} << 63};
        if (when && *when > time() && *when < kNever && (!earliest || *when < *earliest)) earliest = when;
    };
    for (const auto& hart : harts) consider(aclint.timer_deadline(hart.id, time()));
    consider(uart.next_event());
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

Board::ConstPlace Board::device_at(PhysicalAddress at, AccessSize size) const {
    const auto length = static_cast<std::uint64_t>(size);
    if (memory_map::kUart.contains(at, length)) return {&uart, at.value - memory_map::kUart.base.value};
    if (memory_map::kAclint.contains(at, length)) return {&aclint, at.value - memory_map::kAclint.base.value};
    if (memory_map::kFinisher.contains(at, length))
        return {&finisher, at.value - memory_map::kFinisher.base.value};
    return {};
}

Board::Place Board::device_at(PhysicalAddress at, AccessSize size) {
    const auto place = std::as_const(*this).device_at(at, size);
    return {const_cast<Device*>(place.device),
            place.offset};  // this board's own, and this board may be changed
}

Device* Board::due_device() {
    for (auto* device : devices()) {
        const auto when = device->next_event();
        if (when && *when <= time()) return device;
    }
    return nullptr;
}

Device* Board::input_device(Channel channel) {
    return channel == kConsoleChannel ? &uart : nullptr;
}

template <class Archive>
void Board::serialize_component(Archive& archive, std::size_t component) {
    switch (component) {
        case 0: serialize_clock(archive); break;
        case 1: harts[0].serialize(archive, kStateVersion); break;
        case 2: uart.serialize(archive, kStateVersion); break;
        case 3: aclint.serialize(archive, kStateVersion); break;
        default: finisher.serialize(archive, kStateVersion); break;
    }
}

void Board::save(SavedState& into) const {
    into.at = steps;
    into.fields.clear();
    into.fields.reserve(1024);
    into.ends.clear();
    StateWriter writer(into.fields);
    for (std::size_t i = 0; i < kComponents.size(); ++i) {
        // One serialize function serves both directions, so it takes a mutable reference; a writer only
        // reads.
        const_cast<Board*>(this)->serialize_component(writer, i);
        into.ends.push_back(static_cast<std::uint32_t>(into.fields.size()));
    }
}

void Board::load(const SavedState& from) {
    if (from.ends.size() != kComponents.size()) throw BadState("the state has another number of components");
    std::uint32_t start = 0;
    for (std::size_t i = 0; i < kComponents.size(); ++i) {
        const auto end = from.ends[i];
        if (end < start || end > from.fields.size()) throw BadState("a component ends outside the state");
        StateReader reader(std::span(from.fields).subspan(start, end - start));
        serialize_component(reader, i);
        if (!reader.at_end()) throw BadState("a component is longer than its fields");
        start = end;
    }
    if (start != from.fields.size() || steps != from.at)
        throw BadState("the state does not belong to its position");
    for (const auto& hart : harts) check(*this, hart);
}

std::vector<FieldValue> Board::describe(std::size_t component) const {
    StateLister lister;
    const_cast<Board*>(this)->serialize_component(lister, component);
    return lister.fields();
}

}  // namespace backspin::emu
