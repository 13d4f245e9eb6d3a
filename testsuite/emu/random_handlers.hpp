// The trap handlers of a random program, which keep it going.
#pragma once

#include <cstdint>

#include "testsuite/emu/program_writer.hpp"

namespace backspin::emu::testing {

/// Registers from here on are the handlers': the rest of the program reads but never writes them, mostly.
inline constexpr unsigned kFirstReserved = 28;

/// What the machine's handler chooses among: a mode, a place in the code, and the CSRs that decide what
/// happens there. They lie at random_layout::kEnvironments.
namespace environment {
inline constexpr std::uint64_t kCount = 16;
inline constexpr unsigned kSizeShift = 7;
/// Numbers of doublewords.
enum Field : std::uint8_t { status, pc, satp, medeleg, mideleg, mie, menvcfg, pmpcfg, mcounteren, menvcfgh };
}  // namespace environment

/// Skips what trapped, unless the instruction cannot be fetched or is a call: then it goes on in another
/// environment. Interrupts are answered at their devices; the timer's come every so many ticks of mtime, and
/// about half of them change the environment too.
void write_machine_handler(ProgramWriter& out, std::uint32_t ticks);

/// Skips what trapped, and calls the machine where the instruction cannot be fetched.
void write_supervisor_handler(ProgramWriter& out);

/// The next timer interrupt of the hart comes after so many ticks of mtime. Clobbers t4 to t6.
void write_timer_setting(ProgramWriter& out, std::uint32_t ticks);

}  // namespace backspin::emu::testing
