// Address translation told to a person: where a hart's address lies, what the hart may do there, and if it
// lies nowhere, which table entry says so.
#pragma once

#include <string>

#include "base/address.hpp"
#include "emu/riscv_machine.hpp"

namespace backspin::cli {

/// Some lines of text. The view is that of the hart's loads and stores now. Precondition: there is such a
/// hart.
std::string describe_translation(const emu::RiscvMachine& machine, HartId hart, VirtualAddress at);

/// "U", "S" or "M", as ExecutionContext::privilege numbers them.
char letter_of_privilege(std::uint8_t privilege);

}  // namespace backspin::cli
