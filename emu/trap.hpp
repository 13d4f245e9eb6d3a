// Exceptions, interrupts, and the way into and out of their handlers.
// Source: The RISC-V Instruction Set Manual, Volume II, chapters "Machine-Level ISA" and "Supervisor-Level
// ISA".
#pragma once

#include <cstdint>
#include <optional>

#include "emu/privilege.hpp"

namespace backspin::emu {

struct Hart;

/// Exception codes of mcause and scause.
enum class Cause : std::uint8_t {
    instruction_address_misaligned = 0,
    instruction_access_fault = 1,
    illegal_instruction = 2,
    breakpoint = 3,
    load_address_misaligned = 4,
    load_access_fault = 5,
    store_address_misaligned = 6,
    store_access_fault = 7,
    ecall_from_u = 8,
    ecall_from_s = 9,
    ecall_from_m = 11,
    instruction_page_fault = 12,
    load_page_fault = 13,
    store_page_fault = 15,
};

Cause access_fault(AccessKind kind);
Cause page_fault(AccessKind kind);

/// Interrupt codes of mcause and scause; also bit numbers in mip and mie.
enum class Interrupt : std::uint8_t {
    supervisor_software = 1,
    machine_software = 3,
    supervisor_timer = 5,
    machine_timer = 7,
    supervisor_external = 9,
    machine_external = 11,
};

constexpr std::uint64_t bit(Interrupt interrupt) {
    return std::uint64_t{1} << static_cast<unsigned>(interrupt);
}
inline constexpr std::uint64_t kSupervisorInterrupts = bit(Interrupt::supervisor_software) |
                                                       bit(Interrupt::supervisor_timer) |
                                                       bit(Interrupt::supervisor_external);
inline constexpr std::uint64_t kMachineInterrupts =
    bit(Interrupt::machine_software) | bit(Interrupt::machine_timer) | bit(Interrupt::machine_external);

/// An exception that an instruction raised: its code and what mtval or stval shows.
struct Trap {
    Cause cause{};
    std::uint64_t value = 0;
};

/// Enters the handler for an exception of the instruction at hart.pc: in S mode if it is delegated and the
/// hart is not in M mode, else in M mode.
void take_trap(Hart& hart, const Trap& trap);

/// Enters the handler for an interrupt before the instruction at hart.pc.
void take_interrupt(Hart& hart, Interrupt interrupt);

/// The interrupt that the hart takes now, given mip; nothing if none is pending and enabled.
std::optional<Interrupt> interrupt_to_take(const Hart& hart, std::uint64_t mip);

/// mret and sret: back to the interrupted privilege and pc.
void return_from_machine_trap(Hart& hart);
void return_from_supervisor_trap(Hart& hart);

}  // namespace backspin::emu
