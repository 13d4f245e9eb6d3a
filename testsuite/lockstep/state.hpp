// What is compared of a hart: the registers that QEMU's log shows before every attempt.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "emu/board.hpp"

namespace backspin::lockstep {

/// pc, x0 to x31, f0 to f31, then the CSRs.
inline constexpr std::size_t kPc = 0, kX = 1, kF = 33, kCsr = 65, kFields = kCsr + 17;

struct State {
    std::array<std::uint64_t, kFields> values{};
    std::bitset<kFields> known;  ///< QEMU shows only what the mode may read: no satp in S mode with TVM

    std::uint64_t operator[](std::size_t field) const { return values[field]; }
    /// By name. Precondition: there is such a field.
    std::uint64_t operator[](std::string_view name) const;
};

/// As in QEMU's log: "pc", "x5", "f0", "mstatus" ...
const std::string& field_name(std::size_t field);

State state_of(const emu::Board& board);

/// Reads the log that `-d cpu,fpu` writes.
class QemuLog {
  public:
    QemuLog(std::istream& in, unsigned xlen) : in_(in), xlen_(xlen) {}
    /// The state before the next attempt; nothing at the end of the log.
    std::optional<State> next();

  private:
    std::istream& in_;
    unsigned xlen_;
    std::string line_;
};

}  // namespace backspin::lockstep
