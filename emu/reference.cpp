#include "emu/reference.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <variant>

#include "emu/execute.hpp"
#include "emu/host_first.hpp"
#include "emu/input.hpp"
#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"
#include "emu/semihosting.hpp"

namespace backspin::emu::reference {
namespace {

/// Where one byte is, or why it cannot be accessed.
using Located = std::variant<PhysicalAddress, Trap>;

/// Looks up `size` bytes that lie in one page: translation first, then protection.
Located locate(const Board& board, Memory& memory, const Hart& hart, const AddressSpace& space,
               VirtualAddress at, std::size_t size, AccessKind kind) {
    MemoryPageTables tables(memory);
    const auto found = translate(space, hart, board.isa(), at, kind, tables, Updates::make);
    if (found.fault) return Trap{*found.fault, at.value};
    if (!hart.pmp.allows(found.at, size, kind, space.privilege)) return Trap{access_fault(kind), at.value};
    return found.at;
}

/// Memory as the manual describes it: every access looks up what is there.
class PlainAccess {
  public:
    PlainAccess(Board& board, Memory& memory, Hart& hart)
        : board_(board), memory_(memory), hart_(hart), space_(data_space(hart)) {}

    Trap trap() const { return trap_; }

    template <class Value>
    AccessEnd load(VirtualAddress at, std::uint64_t& bits) {
        if (!each_part(at, sizeof(Value), AccessKind::load)) return AccessEnd::trapped;
        if (parts_[0].is_device) return load_from_device(parts_[0].at, at, sizeof(Value), bits);
        bits = 0;
        const auto bytes = std::as_writable_bytes(std::span(&bits, 1)).first(sizeof(Value));
        for (std::size_t i = 0, offset = 0; i < part_count_; offset += parts_[i++].size)
            memory_.read(parts_[i].at, bytes.subspan(offset, parts_[i].size));
        return AccessEnd::done;
    }

    template <class Value>
    AccessEnd store(VirtualAddress at, std::uint64_t bits) {
        if (!each_part(at, sizeof(Value), AccessKind::store)) return AccessEnd::trapped;
        if (parts_[0].is_device) {
            const bool taken =
                board_.write_device(parts_[0].at, static_cast<AccessSize>(sizeof(Value)), bits);
            return taken ? AccessEnd::done : raise(Cause::store_access_fault, at);
        }
        const auto bytes = std::as_bytes(std::span(&bits, 1)).first(sizeof(Value));
        for (std::size_t i = 0, offset = 0; i < part_count_; offset += parts_[i++].size)
            memory_.write(parts_[i].at, bytes.subspan(offset, parts_[i].size));
        return AccessEnd::done;
    }

    template <class Value, class Modify>
    AccessEnd atomic(VirtualAddress at, std::uint64_t& bits, Modify modify) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        const auto place = locate_memory(at, sizeof(Value), AccessKind::store);
        if (!place) return AccessEnd::trapped;
        bits = get(*place, sizeof(Value));
        put(*place, sizeof(Value), static_cast<std::uint64_t>(modify(static_cast<Value>(bits))));
        return AccessEnd::done;
    }

    template <class Value>
    AccessEnd reserve(VirtualAddress at, std::uint64_t& bits) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::load_address_misaligned, at);
        const auto place = locate_memory(at, sizeof(Value), AccessKind::load);
        if (!place) return AccessEnd::trapped;
        bits = get(*place, sizeof(Value));
        hart_.reservation = *place;
        return AccessEnd::done;
    }

    /// For memory protection it is a store, whether it succeeds or not.
    template <class Value>
    AccessEnd conditional(VirtualAddress at, std::uint64_t bits, std::uint64_t& failed) {
        if (at.value % sizeof(Value) != 0) return raise(Cause::store_address_misaligned, at);
        const auto place = locate_memory(at, sizeof(Value), AccessKind::store);
        if (!place) return AccessEnd::trapped;
        failed = hart_.reservation == place ? 0 : 1;
        if (failed == 0) put(*place, sizeof(Value), bits);
        hart_.reservation.reset();
        return AccessEnd::done;
    }

    /// A block may be managed by whoever may read or write it; only zeroing it needs to write. A fault shows
    /// the address as it was given, not the block's.
    AccessEnd cache_block(VirtualAddress at, CacheOperation operation) {
        const VirtualAddress block{at.value & ~std::uint64_t{kCacheBlock - 1}};
        if (operation != CacheOperation::zero) {
            const auto located = locate(board_, memory_, hart_, space_, block, kCacheBlock, AccessKind::load);
            const auto* readable = std::get_if<PhysicalAddress>(&located);
            if (readable != nullptr && memory_.page_of(*readable)) return AccessEnd::done;
        }
        const auto place = locate_memory(block, kCacheBlock, AccessKind::store);
        if (!place) return raise(trap_.cause, at);
        constexpr std::array<std::byte, kCacheBlock> kZeros{};
        if (operation == CacheOperation::zero) memory_.write(*place, kZeros);
        return AccessEnd::done;
    }

  private:
    struct Part {
        PhysicalAddress at;
        std::size_t size = 0;
        bool is_device = false;
    };

    AccessEnd raise(Cause cause, VirtualAddress at) {
        trap_ = Trap{cause, at.value};
        return AccessEnd::trapped;
    }

    /// Fills parts_: the access, cut where it crosses into the next page. All of it is memory, or it is one
    /// aligned access to a device. mtval shows the part that caused a fault.
    bool each_part(VirtualAddress at, std::size_t size, AccessKind kind) {
        part_count_ = 0;
        for (std::size_t done = 0; done < size;) {
            const VirtualAddress here{(at.value + done) & hart_.xlen_mask()};
            const auto length = std::min(size - done, kPageSize - here.value % kPageSize);
            const auto located = locate(board_, memory_, hart_, space_, here, length, kind);
            if (const auto* trap = std::get_if<Trap>(&located)) {
                trap_ = *trap;
                return false;
            }
            const auto place = std::get<PhysicalAddress>(located);
            const bool is_memory =
                kind == AccessKind::store ? memory_.is_writable(place) : memory_.page_of(place).has_value();
            const bool is_device = length == size && at.value % size == 0 &&
                                   board_.has_device(place, static_cast<AccessSize>(size));
            if (!is_memory && !is_device) {
                raise(access_fault(kind), here);
                return false;
            }
            parts_[part_count_++] = {place, length, !is_memory};
            done += length;
        }
        return true;
    }

    /// A place in RAM: devices take no atomic operations.
    std::optional<PhysicalAddress> locate_memory(VirtualAddress at, std::size_t size, AccessKind kind) {
        const auto located = locate(board_, memory_, hart_, space_, at, size, kind);
        if (const auto* trap = std::get_if<Trap>(&located)) {
            trap_ = *trap;
            return std::nullopt;
        }
        const auto place = std::get<PhysicalAddress>(located);
        if (memory_.is_writable(place)) return place;
        raise(access_fault(kind), at);
        return std::nullopt;
    }

    AccessEnd load_from_device(PhysicalAddress place, VirtualAddress at, std::size_t size,
                               std::uint64_t& bits) {
        const auto value = board_.read_device(place, static_cast<AccessSize>(size));
        if (!value) return raise(Cause::load_access_fault, at);
        bits = *value;
        return AccessEnd::done;
    }

    std::uint64_t get(PhysicalAddress at, std::size_t size) const {
        std::uint64_t bits = 0;
        memory_.read(at, std::as_writable_bytes(std::span(&bits, 1)).first(size));
        return bits;
    }
    void put(PhysicalAddress at, std::size_t size, std::uint64_t bits) {
        memory_.write(at, std::as_bytes(std::span(&bits, 1)).first(size));
    }

    Board& board_;
    Memory& memory_;
    Hart& hart_;
    AddressSpace space_;
    std::array<Part, 2> parts_;
    std::size_t part_count_ = 0;
    Trap trap_;
};

/// The instruction at hart.pc, half by half; nothing, with the trap, if it cannot be fetched.
std::optional<Instruction> fetch(const Board& board, Memory& memory, const Hart& hart, Trap& trap) {
    const auto space = fetch_space(hart);
    std::uint32_t word = 0;
    for (std::size_t half = 0; half < 2; ++half) {
        const VirtualAddress at{(hart.pc + 2 * half) & hart.xlen_mask()};
        const auto located = locate(board, memory, hart, space, at, 2, AccessKind::fetch);
        if (const auto* raised = std::get_if<Trap>(&located)) {
            trap = *raised;
            return std::nullopt;
        }
        std::uint16_t bits = 0;
        if (!memory.read(std::get<PhysicalAddress>(located), std::as_writable_bytes(std::span(&bits, 1)))) {
            trap = Trap{Cause::instruction_access_fault, at.value};
            return std::nullopt;
        }
        word |= std::uint32_t{bits} << (16 * half);
        if (instruction_length(static_cast<std::uint16_t>(word)) == 2) break;
    }
    return board.decoder->decode(word);
}

/// The hart attempts one instruction. It retires or traps.
StepInfo attempt(Board& board, Memory& memory, Hart& hart) {
    StepInfo info{StepKind::attempt, hart.id, false};
    hart.waiting = false;
    Trap trap;
    const auto instruction = fetch(board, memory, hart, trap);
    bool retired = false;
    if (instruction) {
        PlainAccess access(board, memory, hart);
        const auto result = execute(*instruction, board, hart, access);
        retired = result.end == AccessEnd::done;
        trap = result.trap;
        if (retired) hart.pc = result.next_pc;
        info.returned_from_trap = result.returned_from_trap;
        if (result.ends_turn && board.harts.size() > 1) board.turn.end = board.steps + StepCount{1};
    }
    if (!retired && trap.cause == Cause::breakpoint && call_host(board, memory, hart)) {
        retired = true;
        hart.pc = (hart.pc + 4) & hart.xlen_mask();
    }
    if (!retired) take_trap(hart, trap);
    count(hart, 1, retired ? 1 : 0);
    return info;
}

/// The hart whose turn it is takes an interrupt, kind (b), or attempts an instruction, kind (a); or a device
/// has to ask the host before, kind (c).
StepInfo move_hart(Board& board, Memory& memory, Hart& hart) {
    const auto interrupt = interrupt_to_take(hart, board.mip(hart));
    if (!interrupt && must_ask_host(board, memory, hart)) {
        hart.waiting = false;
        board.ask_host();
        return StepInfo{StepKind::device_event, {}, false};
    }
    if (!interrupt) return attempt(board, memory, hart);
    take_interrupt(hart, *interrupt);
    count(hart, 1, 0);
    return StepInfo{StepKind::interrupt, hart.id, false};
}

std::optional<StepInfo> move(Board& board, Memory& memory, const Input* input) {
    if (input != nullptr) {  // kind (d)
        apply_input(board, memory, *input);
        return StepInfo{StepKind::input, {}, false};
    }
    if (board.powered_off() || board.waits_for_host()) return std::nullopt;
    if (board.reset_is_due()) {  // kind (c): the power switch is a device
        board.reset();
        memory.reset();
        return StepInfo{StepKind::device_event, {}, false};
    }
    Dma dma(memory);
    if (board.handle_due_event(dma)) {  // kind (c)
        board.break_reservations(dma.take_written());
        return StepInfo{StepKind::device_event, {}, false};
    }
    if (const auto turn = board.next_turn()) {
        board.begin(*turn);
        return move_hart(board, memory, board.harts[turn->hart.value]);
    }
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
