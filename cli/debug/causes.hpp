// Causes of traps by name. Source: The RISC-V Instruction Set Manual, Volume II, "Machine Cause Register".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/machine.hpp"

namespace backspin::cli {

/// As StopKind::trap numbers them: the code, and kInterruptCause on top of it for an interrupt.
struct TrapCause {
    std::uint64_t value = 0;
    bool is_interrupt() const { return (value & kInterruptCause) != 0; }
    std::uint64_t code() const { return value & ~kInterruptCause; }
};

/// What mcause holds, in a hart of this width.
TrapCause cause_of(std::uint64_t mcause, unsigned xlen);

/// "load-page-fault"; "exception 42" for one that has no name.
std::string name_of(TrapCause cause);

/// A name, a code (13), an interrupt's (interrupt:7), exceptions, interrupts or all: the traps to stop at.
std::optional<StopPoint> parse_causes(std::string_view text);
/// As parse_causes reads it.
std::string describe_causes(const StopPoint& causes);

/// All names, "instruction-access-fault, ...".
std::string list_of_causes();

}  // namespace backspin::cli
