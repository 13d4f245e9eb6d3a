// The machine's registers as a debugger lists them.
#pragma once

#include <optional>

#include "base/address.hpp"
#include "gdbstub/description.hpp"
#include "gdbstub/types.hpp"

namespace backspin::cli {

/// The integer registers and pc, then every CSR that the hart has, then the privilege, named as GDB's RISC-V
/// features ask.
const gdbstub::TargetDescription& riscv_description();

/// The machine's register behind an entry of that table; nothing for a number beyond it.
std::optional<RegisterId> register_id(gdbstub::RegisterNumber number);

}  // namespace backspin::cli
