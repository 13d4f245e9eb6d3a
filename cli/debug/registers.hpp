// The machine's registers as a debugger lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "emu/isa/isa.hpp"
#include "gdbstub/description.hpp"
#include "gdbstub/types.hpp"

namespace backspin::cli {

/// What a hart with these extensions has, named as GDB's RISC-V features ask: the integer registers and pc,
/// the floating-point registers with their status, every other CSR, the privilege. All but the floating-point
/// registers are as wide as the hart.
/// Source: GDB manual, appendix "Target Descriptions", section "RISC-V Features".
class RegisterTable {
  public:
    explicit RegisterTable(const emu::Isa& isa);

    const gdbstub::TargetDescription& description() const { return description_; }
    /// The machine's register behind an entry of the description; nothing for a number beyond it.
    std::optional<RegisterId> id(gdbstub::RegisterNumber number) const;
    /// The value that the machine's register has when a debugger sees these bytes. Precondition: the number
    /// is one of the description, the bytes are as many as it says.
    std::uint64_t value_of(gdbstub::RegisterNumber number, std::span<const std::byte> bytes) const;

  private:
    struct Layout;

    gdbstub::TargetDescription description_;
    std::vector<RegisterId> ids_;
};

}  // namespace backspin::cli
