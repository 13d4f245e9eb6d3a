#include "cli/guest_end.hpp"

#include <fmt/format.h>

#include "cli/exit_code.hpp"

namespace backspin::cli {

RunResult result_of_power_off(const emu::RiscvMachine& machine) {
    using Kind = emu::PowerRequest::Kind;
    const auto request = machine.power_request().value_or(emu::PowerRequest{});
    switch (request.kind) {
        case Kind::pass: return {kSuccess, "powered off", 0, {}};
        case Kind::reset:
            return {kSuccess, "reset", std::nullopt, "the guest asked for a reset, which ends the run"};
        case Kind::fail: break;
    }
    RunResult result{request.code, "powered off", request.code, {}};
    if (request.code > kHighestGuestCode) {
        result.exit_code = kHighestGuestCode;
        result.message =
            fmt::format("the guest's exit code is {}, told as {}", request.code, kHighestGuestCode);
    }
    return result;
}

RunResult result_of(EndRequest request) {
    if (request == EndRequest::timed_out)
        return {kTimedOut, "timed out", std::nullopt, "the time-out has passed"};
    if (request == EndRequest::debugger_left) return {kSuccess, "ended by the debugger", std::nullopt, {}};
    return {kInterrupted, "interrupted", std::nullopt, {}};
}

}  // namespace backspin::cli
