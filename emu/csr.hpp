// Control and status registers: one table of number, name and access, for the Zicsr instructions and the
// debugger. Source: The RISC-V Instruction Set Manual, Volume II, chapters "Control and Status Registers",
// "Machine-Level ISA" and "Supervisor-Level ISA".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "emu/isa/isa.hpp"

namespace backspin::emu {

struct Board;
struct Hart;

struct CsrNumber {
    std::uint16_t value = 0;  ///< 0 to 4095; bits 11:10 = 3 is read-only, bits 9:8 the lowest privilege
};

inline constexpr CsrNumber kMcycle{0xb00}, kMinstret{0xb02}, kMcycleh{0xb80}, kMinstreth{0xb82}, kMip{0x344},
    kSip{0x144};

/// Reads give the register's bits in the width of the hart; values to write have no bits beyond it.
struct Csr {
    std::uint16_t number = 0;
    std::string name;
    Requirement needs;
    std::uint64_t (*read)(const Board&, const Hart&) = nullptr;
    /// Null: writes are ignored (all fields are read-only).
    void (*write)(const Board&, Hart&, std::uint64_t value) = nullptr;
    /// What csrrs and csrrc take as the old value where it is not what reads show: mip's SEIP also shows the
    /// interrupt controller, which must not get into the bit that software writes. Null elsewhere.
    std::uint64_t (*read_to_modify)(const Board&, const Hart&) = nullptr;
    bool is_view = false;  ///< shows parts of other registers of this table
};

/// All CSRs of any hart, ascending by number.
std::span<const Csr> csrs();
/// Null if a hart with these extensions has no such CSR.
const Csr* find_csr(const Isa& isa, CsrNumber number);

/// A field behind the CSRs with a value that no write could have given it; nothing if there is none.
std::optional<std::string> find_impossible_field(const Board& board, const Hart& hart);

/// Whether the hart may reach the CSR as it is now: privilege, counter-enable bits, floating point switched
/// on ...
bool csr_is_accessible(const Hart& hart, CsrNumber number, bool for_writing);

}  // namespace backspin::emu
