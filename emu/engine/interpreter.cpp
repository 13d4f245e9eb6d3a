#include "emu/engine/interpreter.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "emu/engine/trial.hpp"
#include "emu/host_first.hpp"
#include "emu/isa/semantics.hpp"
#include "emu/semihosting.hpp"

// Labels as values are an extension of g++ and clang. With one dispatch per operation the host's branch
// predictor sees which operation follows which.
#pragma GCC diagnostic ignored "-Wpedantic"

namespace backspin::emu {

namespace {

/// Kernel, machine mode and a few processes.
constexpr std::size_t kJumpBanks = 6;

/// What a change of a CSR reaches beyond the register.
enum class Reach : std::uint8_t {
    nothing,
    loads,     ///< where loads and stores go, and which interrupts are taken
    anything,  ///< also what is fetched, or the next deadline
};

Reach reach_of(std::int32_t csr) {
    switch (csr) {
        case 0x100: return Reach::loads;  // sstatus
        case 0x104:                       // sie
        case 0x10a:                       // senvcfg
        case 0x144:                       // sip
        case 0x14d:                       // stimecmp
        case 0x15d:                       // stimecmph
        case 0x180:                       // satp
            return Reach::anything;
        default: {
            const bool only_held = csr < 0x300 || (csr >= 0x340 && csr < 0x344) || csr >= 0x400;
            return only_held ? Reach::nothing : Reach::anything;
        }
    }
}

}  // namespace

Interpreter::Interpreter(Board& board, Memory& memory)
    : board_(board),
      memory_(memory),
      code_(memory, *board.decoder),
      port_(board, memory, code_, stops_, notes_) {
    for (std::size_t i = 0; i < board.harts.size(); ++i) jump_banks_.emplace_back(kJumpBanks);
    // Learns where its own handlers are.
    Hart nobody;
    if (board.isa().xlen() == 64) {
        execute_blocks<std::uint64_t>(nobody, StepCount{}, nullptr);
    } else {
        execute_blocks<std::uint32_t>(nobody, StepCount{}, nullptr);
    }
    uncached_.operation.handler = code_.handlers().uncached;
    uncached_.operation.remaining = 1;
}

// ---- what the blocks depend on ------------------------------------------------------------------

void Interpreter::set_stop_points(std::span<const StopPoint> points) {
    if (!stops_.set(points)) return;
    for (const auto address : stops_.execute()) code_.plant(address % kPageSize & ~std::uint64_t{1});
    port_.stop_points_changed();
}

void Interpreter::pages_replaced() {
    port_.forget_entries();
    forget_jumps();  // each page is compared with what was decoded when it is next entered
}

void Interpreter::bytes_changed(std::span<const MemoryPiece> pieces) {
    if (pieces.empty()) return;
    for (const auto& piece : pieces) {
        note_from_outside(piece);
        const auto index = memory_.page_of(piece.at);
        if (index && code_.overlaps_code(*index, piece.at.value % kPageSize, piece.length))
            code_.drop(*index);
    }
    port_.forget_entries();
}

// What a change writes is known only after it. So with data stops armed it is made, looked at, taken back to
// report what it hits, and made again.
std::optional<std::vector<MemoryPiece>> Interpreter::make(const Change& change, Accessor by,
                                                          Observer* observer) {
    if (observer == nullptr || stops_.watches().empty()) {
        auto written = change();
        bytes_changed(written);
        return written;
    }
    Trial trial(board_, memory_);
    pages_shared();
    auto written = change();
    const auto hits = trial.hits(written, stops_, by);
    if (!hits.empty()) {
        trial.take_back();
        pages_replaced();
        for (const auto& hit : hits) {
            if (observer->on_hit(hit) == Verdict::stop) return std::nullopt;
        }
        written = change();
    }
    trial.keep();
    bytes_changed(written);
    return written;
}

void Interpreter::forget_jumps() {
    for (auto& banks : jump_banks_) banks.for_each([](JumpTable& jumps) { jumps.clear(); });
}

// ---- what was touched ---------------------------------------------------------------------------

AccessNotes Interpreter::take_access_notes() {
    for (auto& banks : jump_banks_) {
        banks.for_each([this](JumpTable& jumps) {
            for (const auto page : jumps.take_found()) notes_.executes(page);
        });
    }
    port_.forget_accesses();
    auto notes = notes_.take();
    for (const auto& hart : board_.harts) notes_.selects(data_space(hart));
    return notes;
}

void Interpreter::note_from_outside(const MemoryPiece& piece) {
    if (piece.length == 0) return;
    const auto last = page_number(PhysicalAddress{piece.at.value + (piece.length - 1)});
    for (auto page = page_number(piece.at); page <= last; ++page.value)
        notes_.changes_from_outside(PhysicalAddress{page.value << kPageBits});
}

void Interpreter::forget_stale_jumps() {
    if (code_generation_ == code_.generation() && translation_generation_ == port_.generation()) return;
    forget_jumps();
    code_generation_ = code_.generation();
    translation_generation_ = port_.generation();
}

const Slot* Interpreter::find_block(std::uint64_t pc) {
    notes_.executes(page_number(VirtualAddress{pc}));
    const auto at = port_.locate_code(VirtualAddress{pc});
    const bool was_code = at && code_.holds_code(*memory_.page_of(*at));
    const auto* block = at ? code_.block_at(*at) : nullptr;
    forget_stale_jumps();  // looking may have dropped blocks that a restore made stale
    if (block == nullptr) {
        uncached_.operation.page_offset = static_cast<std::uint16_t>(pc % kPageSize);
        return &uncached_;
    }
    if (!was_code) port_.page_became_code(*at);
    jumps_->enter(pc, block);
    return block;
}

/// The next `steps` operations of a block that is longer than what is left of the budget, and a stop behind
/// them.
const Slot* Interpreter::make_tail(const Slot* from, std::uint64_t steps) {
    const auto& handlers = code_.handlers();
    auto* to = tail_.data();
    while (true) {
        *to = *from;
        if (from->operation.handler == handlers.breakpoint) {
            if (steps == 0) break;  // belongs to the step after the budget
            to->operation.remaining = static_cast<std::uint16_t>(steps);
            ++from, ++to;
            continue;
        }
        if (steps == 0) break;
        to->operation.remaining = static_cast<std::uint16_t>(steps--);
        const bool has_instruction = from->operation.has_instruction != 0;
        ++from, ++to;
        if (has_instruction) *to++ = *from++;
    }
    to->operation.handler = handlers.stop;
    to->operation.remaining = 0;
    return tail_.data();
}

// ---- running ------------------------------------------------------------------------------------

bool Interpreter::stops_before(const Hart& hart, Observer* observer) const {
    const VirtualAddress pc{hart.pc};
    if (observer == nullptr || !stops_.executes_at(pc) || must_ask_host(board_, memory_, hart)) return false;
    return observer->on_hit(Hit{StopKind::execute, pc, board_.steps, hart.id, false}) == Verdict::stop;
}

std::optional<Instruction> Interpreter::fetch(const Hart& hart) {
    const auto first = port_.fetch(VirtualAddress{hart.pc});
    if (!first) return std::nullopt;
    std::uint32_t word = *first;
    if (instruction_length(*first) == 4) {
        const auto second = port_.fetch(VirtualAddress{(hart.pc + 2) & hart.xlen_mask()});
        if (!second) return std::nullopt;
        word |= std::uint32_t{*second} << 16;
    }
    return board_.decoder->decode(word);
}

Interpreter::Call Interpreter::call_host(Hart& hart, Observer* observer) {
    if (!board_.options.semihosting) return Call::none;
    bool is_call = false;
    const auto change = [&] {
        auto changed = emu::call_host(board_, memory_, hart);
        is_call = changed.has_value();
        return std::move(changed).value_or(std::vector<MemoryPiece>{});
    };
    if (!make(change, {}, observer)) return Call::stopped;
    return is_call ? Call::made : Call::none;
}

bool Interpreter::goes_on_after(const Instruction& instruction, const AttemptResult& result, Hart& hart) {
    const bool turn_is_over = hart.waiting || board_.steps >= board_.turn.end;
    if (result.returned_from_trap || (result.ends_turn && turn_is_over)) return false;
    switch (instruction.opcode) {
        case Opcode::csrrw:
        case Opcode::csrrs:
        case Opcode::csrrc:
        case Opcode::csrrwi:
        case Opcode::csrrsi:
        case Opcode::csrrci: break;
        default: return true;
    }
    switch (reach_of(instruction.imm)) {
        case Reach::nothing: return true;
        case Reach::anything: return false;
        case Reach::loads: break;
    }
    port_.select(hart);
    return !interrupt_to_take(hart, board_.mip(hart));
}

Interpreter::Result Interpreter::run(Hart& hart, StepCount until, Observer* observer) {
    assert(board_.steps < until);
    port_.arm(observer);
    code_.bury();
    port_.select(hart);
    forget_stale_jumps();
    jumps_ = &jump_banks_[hart.id.value].select(fetch_space(hart));
    return hart.xlen == 64 ? execute_blocks<std::uint64_t>(hart, until, observer)
                           : execute_blocks<std::uint32_t>(hart, until, observer);
}

// Within a block: `d` is the slot that runs, `base` the address of its page, `left` what remains of the
// budget once the whole block has run. The step at d is thus number until - left - d->remaining.
//
//   NEXT      on to the next slot
//   ENTER     starts the block at d: pays for it, or runs only as much as the budget allows
//   FOLLOW    goes where a branch leads: straight there if the link is known
template <class X>
Interpreter::Result Interpreter::execute_blocks(Hart& hart, StepCount until, Observer* observer) {
#define HANDLER_OF(label) \
    static_cast<std::int32_t>(static_cast<char*>(&&label) - static_cast<char*>(&&on_stop))
#define DISPATCH goto* static_cast<void*>(origin + d->operation.handler)
#define NEXT      \
    do {          \
        ++d;      \
        DISPATCH; \
    } while (false)
#define ENTER                                           \
    do {                                                \
        if (left < d->operation.remaining) [[unlikely]] \
            goto near_budget;                           \
        left -= d->operation.remaining;                 \
        DISPATCH;                                       \
    } while (false)
#define FOLLOW(which, target)                                       \
    do {                                                            \
        const Slot* const link = d[1].links.which;                  \
        if (link == nullptr) [[unlikely]] {                         \
            pc = (target);                                          \
            unlinked = const_cast<const Slot**>(&d[1].links.which); \
            goto resolve;                                           \
        }                                                           \
        d = link;                                                   \
        ENTER;                                                      \
    } while (false)

    if (code_.handlers().general == 0) {
        HandlerTable table;
#define ROW(name) table.of_opcode[static_cast<std::size_t>(Opcode::name)] = HANDLER_OF(on_##name);
#define REGISTER_ROW(name, ...) ROW(name)
#define IMMEDIATE_ROW(name, ...) ROW(name)
#define UPPER_ROW(name, ...) ROW(name)
#define LOAD_ROW(name, ...) ROW(name)
#define STORE_ROW(name, ...) ROW(name)
#define BRANCH_ROW(name, ...) ROW(name)
#define FLOAT_LOAD_ROW(name, ...) ROW(name)
#define FLOAT_STORE_ROW(name, ...) ROW(name)
#include "emu/isa/instructions.inc"
        ROW(jal)
        ROW(jalr)
#undef ROW
        table.general = HANDLER_OF(on_general);
        table.system = HANDLER_OF(on_system);
        table.floating = HANDLER_OF(on_floating);
        table.transfer = HANDLER_OF(on_transfer);
        table.straddling = HANDLER_OF(on_straddling);
        table.uncached = HANDLER_OF(on_uncached);
        table.edge = HANDLER_OF(on_edge);
        table.breakpoint = HANDLER_OF(on_breakpoint);
        table.stop = HANDLER_OF(on_stop);
        code_.set_handlers(table);
        return {};
    }

    using Table = Semantics<X>;
    char* const origin = static_cast<char*>(&&on_stop);
    std::uint64_t* const x = hart.x.data();
    std::uint64_t left = (until - board_.steps).value;
    X pc = static_cast<X>(hart.pc);
    X base = 0;
    const Slot* d = nullptr;
    const Slot** unlinked = nullptr;
    Trap trap;

    // Brings the clock, the counters and the pc to the step at d.
    const auto synchronise = [&] {
        const StepCount now{until.value - left - d->operation.remaining};
        const auto steps = (now - board_.steps).value;
        count(hart, steps, steps);
        board_.steps = now;
        hart.pc = static_cast<X>(base + d->operation.page_offset);
    };
    // Counts the step at d, which retired, and goes to where it leads.
    const auto retire = [&](X next_pc) {
        count(hart, 1, 1);
        board_.steps += StepCount{1};
        hart.pc = next_pc;
    };

    goto go_to_pc;

go_to_pc:
    base = pc & ~X{kPageSize - 1};
    d = jumps_->find(pc);
    if (d == nullptr) [[unlikely]]
        d = find_block(pc);
    ENTER;

resolve:
    // Links never leave the page: its blocks live and die together.
    if ((pc ^ base) < kPageSize) {
        d = find_block(pc);
        if (d != &uncached_) *unlinked = d;
        ENTER;
    }
    goto go_to_pc;

near_budget: {
    const auto& first = d->operation;
    if (left == 0) {
        pc = base + first.page_offset;
        goto budget_is_used_up;
    }
    d = make_tail(d, left);
    left = 0;
    DISPATCH;
}

on_stop:
    pc = base + d->operation.page_offset;
budget_is_used_up: {
    const auto steps = (until - board_.steps).value;
    count(hart, steps, steps);
    board_.steps = until;
    hart.pc = pc;
    return {Leave::budget, false};
}

on_edge:
    pc = base + d->operation.page_offset;
    goto go_to_pc;

on_breakpoint:
    if (observer != nullptr) {
        synchronise();
        if (stops_before(hart, observer)) return {Leave::stopped, false};
    }
    NEXT;

on_uncached:
    synchronise();
    if (stops_before(hart, observer)) return {Leave::stopped, false};
    goto attempt_uncached;

on_straddling:
    synchronise();
attempt_uncached: {
    if (must_ask_host(board_, memory_, hart)) goto ask_host;  // fetching would change page tables
    const auto instruction = fetch(hart);
    if (!instruction) {
        if (port_.take_stopped()) return {Leave::stopped, false};
        goto fault;
    }
    const auto result = execute_as<X>(*instruction, board_, hart, port_);
    if (result.end == AccessEnd::stopped) return {Leave::stopped, false};
    trap = result.trap;
    if (result.end == AccessEnd::trapped) goto take;
    retire(result.next_pc);
    if (result.ends_turn) board_.end_turn();
    port_.take_attention();
    return {Leave::attention, result.returned_from_trap};
}

on_system: {
    synchronise();
    const auto& instruction = d[1].instruction;
    const auto result = execute_as<X>(instruction, board_, hart, port_);
    trap = result.trap;
    if (result.end == AccessEnd::trapped) goto take;
    retire(result.next_pc);
    if (result.ends_turn) board_.end_turn();
    if (!goes_on_after(instruction, result, hart)) return {Leave::attention, result.returned_from_trap};
    pc = static_cast<X>(result.next_pc);
    goto go_to_pc;
}

on_transfer: {
    synchronise();
    const auto result = execute_as<X>(d[1].instruction, board_, hart, port_);
    trap = result.trap;
    if (result.end == AccessEnd::trapped) goto take;
    retire(result.next_pc);
    pc = static_cast<X>(result.next_pc);
    goto go_to_pc;
}

on_floating:
    if (!execute_floating<X>(d[1].instruction, hart)) goto on_general;  // illegal
    ++d;
    NEXT;

on_general: {
    synchronise();
    const auto result = execute_as<X>(d[1].instruction, board_, hart, port_);
    if (result.end == AccessEnd::stopped) return {Leave::stopped, false};
    if (result.end == AccessEnd::asks_host) goto ask_host;
    trap = result.trap;
    if (result.end == AccessEnd::trapped) goto take;
    if (port_.take_attention()) {
        retire(result.next_pc);
        return {Leave::attention, false};
    }
    ++d;
    NEXT;
}

take:
    if (trap.cause == Cause::breakpoint) {
        const auto call = call_host(hart, observer);
        if (call == Call::stopped) return {Leave::stopped, false};
        if (call == Call::made) {
            retire(static_cast<X>(hart.pc + 4));
            return {Leave::attention, false};
        }
    }
    if (stops_before_trap(hart, trap, observer)) {
        port_.take_attention();
        return {Leave::stopped, false};
    }
    // Nothing of the step happened but the trap. What follows may run with interrupts enabled or not: let the
    // machine look.
    port_.take_attention();
    take_trap(hart, trap);
    count(hart, 1, 0);
    board_.steps += StepCount{1};
    return {Leave::attention, false};

ask_host:
    port_.take_attention();
    board_.ask_host();
    board_.steps += StepCount{1};
    return {Leave::asked_host, false};

leave_after_access:
    retire(static_cast<X>(base + d->operation.page_offset + d->operation.length));
    return {Leave::attention, false};

#define RD x[d->operation.rd]
#define RS1 static_cast<X>(x[d->operation.rs1])
#define RS2 static_cast<X>(x[d->operation.rs2])
#define IMM static_cast<X>(static_cast<std::int64_t>(d->operation.imm))
#define HERE static_cast<X>(base + d->operation.page_offset)
#define REGISTER_ROW(name, ...)                    \
    on_##name : RD = Table::name::apply(RS1, RS2); \
    NEXT;
#define IMMEDIATE_ROW(name, ...)                   \
    on_##name : RD = Table::name::apply(RS1, IMM); \
    NEXT;
#define UPPER_ROW(name, ...)                        \
    on_##name : RD = Table::name::apply(HERE, IMM); \
    NEXT;
#define LOAD_ROW(name, extension, encoding, type)                                          \
    on_##name : {                                                                          \
        const VirtualAddress at{static_cast<X>(RS1 + IMM)};                                \
        type value;                                                                        \
        if (const auto* host = port_.find_for_reading(at, sizeof value)) [[likely]] {      \
            std::memcpy(&value, host, sizeof value);                                       \
        } else if (const auto* beside = port_.find_beside_for_reading(at, sizeof value)) { \
            std::memcpy(&value, beside, sizeof value);                                     \
        } else {                                                                           \
            synchronise();                                                                 \
            std::uint64_t bits = 0;                                                        \
            const auto end = port_.load<type>(at, bits);                                   \
            if (end == AccessEnd::stopped) return {Leave::stopped, false};                 \
            if (end == AccessEnd::asks_host) goto ask_host;                                \
            if (end == AccessEnd::trapped) goto fault;                                     \
            value = static_cast<type>(bits);                                               \
            if (port_.take_attention()) {                                                  \
                RD = static_cast<X>(value);                                                \
                goto leave_after_access;                                                   \
            }                                                                              \
        }                                                                                  \
        RD = static_cast<X>(value);                                                        \
        NEXT;                                                                              \
    }
#define STORE_ROW(name, extension, encoding, type)                                   \
    on_##name : {                                                                    \
        const VirtualAddress at{static_cast<X>(RS1 + IMM)};                          \
        const auto value = static_cast<type>(RS2);                                   \
        if (auto* host = port_.find_for_writing(at, sizeof value)) [[likely]] {      \
            std::memcpy(host, &value, sizeof value);                                 \
        } else if (auto* beside = port_.find_beside_for_writing(at, sizeof value)) { \
            std::memcpy(beside, &value, sizeof value);                               \
        } else {                                                                     \
            synchronise();                                                           \
            const auto end = port_.store<type>(at, RS2);                             \
            if (end == AccessEnd::stopped) return {Leave::stopped, false};           \
            if (end == AccessEnd::asks_host) goto ask_host;                          \
            if (end == AccessEnd::trapped) goto fault;                               \
            if (port_.take_attention()) goto leave_after_access;                     \
        }                                                                            \
        NEXT;                                                                        \
    }
#define BRANCH_ROW(name, ...)                       \
    on_##name : if (Table::name::apply(RS1, RS2)) { \
        FOLLOW(taken, HERE + IMM);                  \
    }                                               \
    FOLLOW(fall_through, HERE + d->operation.length);
#define FLOAT_LOAD_ROW(name, extension, encoding, type)                              \
    on_##name : {                                                                    \
        using Value = typename Table::name::Value;                                   \
        const VirtualAddress at{static_cast<X>(RS1 + IMM)};                          \
        const auto* host = port_.find_for_reading(at, sizeof(typename Value::Bits)); \
        if (host == nullptr || !hart.floating_point_is_on()) goto on_general;        \
        Value value{};                                                               \
        std::memcpy(&value.bits, host, sizeof value.bits);                           \
        hart.f[d->operation.rd] = fp::box(value);                                    \
        hart.mstatus |= mstatus::kFsDirty;                                           \
        ++d;                                                                         \
        NEXT;                                                                        \
    }
#define FLOAT_STORE_ROW(name, extension, encoding, type)                      \
    on_##name : {                                                             \
        using Bits = typename Table::name::Value::Bits;                       \
        const VirtualAddress at{static_cast<X>(RS1 + IMM)};                   \
        auto* host = port_.find_for_writing(at, sizeof(Bits));                \
        if (host == nullptr || !hart.floating_point_is_on()) goto on_general; \
        std::memcpy(host, &hart.f[d->operation.rs2], sizeof(Bits));           \
        ++d;                                                                  \
        NEXT;                                                                 \
    }
#include "emu/isa/instructions.inc"

on_jal:
    RD = HERE + d->operation.length;
    FOLLOW(taken, Table::jal::apply(HERE, 0, IMM));

on_jalr:
    pc = Table::jalr::apply(HERE, RS1, IMM);
    RD = HERE + d->operation.length;
    goto go_to_pc;

fault:
    trap = port_.trap();
    goto take;
}

}  // namespace backspin::emu
