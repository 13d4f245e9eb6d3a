// What the bits of a control and status register mean, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace backspin::cli {

/// "MIE MPP=S FS=dirty", "load-page-fault", "Sv39 root 0x80200000 asid 1"; empty for a register that is one
/// number, and for one without bits that are set.
/// Source: The RISC-V Instruction Set Manual, Volume II.
std::string describe_csr(std::string_view name, std::uint64_t value, unsigned xlen);

}  // namespace backspin::cli
