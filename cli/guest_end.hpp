// How a run ended, in words and as an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/host_loop.hpp"
#include "emu/riscv_machine.hpp"

namespace backspin::cli {

struct RunResult {
    int exit_code = 0;
    std::string reason;                            ///< for the recording: "powered off" ...
    std::optional<std::uint32_t> guest_exit_code;  ///< what the guest gave, before it is bounded
    std::string message;                           ///< a line for stderr; empty if the exit code says all
};

/// Precondition: the machine is switched off.
RunResult result_of_power_off(const emu::RiscvMachine& machine);
/// Precondition: there is a request.
RunResult result_of(EndRequest request);

}  // namespace backspin::cli
