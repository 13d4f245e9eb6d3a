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
    trapped,    ///< nothing was accessed; the access object holds the trap
    stopped,    ///< nothing was accessed: the observer wants to stop before this step
    asks_host,  ///< nothing was accessed: see emu/host_first.hpp
};

/// What an engine offers for memory. `Value` is 1, 2, 4 or 8 bytes wide; addresses need not be aligned unless
/// it says so. `modify(old)` gives the value that an atomic operation stores.
template <class Access>
concept MemoryAccess = requires(Access access, VirtualAddress at, std::uint64_t value) {
    { access.template load<std::uint32_t>(at, value) } -> std::same_as<AccessEnd>;
    { access.template store<std::uint32_t>(at, value) } -> std::same_as<AccessEnd>;
    {
        access.template atomic<std::uint32_t>(at, value, [](std::uint32_t old) { return old; })
    } -> std::same_as<AccessEnd>;
    { access.template reserve<std::uint32_t>(at, value) } -> std::same_as<AccessEnd>;
    { access.template conditional<std::uint32_t>(at, value, value) } -> std::same_as<AccessEnd>;
    { access.cache_block(at, CacheOperation::zero) } -> std::same_as<AccessEnd>;
    { access.trap() } -> std::same_as<Trap>;
};

struct AttemptResult {
    AccessEnd end = AccessEnd::done;
    Trap trap;                  ///< if trapped
    std::uint64_t next_pc = 0;  ///< if done
    bool returned_from_trap = false;
    bool ends_turn = false;
};

/// Executes one floating-point instruction that computes. False, and nothing done, if it is illegal as things
/// are: floating point switched off, or a rounding mode that there is not.
template <class X>
bool execute_floating(const Instruction& i, Hart& hart) {
    using Table = Semantics<X>;
    if (!hart.floating_point_is_on()) return false;
    const auto& fields = definition(i.opcode).pattern.fields;
    auto rounding = i.rounding;
    constexpr std::uint8_t kDynamic = 7, kHighest = 4;
    if (fields.rounding && rounding == kDynamic) rounding = static_cast<std::uint8_t>(hart.fcsr >> 5 & 7);
    if (fields.rounding && rounding > kHighest) return false;

    // With the flags that are set already, the host need not find out again what is no news.
    const auto flags_before = static_cast<std::uint8_t>(hart.fcsr & 31);
    fp::Context context{static_cast<fp::Rounding>(fields.rounding ? rounding : 0), flags_before};
    const auto compute = [&]<class Row>(Row) {
        using Operand = typename Row::Operand;
        const auto operand = [&](bool is_float, std::uint8_t number) {
            if constexpr (std::is_integral_v<Operand>) {
                static_cast<void>(is_float);
                return static_cast<Operand>(hart.x[number]);
            } else {
                return is_float ? fp::unbox<Operand>(hart.f[number]) : Operand{};
            }
        };
        const auto result = Row::apply(context, operand(fields.float_rs1, i.rs1),
                                       operand(fields.float_rs2, i.rs2), operand(fields.float_rs3, i.rs3));
        if constexpr (std::is_integral_v<typename Row::Result>) {
            using Signed = std::make_signed_t<X>;
            hart.write(i.rd, static_cast<X>(static_cast<Signed>(result)));
        } else {
            hart.f[i.rd] = fp::box(result);
            hart.mstatus |= mstatus::kFsDirty;
        }
    };
    switch (i.opcode) {
#define FLOAT_ROW(name, ...) \
    case Opcode::name: compute(typename Table::name{}); break;
// It would take the include for a line of the macro.
// clang-format off
#include "emu/isa/instructions.inc"
        // clang-format on
        default: return false;
    }
    if (context.flags != flags_before) {
        hart.fcsr |= context.flags;
        hart.mstatus |= mstatus::kFsDirty;
    }
    return true;
}

/// Executes the instruction at hart.pc. Registers and memory change only if it is done; pc and counters are
/// the caller's. X: the type of the hart's registers.
template <class X, MemoryAccess Access>
AttemptResult execute_as(const Instruction& i, const Board& board, Hart& hart, Access& access) {
    using Table = Semantics<X>;
    const X pc = static_cast<X>(hart.pc);
    const X a = static_cast<X>(hart.x[i.rs1]);
    const X b = static_cast<X>(hart.x[i.rs2]);
    const X imm = static_cast<X>(static_cast<std::int64_t>(i.imm));
    AttemptResult result{AccessEnd::done, {}, static_cast<X>(pc + i.length), false, false};
    const auto address = [&](X where) { return VirtualAddress{where}; };
    const auto finish = [&](AccessEnd end, X value) {
        result.end = end;
        if (end == AccessEnd::done) hart.write(i.rd, value);
        if (end == AccessEnd::trapped) result.trap = access.trap();
        return result;
    };
    const auto trap = [&](Trap raised) {
        result.end = AccessEnd::trapped;
        result.trap = raised;
        return result;
    };
    const auto illegal = [&] { return trap(Trap{Cause::illegal_instruction, i.word}); };
    /// Without compressed instructions, a target between two words is no place for an instruction.
    const auto go_to = [&](X target) {
        result.next_pc = target;
        return (target & 2) == 0 || board.isa().has(Extension::Zca);
    };
    const auto misaligned = [&] { return trap(Trap{Cause::instruction_address_misaligned, result.next_pc}); };
    const auto system = [&] {
        const auto done = execute_system(i, board, hart);
        if (done.trap) return trap(*done.trap);
        result.next_pc = done.next_pc;
        result.returned_from_trap = done.returned_from_trap;
        result.ends_turn = done.ends_turn;
        return result;
    };
    switch (i.opcode) {
        case Opcode::illegal: return illegal();
#define REGISTER_ROW(name, ...) \
    case Opcode::name: return finish(AccessEnd::done, Table::name::apply(a, b));
#define IMMEDIATE_ROW(name, ...) \
    case Opcode::name: return finish(AccessEnd::done, Table::name::apply(a, imm));
#define UPPER_ROW(name, ...) \
    case Opcode::name: return finish(AccessEnd::done, Table::name::apply(pc, imm));
#define LOAD_ROW(name, extension, encoding, type)                                                  \
    case Opcode::name: {                                                                           \
        std::uint64_t bits = 0;                                                                    \
        const auto end = access.template load<std::make_unsigned_t<type>>(address(a + imm), bits); \
        return finish(end, static_cast<X>(static_cast<type>(bits)));                               \
    }
#define STORE_ROW(name, extension, encoding, type) \
    case Opcode::name: return finish(access.template store<type>(address(a + imm), b), 0);
#define BRANCH_ROW(name, ...)                                                                  \
    case Opcode::name:                                                                         \
        if (Table::name::apply(a, b) && !go_to(static_cast<X>(pc + imm))) return misaligned(); \
        return result;
#define JUMP_ROW(name, ...)                                              \
    case Opcode::name:                                                   \
        if (!go_to(Table::name::apply(pc, a, imm))) return misaligned(); \
        return finish(AccessEnd::done, static_cast<X>(pc + i.length));
#define ATOMIC_ROW(name, extension, encoding, type, ...)                                             \
    case Opcode::name: {                                                                             \
        std::uint64_t bits = 0;                                                                      \
        const auto modify = [b](type old) { return Table::name::apply(old, static_cast<type>(b)); }; \
        const auto end = access.template atomic<type>(address(a), bits, modify);                     \
        return finish(end, static_cast<X>(static_cast<type>(bits)));                                 \
    }
#define RESERVE_ROW(name, extension, encoding, type)                      \
    case Opcode::name: {                                                  \
        std::uint64_t bits = 0;                                           \
        const auto end = access.template reserve<type>(address(a), bits); \
        return finish(end, static_cast<X>(static_cast<type>(bits)));      \
    }
#define CONDITIONAL_ROW(name, extension, encoding, type)                           \
    case Opcode::name: {                                                           \
        std::uint64_t failed = 0;                                                  \
        const auto end = access.template conditional<type>(address(a), b, failed); \
        return finish(end, static_cast<X>(failed));                                \
    }
#define CACHE_ROW(name, extension, encoding, operation)                 \
    case Opcode::name:                                                  \
        if (!allows_cache_operation(hart, operation)) return illegal(); \
        return finish(access.cache_block(address(a), operation), 0);
#define FLOAT_ROW(name, ...) \
    case Opcode::name: return execute_floating<X>(i, hart) ? result : illegal();
#define FLOAT_LOAD_ROW(name, extension, encoding, type)                                  \
    case Opcode::name: {                                                                 \
        if (!hart.floating_point_is_on()) return illegal();                              \
        using Value = typename Table::name::Value;                                       \
        std::uint64_t bits = 0;                                                          \
        result.end = access.template load<typename Value::Bits>(address(a + imm), bits); \
        if (result.end == AccessEnd::trapped) result.trap = access.trap();               \
        if (result.end != AccessEnd::done) return result;                                \
        hart.f[i.rd] = fp::box(Value{static_cast<typename Value::Bits>(bits)});          \
        hart.mstatus |= mstatus::kFsDirty;                                               \
        return result;                                                                   \
    }
#define FLOAT_STORE_ROW(name, extension, encoding, type)                           \
    case Opcode::name: {                                                           \
        if (!hart.floating_point_is_on()) return illegal();                        \
        using Bits = typename Table::name::Value::Bits;                            \
        result.end = access.template store<Bits>(address(a + imm), hart.f[i.rs2]); \
        if (result.end == AccessEnd::trapped) result.trap = access.trap();         \
        return result;                                                             \
    }
            // clang-format off
#define SYSTEM_ROW(name, ...) \
    case Opcode::name: return system();
#include "emu/isa/instructions.inc"
            // clang-format on
    }
    return result;
}

template <MemoryAccess Access>
AttemptResult execute(const Instruction& i, const Board& board, Hart& hart, Access& access) {
    return hart.xlen == 64 ? execute_as<std::uint64_t>(i, board, hart, access)
                           : execute_as<std::uint32_t>(i, board, hart, access);
}

}  // namespace backspin::emu
