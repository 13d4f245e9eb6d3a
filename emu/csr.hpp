// Control and status registers: one table of number, name and access, for the Zicsr instructions and the
// debugger. Source: The RISC-V Instruction Set Manual, Volume II, chapters "Control and Status Registers" and
// "Machine-Level ISA".
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace backspin::emu {

struct Board;
struct Hart;

struct CsrNumber {
    std::uint16_t value = 0;  ///< 0 to 4095; bits 11:10 = 3 is read-only, bits 9:8 the lowest privilege
};

inline constexpr CsrNumber kMcycle{0xb00}, kMinstret{0xb02};

struct Csr {
    std::uint16_t number = 0;
    std::string name;
    std::uint64_t (*read)(const Board&, const Hart&) = nullptr;
    /// Null: writes are ignored (all fields are read-only).
    void (*write)(Hart&, std::uint64_t value) = nullptr;
};

/// All CSRs that this hart has, ascending by number.
std::span<const Csr> csrs();
/// Null if the hart has no such CSR.
const Csr* find_csr(CsrNumber number);

/// A CSR with a value that no write could have given it; null if there is none.
const Csr* find_impossible_csr(const Board& board, const Hart& hart);

/// Whether the hart may reach the CSR at its current privilege, with the counter-enable bits.
bool csr_is_accessible(const Hart& hart, CsrNumber number, bool for_writing);

}  // namespace backspin::emu
