// The loop that runs decoded blocks, and goes over to translated code and back.
#include <cassert>
#include <cstring>

#include "emu/engine/interpreter.hpp"
#include "emu/host_first.hpp"
#include "emu/isa/semantics.hpp"

// Labels as values are an extension of g++ and clang. With one dispatch per operation the host's branch
// predictor sees which operation follows which.
#pragma GCC diagnostic ignored "-Wpedantic"

namespace backspin::emu {

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
// Behind an operation that translated code left to the interpreter: back to it.
#define RESUME                                                                                      \
    do {                                                                                            \
        ++d;                                                                                        \
        if (reinterpret_cast<std::uintptr_t>(d) - translated_begin < translated_bytes) goto resume; \
        DISPATCH;                                                                                   \
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

#define RD x[d->operation.rd]
#define RS1 static_cast<X>(x[d->operation.rs1])
#define RS2 static_cast<X>(x[d->operation.rs2])
#define IMM static_cast<X>(static_cast<std::int64_t>(d->operation.imm))
#define HERE static_cast<X>(base + d->operation.page_offset)

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
        table.counting = HANDLER_OF(on_counting);
        table.translated = HANDLER_OF(on_translated);
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
    // The block that translated code left to the interpreter in its midst.
    const Slot* translated_head = nullptr;
    std::uintptr_t translated_begin = 0, translated_bytes = 0;
    const std::byte* code = nullptr;
    std::uint64_t left_before = 0;
    frame_.observed = observer != nullptr;

    // A jump from translated code to a translated block need not leave it again.
    const auto link_translated = [&](const Slot* block) {
        if (block != nullptr && block->operation.handler == code_.handlers().translated)
            jit_->link(frame_.site, block);
    };
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
    RESUME;

on_counting:
    if (--const_cast<Slot*>(d)->operation.imm > 0) {
        d += kHeadSlots;
        DISPATCH;
    }
    if (!translate(d, VirtualAddress{base + d->operation.page_offset})) {
        // There was no room. All blocks are gone, this one as well.
        left += d->operation.remaining;
        pc = base + d->operation.page_offset;
        translated_bytes = 0;
        goto go_to_pc;
    }
    goto on_translated;

on_translated:
    left += d->operation.remaining;
    code = d[1].head.code;
    left_before = left;
run_translated: {
    frame_.left = left;
    frame_.base = base;
    run_translated(code, hart);
    left = frame_.left;
    base = static_cast<X>(frame_.base);
    d = frame_.slot;
    statistics_.translated_steps += left_before - left;
    switch (frame_.exit) {
        case jit::Exit::enter: ENTER;
        case jit::Exit::address: pc = static_cast<X>(frame_.pc); goto go_to_pc;
        case jit::Exit::taken: link_translated(d[1].links.taken); FOLLOW(taken, HERE + IMM);
        case jit::Exit::fall_through:
            link_translated(d[1].links.fall_through);
            FOLLOW(fall_through, HERE + d->operation.length);
        case jit::Exit::operation: break;
    }
    statistics_.translated_steps -= d->operation.remaining;
    translated_head = frame_.head;
    translated_begin = reinterpret_cast<std::uintptr_t>(translated_head);
    translated_bytes = jit_->size(translated_head) * sizeof(Slot);
    DISPATCH;
}

resume:
    code = jit_->entry(translated_head, static_cast<std::size_t>(d - translated_head));
    if (code == nullptr) DISPATCH;
    left_before = left + d->operation.remaining;
    goto run_translated;

on_uncached:
    synchronise();
    if (stops_before(hart, observer)) return {Leave::stopped, false};
    goto attempt_uncached;

on_straddling:
    synchronise();
    if (const auto* instruction = find_straddling(hart)) {
        const auto result = execute_as<X>(*instruction, board_, hart, port_);
        if (result.end == AccessEnd::stopped) return {Leave::stopped, false};
        if (result.end == AccessEnd::asks_host) goto ask_host;
        trap = result.trap;
        if (result.end == AccessEnd::trapped) goto take;
        retire(result.next_pc);
        if (result.ends_turn) board_.end_turn();
        const bool goes_on = goes_on_after(*instruction, result, hart);
        if (port_.take_attention() || !goes_on) return {Leave::attention, result.returned_from_trap};
        pc = static_cast<X>(result.next_pc);
        goto go_to_pc;
    }
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
    RESUME;

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
    RESUME;
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
        RESUME;                                                                            \
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
        RESUME;                                                                      \
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
        RESUME;                                                                      \
    }
#define FLOAT_STORE_ROW(name, extension, encoding, type)                      \
    on_##name : {                                                             \
        using Bits = typename Table::name::Value::Bits;                       \
        const VirtualAddress at{static_cast<X>(RS1 + IMM)};                   \
        auto* host = port_.find_for_writing(at, sizeof(Bits));                \
        if (host == nullptr || !hart.floating_point_is_on()) goto on_general; \
        std::memcpy(host, &hart.f[d->operation.rs2], sizeof(Bits));           \
        ++d;                                                                  \
        RESUME;                                                               \
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

template Interpreter::Result Interpreter::execute_blocks<std::uint32_t>(Hart&, StepCount, Observer*);
template Interpreter::Result Interpreter::execute_blocks<std::uint64_t>(Hart&, StepCount, Observer*);

}  // namespace backspin::emu
