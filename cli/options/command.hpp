// The command line as values: one struct per verb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "base/position.hpp"
#include "cli/options/console_choice.hpp"
#include "cli/options/debugger_choice.hpp"
#include "cli/options/endpoint.hpp"
#include "cli/options/flight_options.hpp"
#include "cli/options/history_options.hpp"
#include "cli/options/outside_choice.hpp"
#include "cli/options/recording_commands.hpp"
#include "cli/place.hpp"
#include "emu/riscv_machine.hpp"

namespace backspin::cli {

/// The command line cannot be understood: one line saying what and how to mend it. Exit code 122.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr std::uint64_t kSmallestRam = std::uint64_t{1} << 20;
/// Characters of a command line that semihosting passes on.
inline constexpr std::size_t kLongestArguments = 1024;
inline constexpr std::uint64_t kLargestRam = std::uint64_t{64} << 30;

/// The machine of `run`, `record` and `dtb`, and what lies in its memory at power-on.
struct MachineChoice {
    std::optional<std::string> program;  ///< IMAGE or --kernel
    std::optional<std::string> bios;     ///< a file; nothing: none, or another one that is found by itself
    bool find_bios = false;              ///< the distribution's OpenSBI: --bios default, or --kernel alone
    std::optional<std::string> initrd;
    std::optional<emu::Isa> cpu;           ///< nothing: everything that there is in the width of the ELF file
    bool host_date = false;                ///< --rtc now: the machine's clock starts with the host's date
    std::optional<std::string> arguments;  ///< for semihosting; nothing: the name of the image
    emu::MachineOptions options;           ///< but for what is above
    std::vector<OutsideChoice> devices;    ///< what is behind each of options.board.virtio
    emu::EngineOptions engine{};
};

/// What a guest's power-off does while a debugger is attached.
enum class PowerOff : std::uint8_t { stop, exit };

/// --from-snapshot: the machine as it was at a place of a recording.
struct RecordedStart {
    std::string recording;
    Place at;
};

/// `run`, and `record` (then save is set and gdb is not).
struct RunCommand {
    MachineChoice machine;
    std::optional<RecordedStart> start;  ///< then of `machine` only the devices count: what is behind each
    std::optional<Endpoint> gdb;
    std::optional<std::string> save;
    EmbedDisks embed_disks = EmbedDisks::blocks_read;
    FlightOptions flight;  ///< only with save
    ConsoleChoice console = StdioConsole{};
    std::optional<std::string> input;
    std::optional<std::string> shared_folder;  ///< whose files the guest may read by semihosting
    std::optional<StepCount> max_steps;
    std::optional<std::chrono::nanoseconds> timeout;
    PowerOff power_off = PowerOff::stop;
    HistoryOptions history;  ///< only with gdb
    bool statistics = false;
    bool force = false;
};

/// Writes the device tree that a guest would find.
struct DtbCommand {
    MachineChoice machine;
    std::optional<std::string> output;  ///< nothing: stdout
    bool force = false;
};

struct ReplayCommand {
    std::string file;
    std::optional<Endpoint> gdb;
    bool keep_snapshots = false;  ///< bookmarks become snapshots in the file; only with gdb
    ConsoleChoice console = StdioConsole{};
    std::vector<ConsoleChoice>
        virtio_consoles;                   ///< of the recording's, the first ones; the others are silent
    std::vector<std::string> drive_files;  ///< images of the recording's drives, the first ones in order
    HistoryOptions history;                ///< only with gdb
    std::optional<std::chrono::nanoseconds> timeout;
    bool force = false;
    std::string branch = replay::kMainBranch;  ///< its name or number
    emu::EngineOptions engine{};
    bool statistics = false;
};

/// A machine, live or of a recording, and a debugger on it. The machine's `gdb` says nothing here.
struct DebugCommand {
    std::variant<RunCommand, ReplayCommand> machine;
    DebuggerChoice debugger;
    bool console_in_debugger = true;  ///< what the guest prints is shown by the debugger
};

/// What a debugger or an editor is to read, for stdout.
struct SnippetCommand {
    enum class For : std::uint8_t { gdb, lldb, dap } reader = For::gdb;
};

struct RepairCommand {
    std::string file;
};

/// Text for stdout, exit code 0: --help and --version.
struct PrintCommand {
    std::string text;
};

using Command = std::variant<RunCommand, DebugCommand, SnippetCommand, DtbCommand, ReplayCommand,
                             VerifyCommand, InfoCommand, EventsCommand, LogCommand, QueryCommand,
                             ExportCommand, SnapshotCommand, CommitCommand, RepairCommand, PrintCommand>;

/// Where the program was started: on a terminal, stdin and stdout are one.
enum class StartedOn : std::uint8_t { pipes, terminal };

/// `arguments` without the program's name. Throws UsageError.
Command parse_command_line(std::span<const std::string> arguments, StartedOn place = StartedOn::pipes);

}  // namespace backspin::cli
