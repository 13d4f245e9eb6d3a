#include "emu/reference.hpp"

#include <array>
#include <cstring>

#include "emu/execute.hpp"
#include "emu/input.hpp"

namespace backspin::emu::reference {
namespace {

/// Memory as the manual describes it: every access looks up what is there.
class PlainAccess {
  public:
    PlainAccess(Board& board, Memory& memory, Hart& hart) : board_(board), memory_(memory), hart_(hart) {}

    Trap trap() const { return trap_; }

    template <class Value>
    AccessEnd load(VirtualAddress at, std::uint64_t& bits) {
        if (get(PhysicalAddress{at.value}, sizeof(Value), bits)) return AccessEnd::done;
        return raise_missing(Cause::load_access_fault, at, false);
    }

    template <class Value>
    AccessEnd store(VirtualAddress at, std::uint64_t bits) {
        if (put(PhysicalAddress{at.value}, sizeof(Value), bits)) return AccessEnd::done;
        return raise_missing(Cause::store_access_fault, at, true);
    }

    template <class Value, class Modify>
    AccessEnd atomic(VirtualAddress at, std::uint64_t& bits, Modify modify) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        // Devices take no atomic operations.
        if (!memory_.is_writable(PhysicalAddress{at.value})) return raise(Cause::store_access_fault, at);
        get(PhysicalAddress{at.value}, sizeof(Value), bits);
        const auto replaced = modify(static_cast<Value>(bits));
        put(PhysicalAddress{at.value}, sizeof(Value), static_cast<std::uint64_t>(replaced));
        return AccessEnd::done;
    }

    template <class Value>
    AccessEnd reserve(VirtualAddress at, std::uint64_t& bits) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::load_address_misaligned, at);
        if (!memory_.is_writable(PhysicalAddress{at.value})) return raise(Cause::load_access_fault, at);
        get(PhysicalAddress{at.value}, sizeof(Value), bits);
        hart_.reservation = PhysicalAddress{at.value};
        return AccessEnd::done;
    }

    template <class Value>
    AccessEnd conditional(VirtualAddress at, std::uint64_t bits, std::uint64_t& failed) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        failed = hart_.reservation == PhysicalAddress{at.value} ? 0 : 1;
        hart_.reservation.reset();
        if (failed == 0) put(PhysicalAddress{at.value}, sizeof(Value), bits);
        return AccessEnd::done;
    }

  private:
    AccessEnd raise(Cause cause, VirtualAddress at) {
        trap_ = Trap{cause, at.value};
        return AccessEnd::trapped;
    }

    /// mtval shows the portion of the access that caused the fault.
    AccessEnd raise_missing(Cause cause, VirtualAddress at, bool writing) {
        return raise(cause, {memory_.first_missing(PhysicalAddress{at.value}, writing).value});
    }

    bool get(PhysicalAddress at, std::size_t size, std::uint64_t& bits) {
        std::array<std::byte, 8> bytes{};
        if (memory_.read(at, std::span(bytes).first(size))) {
            std::memcpy(&bits, bytes.data(), sizeof bits);
            return true;
        }
        if (at.value % size != 0) return false;
        const auto access = static_cast<AccessSize>(size);
        const auto place = board_.device_at(at, access);
        if (place.device == nullptr) return false;
        const auto value = place.device->read(place.offset, access, board_.device_context());
        if (value) bits = *value;
        return value.has_value();
    }

    bool put(PhysicalAddress at, std::size_t size, std::uint64_t bits) {
        std::array<std::byte, 8> bytes;
        std::memcpy(bytes.data(), &bits, sizeof bits);
        if (memory_.write(at, std::span(bytes).first(size))) return true;
        if (at.value % size != 0) return false;
        const auto access = static_cast<AccessSize>(size);
        const auto place = board_.device_at(at, access);
        if (place.device == nullptr) return false;
        const auto mask = size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
        return place.device->write(place.offset, access, bits & mask, board_.device_context());
    }

    Board& board_;
    Memory& memory_;
    Hart& hart_;
    Trap trap_;
};

/// The instruction at hart.pc; nothing, with the trap, if it cannot be fetched.
std::optional<Instruction> fetch(const Memory& memory, const Hart& hart, Trap& trap) {
    std::array<std::byte, 4> bytes{};
    std::uint32_t word = 0;
    for (std::size_t half = 0; half < 2; ++half) {
        const PhysicalAddress at{hart.pc + 2 * half};
        if (!memory.read(at, std::span(bytes).subspan(2 * half, 2))) {
            trap = Trap{Cause::instruction_access_fault, at.value};
            return std::nullopt;
        }
        std::memcpy(&word, bytes.data(), sizeof word);
        if (instruction_length(static_cast<std::uint16_t>(word)) == 2) break;
    }
    return decode(word);
}

/// The hart attempts one instruction. It retires or traps.
StepInfo attempt(Board& board, Memory& memory, Hart& hart) {
    StepInfo info{StepKind::attempt, hart.id, false};
    hart.waiting = false;
    Trap trap;
    const auto instruction = fetch(memory, hart, trap);
    bool retired = false;
    if (instruction) {
        PlainAccess access(board, memory, hart);
        const auto result = execute(*instruction, board, hart, access);
        retired = result.end == AccessEnd::done;
        trap = result.trap;
        if (retired) hart.pc = result.next_pc;
        info.returned_from_trap = result.returned_from_trap;
    }
    if (!retired) take_trap(hart, trap);
    count(hart, 1, retired ? 1 : 0);
    return info;
}

std::optional<StepInfo> move(Board& board, Memory& memory, const Input* input) {
    if (input != nullptr) {  // kind (d)
        apply_input(board, memory, *input);
        return StepInfo{StepKind::input, {}, false};
    }
    if (board.powered_off()) return std::nullopt;
    if (auto* device = board.due_device()) {  // kind (c)
        device->event(board.device_context());
        return StepInfo{StepKind::device_event, {}, false};
    }
    auto& hart = board.harts.front();
    if (const auto interrupt = interrupt_to_take(hart, board.mip(hart))) {  // kind (b)
        take_interrupt(hart, *interrupt);
        count(hart, 1, 0);
        return StepInfo{StepKind::interrupt, hart.id, false};
    }
    if (board.can_move(hart)) return attempt(board, memory, hart);  // kind (a)
    if (!board.jump_to_deadline()) return std::nullopt;
    return StepInfo{StepKind::idle_jump, {}, false};  // kind (e)
}

}  // namespace

std::optional<StepInfo> step(Board& board, Memory& memory, const Input* input) {
    const auto info = move(board, memory, input);
    if (info) board.steps += StepCount{1};
    return info;
}

}  // namespace backspin::emu::reference
