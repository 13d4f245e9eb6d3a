// Which trap a hart took in a step, found from its state before and after alone.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/machine.hpp"
#include "emu/hart.hpp"

namespace backspin::emu::testing {

struct Trapped {
    StepCount at;
    HartId hart;
    std::uint64_t cause = 0;  ///< as trap stops have it
    bool operator==(const Trapped&) const = default;
};

/// The trap that a hart took in a step, from how it was before and after.
inline std::optional<std::uint64_t> trap_between(const Hart& before, const Hart& after, bool is_interrupt) {
    const auto entered = [&](std::uint64_t epc, std::uint64_t cause, std::uint64_t vector) {
        const auto top = std::uint64_t{1} << (after.xlen - 1);
        const auto code = cause & ~top;
        const bool vectored = is_interrupt && (vector & 3) == 1;
        const auto handler = (vector & ~std::uint64_t{3}) + (vectored ? 4 * code : 0);
        return epc == before.pc && after.pc == (handler & after.xlen_mask()) &&
               ((cause & top) != 0) == is_interrupt;
    };
    const bool retired = (before.mcountinhibit & kCounterInstret) == 0 && before.minstret != after.minstret;
    const bool to_machine = after.privilege == Privilege::machine;
    const auto cause = to_machine ? after.mcause : after.scause;
    const bool is_trap =
        to_machine ? entered(after.mepc, cause, after.mtvec)
                   : after.privilege == Privilege::supervisor && entered(after.sepc, cause, after.stvec);
    if (retired || !is_trap) return std::nullopt;
    return (cause & ~(std::uint64_t{1} << (after.xlen - 1))) | (is_interrupt ? kInterruptCause : 0);
}

/// The trap of a step that began at this position, if it was one.
inline std::optional<Trapped> trap_of(const StepInfo& info, StepCount at, const std::vector<Hart>& before,
                                      const std::vector<Hart>& after) {
    if (info.kind != StepKind::attempt && info.kind != StepKind::interrupt) return std::nullopt;
    const auto hart = info.hart.value;
    const auto cause = trap_between(before.at(hart), after.at(hart), info.kind == StepKind::interrupt);
    return cause ? std::optional(Trapped{at, info.hart, *cause}) : std::nullopt;
}

}  // namespace backspin::emu::testing
