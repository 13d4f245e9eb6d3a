#include "emu/trap.hpp"

#include "emu/hart.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint64_t kInterruptBit = std::uint64_t{1} << 63;
constexpr std::uint64_t kVectored = 1;

void enter_handler(Hart& hart, std::uint64_t cause, std::uint64_t value) {
    hart.mepc = hart.pc;
    hart.mcause = cause;
    hart.mtval = value;
    const bool enabled = (hart.mstatus & mstatus::kMie) != 0;
    hart.mstatus &= ~(mstatus::kMie | mstatus::kMpie | mstatus::kMpp);
    if (enabled) hart.mstatus |= mstatus::kMpie;
    hart.mstatus |= static_cast<std::uint64_t>(hart.privilege) << mstatus::kMppShift;
    hart.privilege = Privilege::machine;
    hart.reservation.reset();
    const auto base = hart.mtvec & ~std::uint64_t{3};
    const bool vectored = (cause & kInterruptBit) != 0 && (hart.mtvec & 3) == kVectored;
    hart.pc = vectored ? base + 4 * (cause & ~kInterruptBit) : base;
}

}  // namespace

void take_trap(Hart& hart, const Trap& trap) {
    enter_handler(hart, static_cast<std::uint64_t>(trap.cause), trap.value);
}

void take_interrupt(Hart& hart, Interrupt interrupt) {
    hart.waiting = false;
    enter_handler(hart, kInterruptBit | static_cast<std::uint64_t>(interrupt), 0);
}

std::optional<Interrupt> interrupt_to_take(const Hart& hart, std::uint64_t mip) {
    const auto pending = mip & hart.mie;
    if (pending == 0) return std::nullopt;
    const bool enabled = hart.privilege != Privilege::machine || (hart.mstatus & mstatus::kMie) != 0;
    if (!enabled) return std::nullopt;
    // Highest priority first (section "Machine Interrupt Registers").
    for (const auto interrupt :
         {Interrupt::machine_external, Interrupt::machine_software, Interrupt::machine_timer}) {
        if ((pending & bit(interrupt)) != 0) return interrupt;
    }
    return std::nullopt;
}

void return_from_trap(Hart& hart) {
    const auto previous = (hart.mstatus & mstatus::kMpp) >> mstatus::kMppShift;
    hart.privilege = previous == 3 ? Privilege::machine : Privilege::user;
    const bool enable = (hart.mstatus & mstatus::kMpie) != 0;
    hart.mstatus &= ~(mstatus::kMie | mstatus::kMpp);
    hart.mstatus |= mstatus::kMpie;
    if (enable) hart.mstatus |= mstatus::kMie;
    if (hart.privilege != Privilege::machine) hart.mstatus &= ~mstatus::kMprv;
    hart.reservation.reset();
    hart.pc = hart.mepc;
}

}  // namespace backspin::emu
