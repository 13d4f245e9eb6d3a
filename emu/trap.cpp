#include "emu/trap.hpp"

#include "emu/hart.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint64_t kVectored = 1;

/// Where the vector register leads.
std::uint64_t handler_address(std::uint64_t vector, unsigned code, bool interrupt) {
    const auto base = vector & ~std::uint64_t{3};
    return interrupt && (vector & 3) == kVectored ? base + 4 * std::uint64_t{code} : base;
}

void enter_machine_mode(Hart& hart, std::uint64_t cause, std::uint64_t value) {
    hart.mepc = hart.pc;
    hart.mcause = cause;
    hart.mtval = value;
    const bool enabled = (hart.mstatus & mstatus::kMie) != 0;
    hart.mstatus &= ~(mstatus::kMie | mstatus::kMpie | mstatus::kMpp);
    if (enabled) hart.mstatus |= mstatus::kMpie;
    hart.mstatus |= static_cast<std::uint64_t>(hart.privilege) << mstatus::kMppShift;
    hart.privilege = Privilege::machine;
}

void enter_supervisor_mode(Hart& hart, std::uint64_t cause, std::uint64_t value) {
    hart.sepc = hart.pc;
    hart.scause = cause;
    hart.stval = value;
    const bool enabled = (hart.mstatus & mstatus::kSie) != 0;
    hart.mstatus &= ~(mstatus::kSie | mstatus::kSpie | mstatus::kSpp);
    if (enabled) hart.mstatus |= mstatus::kSpie;
    if (hart.privilege == Privilege::supervisor) hart.mstatus |= mstatus::kSpp;
    hart.privilege = Privilege::supervisor;
}

void enter_handler(Hart& hart, unsigned code, bool interrupt, std::uint64_t value) {
    const auto delegated = (interrupt ? hart.mideleg : hart.medeleg) >> code & 1;
    const auto cause = interrupt ? std::uint64_t{1} << (hart.xlen - 1) | code : code;
    hart.reservation.reset();
    if (delegated != 0 && hart.privilege != Privilege::machine) {
        enter_supervisor_mode(hart, cause, value);
        hart.pc = handler_address(hart.stvec, code, interrupt);
    } else {
        enter_machine_mode(hart, cause, value);
        hart.pc = handler_address(hart.mtvec, code, interrupt);
    }
    hart.pc &= hart.xlen_mask();
}

}  // namespace

Cause access_fault(AccessKind kind) {
    switch (kind) {
        case AccessKind::fetch: return Cause::instruction_access_fault;
        case AccessKind::load: return Cause::load_access_fault;
        case AccessKind::store: break;
    }
    return Cause::store_access_fault;
}

Cause page_fault(AccessKind kind) {
    switch (kind) {
        case AccessKind::fetch: return Cause::instruction_page_fault;
        case AccessKind::load: return Cause::load_page_fault;
        case AccessKind::store: break;
    }
    return Cause::store_page_fault;
}

void take_trap(Hart& hart, const Trap& trap) {
    enter_handler(hart, static_cast<unsigned>(trap.cause), false, trap.value);
}

void take_interrupt(Hart& hart, Interrupt interrupt) {
    hart.waiting = false;
    enter_handler(hart, static_cast<unsigned>(interrupt), true, 0);
}

std::optional<Interrupt> interrupt_to_take(const Hart& hart, std::uint64_t mip) {
    const auto pending = mip & hart.mie;
    if (pending == 0) return std::nullopt;
    const bool in_machine = hart.privilege == Privilege::machine;
    const bool machine_enabled = !in_machine || (hart.mstatus & mstatus::kMie) != 0;
    const bool supervisor_enabled =
        hart.privilege == Privilege::user ||
        (hart.privilege == Privilege::supervisor && (hart.mstatus & mstatus::kSie) != 0);
    auto takeable = machine_enabled ? pending & ~hart.mideleg : 0;
    if (takeable == 0 && supervisor_enabled) takeable = pending & hart.mideleg;
    // Highest priority first (section "Machine Interrupt Registers").
    for (const auto interrupt :
         {Interrupt::machine_external, Interrupt::machine_software, Interrupt::machine_timer,
          Interrupt::supervisor_external, Interrupt::supervisor_software, Interrupt::supervisor_timer}) {
        if ((takeable & bit(interrupt)) != 0) return interrupt;
    }
    return std::nullopt;
}

void return_from_machine_trap(Hart& hart) {
    hart.privilege = static_cast<Privilege>((hart.mstatus & mstatus::kMpp) >> mstatus::kMppShift);
    const bool enable = (hart.mstatus & mstatus::kMpie) != 0;
    hart.mstatus &= ~(mstatus::kMie | mstatus::kMpp);
    hart.mstatus |= mstatus::kMpie;
    if (enable) hart.mstatus |= mstatus::kMie;
    if (hart.privilege != Privilege::machine) hart.mstatus &= ~mstatus::kMprv;
    hart.reservation.reset();
    hart.pc = hart.mepc;
}

void return_from_supervisor_trap(Hart& hart) {
    hart.privilege = (hart.mstatus & mstatus::kSpp) != 0 ? Privilege::supervisor : Privilege::user;
    const bool enable = (hart.mstatus & mstatus::kSpie) != 0;
    hart.mstatus &= ~(mstatus::kSie | mstatus::kSpp | mstatus::kMprv);
    hart.mstatus |= mstatus::kSpie;
    if (enable) hart.mstatus |= mstatus::kSie;
    hart.reservation.reset();
    hart.pc = hart.sepc;
}

}  // namespace backspin::emu
