// The command line as values: one struct per verb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>

#include "base/position.hpp"
#include "cli/options/console_choice.hpp"
#include "cli/options/endpoint.hpp"

namespace backspin::cli {

/// The command line cannot be understood: one line saying what and how to mend it. Exit code 122.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr std::uint64_t kDefaultRam = std::uint64_t{128} << 20;
inline constexpr std::uint64_t kSmallestRam = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kLargestRam = std::uint64_t{64} << 30;
inline constexpr std::uint64_t kDefaultNsPerStep = 10;
inline constexpr std::uint64_t kMostNsPerStep = 1'000'000;

/// What a guest's power-off does while a debugger is attached.
enum class PowerOff : std::uint8_t { stop, exit };

/// `run`, and `record` (then save is set and gdb is not).
struct RunCommand {
    std::string image;
    std::optional<std::string> bios;  ///< nothing for "none"
    std::uint64_t ram = kDefaultRam;  ///< bytes, a multiple of the page size
    std::uint64_t ns_per_step = kDefaultNsPerStep;
    std::optional<Endpoint> gdb;
    std::optional<std::string> save;
    ConsoleChoice console = StdioConsole{};
    std::optional<std::string> input;
    std::optional<StepCount> max_steps;
    std::optional<std::chrono::nanoseconds> timeout;
    PowerOff power_off = PowerOff::stop;
    bool force = false;
};

struct ReplayCommand {
    std::string file;
    std::optional<Endpoint> gdb;
    ConsoleChoice console = StdioConsole{};
    std::optional<std::chrono::nanoseconds> timeout;
    bool force = false;
};

struct InfoCommand {
    std::string file;
    bool json = false;
};

struct RepairCommand {
    std::string file;
};

/// Text for stdout, exit code 0: --help and --version.
struct PrintCommand {
    std::string text;
};

using Command = std::variant<RunCommand, ReplayCommand, InfoCommand, RepairCommand, PrintCommand>;

/// `arguments` without the program's name. Throws UsageError.
Command parse_command_line(std::span<const std::string> arguments);

}  // namespace backspin::cli
