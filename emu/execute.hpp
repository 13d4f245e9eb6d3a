// One attempt at one decoded instruction, for any way of reaching memory: plainly for the reference, through
// the watching slow path for what the interpreter does not keep decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "base/address.hpp"
#include "emu/isa/instruction.hpp"
#include "emu/isa/semantics.hpp"
#include "emu/system.hpp"

namespace backspin::emu {

enum class AccessEnd : std::uint8_t {
    done,
    trapped,  ///< nothing was accessed; the access object holds the trap
    stopped,  ///< nothing was accessed: the observer wants to stop before this step
};

/// What an engine offers for memory. `Value` is 1, 2, 4 or 8 bytes wide; addresses need not be aligned unless
/// it says so. In `replace`, `modify(old)` gives the value to store; nothing is stored if it gives nothing.
template <class Access>
concept MemoryAccess = requires(Access access, VirtualAddress at, std::uint64_t value) {
    { access.template load<std::uint32_t>(at, value) } -> std::same_as<AccessEnd>;
    { access.template store<std::uint32_t>(at, value) } -> std::same_as<AccessEnd>;
    {
        access.template atomic<std::uint32_t>(at, value, [](std::uint32_t old) { return old; })
    } -> std::same_as<AccessEnd>;
    { access.template reserve<std::uint32_t>(at, value) } -> std::same_as<AccessEnd>;
    { access.template conditional<std::uint32_t>(at, value, value) } -> std::same_as<AccessEnd>;
    { access.trap() } -> std::same_as<Trap>;
};

struct AttemptResult {
    AccessEnd end = AccessEnd::done;
    Trap trap;                  ///< if trapped
    std::uint64_t next_pc = 0;  ///< if done
    bool returned_from_trap = false;
};

/// Executes the instruction at hart.pc. Registers and memory change only if it is done; pc and counters are
/// the caller's.
template <MemoryAccess Access>
AttemptResult execute(const Instruction& i, const Board& board, Hart& hart, Access& access) {
    using semantics::X;
    const X pc = hart.pc;
    const X a = hart.x[i.rs1];
    const X b = hart.x[i.rs2];
    const X imm = static_cast<X>(static_cast<std::int64_t>(i.imm));
    AttemptResult result{AccessEnd::done, {}, pc + i.length, false};
    const auto finish = [&](AccessEnd end, X value) {
        result.end = end;
        if (end == AccessEnd::done) hart.write(i.rd, value);
        if (end == AccessEnd::trapped) result.trap = access.trap();
        return result;
    };
    const auto system = [&] {
        const auto done = execute_system(i, board, hart);
        result.end = done.trap ? AccessEnd::trapped : AccessEnd::done;
        if (done.trap) result.trap = *done.trap;
        result.next_pc = done.next_pc;
        result.returned_from_trap = done.returned_from_trap;
        return result;
    };
    switch (i.opcode) {
        case Opcode::illegal:
            result.end = AccessEnd::trapped;
            result.trap = Trap{Cause::illegal_instruction, i.word};
            return result;
#define REGISTER_ROW(name, ...) \
    case Opcode::name: return finish(AccessEnd::done, semantics::name::apply(a, b));
#define IMMEDIATE_ROW(name, ...) \
    case Opcode::name: return finish(AccessEnd::done, semantics::name::apply(a, imm));
#define UPPER_ROW(name, ...) \
    case Opcode::name: return finish(AccessEnd::done, semantics::name::apply(pc, imm));
#define LOAD_ROW(name, extension, encoding, type)                                                         \
    case Opcode::name: {                                                                                  \
        std::uint64_t bits = 0;                                                                           \
        const auto end = access.template load<std::make_unsigned_t<type>>(VirtualAddress{a + imm}, bits); \
        return finish(end, static_cast<X>(static_cast<type>(bits)));                                      \
    }
#define STORE_ROW(name, extension, encoding, type) \
    case Opcode::name: return finish(access.template store<type>(VirtualAddress{a + imm}, b), 0);
#define BRANCH_ROW(name, ...)                                        \
    case Opcode::name:                                               \
        if (semantics::name::apply(a, b)) result.next_pc = pc + imm; \
        return result;
#define JUMP_ROW(name, ...)                                  \
    case Opcode::name:                                       \
        result.next_pc = semantics::name::apply(pc, a, imm); \
        return finish(AccessEnd::done, pc + i.length);
#define ATOMIC_ROW(name, extension, encoding, type, ...)                                                 \
    case Opcode::name: {                                                                                 \
        std::uint64_t bits = 0;                                                                          \
        const auto modify = [b](type old) { return semantics::name::apply(old, static_cast<type>(b)); }; \
        const auto end = access.template atomic<type>(VirtualAddress{a}, bits, modify);                  \
        return finish(end, static_cast<X>(static_cast<type>(bits)));                                     \
    }
#define RESERVE_ROW(name, extension, encoding, type)                             \
    case Opcode::name: {                                                         \
        std::uint64_t bits = 0;                                                  \
        const auto end = access.template reserve<type>(VirtualAddress{a}, bits); \
        return finish(end, static_cast<X>(static_cast<type>(bits)));             \
    }
#define CONDITIONAL_ROW(name, extension, encoding, type)                                  \
    case Opcode::name: {                                                                  \
        std::uint64_t failed = 0;                                                         \
        const auto end = access.template conditional<type>(VirtualAddress{a}, b, failed); \
        return finish(end, failed);                                                       \
    }
// It would take the include for a line of the macro.
// clang-format off
#define SYSTEM_ROW(name, ...) \
    case Opcode::name: return system();
#include "emu/isa/instructions.inc"
            // clang-format on
    }
    return result;
}

}  // namespace backspin::emu
