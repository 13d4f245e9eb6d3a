// Exceptions, interrupts, and the way into and out of their handlers.
// Source: The RISC-V Instruction Set Manual, Volume II, chapter "Machine-Level ISA".
#pragma once

#include <cstdint>
#include <optional>

namespace backspin::emu {

struct Hart;

/// Exception codes of mcause.
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
    ecall_from_m = 11,
};

/// Interrupt codes of mcause; also bit numbers in mip and mie.
enum class Interrupt : std::uint8_t { machine_software = 3, machine_timer = 7, machine_external = 11 };

constexpr std::uint64_t bit(Interrupt interrupt) {
    return std::uint64_t{1} << static_cast<unsigned>(interrupt);
}

/// An exception that an instruction raised: its code and what mtval shows.
struct Trap {
    Cause cause{};
    std::uint64_t value = 0;
};

/// Enters the handler for an exception of the instruction at hart.pc.
void take_trap(Hart& hart, const Trap& trap);

/// Enters the handler for an interrupt before the instruction at hart.pc.
void take_interrupt(Hart& hart, Interrupt interrupt);

/// The interrupt that the hart takes now, given mip; nothing if none is pending and enabled.
std::optional<Interrupt> interrupt_to_take(const Hart& hart, std::uint64_t mip);

/// mret: back to the interrupted privilege and pc.
void return_from_trap(Hart& hart);

}  // namespace backspin::emu
