#include "cli/options/command.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;

Command parse(const std::string& line, StartedOn place = StartedOn::pipes) {
    std::istringstream words(line);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    return parse_command_line(arguments, place);
}

RunCommand run(const std::string& line) {
    return std::get<RunCommand>(parse(line));
}

std::string complaint(const std::string& line, StartedOn place = StartedOn::pipes) {
    try {
        parse(line, place);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(CommandLine, RunHasSensibleDefaults) {
    const auto command = run("run firmware.elf");
    EXPECT_EQ(command.machine.program, "firmware.elf");
    EXPECT_EQ(command.machine.bios, std::nullopt);
    EXPECT_FALSE(command.machine.find_bios);
    EXPECT_EQ(command.machine.initrd, std::nullopt);
    EXPECT_EQ(command.machine.cpu, std::nullopt);
    EXPECT_FALSE(command.machine.host_date);
    EXPECT_EQ(command.machine.options.ram_bytes, std::uint64_t{128} << 20);
    EXPECT_EQ(command.machine.options.boot_arguments, "");
    const auto& board = command.machine.options.board;
    EXPECT_EQ(board.harts, 1U);
    EXPECT_EQ(board.ns_per_step, 10U);
    EXPECT_EQ(board.chaos, std::nullopt);
    EXPECT_TRUE(board.reboots);
    EXPECT_EQ(command.gdb, std::nullopt);
    EXPECT_EQ(command.save, std::nullopt);
    EXPECT_EQ(command.console, ConsoleChoice{StdioConsole{}});
    EXPECT_EQ(command.max_steps, std::nullopt);
    EXPECT_EQ(command.timeout, std::nullopt);
    EXPECT_EQ(command.power_off, PowerOff::stop);
    EXPECT_FALSE(command.force);
}

TEST(CommandLine, RunTakesEveryOption) {
    const auto command =
        run("run --gdb :1234 --save run.bsr --ram 2G --bios fw.bin --console tcp:0 --input keys.txt "
            "--timeout 2.5 --power-off exit --ns-per-step=100 --force firmware.elf");
    EXPECT_EQ(command.gdb, Endpoint{(TcpEndpoint{"127.0.0.1", 1234})});
    EXPECT_EQ(command.save, "run.bsr");
    EXPECT_EQ(command.machine.options.ram_bytes, std::uint64_t{2} << 30);
    EXPECT_EQ(command.machine.bios, "fw.bin");
    EXPECT_EQ(command.console, ConsoleChoice{TcpConsole{0}});
    EXPECT_EQ(command.input, "keys.txt");
    EXPECT_EQ(run("run --max-steps 0x1000 a.elf").max_steps, StepCount{4096});
    EXPECT_EQ(command.timeout, std::chrono::milliseconds(2500));
    EXPECT_EQ(command.power_off, PowerOff::exit);
    EXPECT_EQ(command.machine.options.board.ns_per_step, 100U);
    EXPECT_TRUE(command.force);
}

TEST(CommandLine, RunTakesEveryOptionOfTheHarts) {
    const auto machine = run("run a.elf --cpu rv32,-zba --harts 4 --quantum 123 --chaos 0 --no-reboot --rtc "
                             "2001-09-09T01:46:40")
                             .machine;
    ASSERT_TRUE(machine.cpu.has_value());
    EXPECT_EQ(machine.cpu->xlen(), 32U);
    EXPECT_FALSE(machine.cpu->has(emu::Extension::Zba));
    EXPECT_TRUE(machine.cpu->has(emu::Extension::Zbb));
    const auto& board = machine.options.board;
    EXPECT_EQ(board.harts, 4U);
    EXPECT_EQ(board.quantum, 123U);
    EXPECT_EQ(board.chaos, 0U);
    EXPECT_FALSE(board.reboots);
    EXPECT_EQ(board.rtc_start, 1'000'000'000'000'000'000U);
    EXPECT_TRUE(run("run a.elf --rtc now").machine.host_date);
    EXPECT_FALSE(run("run a.elf --rtc now").machine.options.board.rtc_is_hosts);
    EXPECT_TRUE(run("run a.elf --rtc host").machine.options.board.rtc_is_hosts);
    EXPECT_FALSE(run("run a.elf --rtc host").machine.host_date);
}

TEST(CommandLine, ConsolesAreInManyPlaces) {
    const auto console = [](const std::string& where) { return run("run a.elf --console " + where).console; };
    EXPECT_EQ(console("tcp:4000"), ConsoleChoice{TcpConsole{4000}});
    EXPECT_EQ(console("tcp:[::1]:4000"), ConsoleChoice{(TcpConsole{4000, "::1"})});
    EXPECT_EQ(console("tcp::4000"), ConsoleChoice{TcpConsole{4000}});
    EXPECT_EQ(console("unix:/tmp/a"), ConsoleChoice{UnixConsole{"/tmp/a"}});
    EXPECT_EQ(console("pty"), ConsoleChoice{PtyConsole{}});
}

TEST(CommandLine, VirtioConsolesAndInputDevicesAreInTheOrderOfTheirKinds) {
    using emu::virtio::InputOptions;
    const auto command =
        run("run a.elf --pointer --keyboard --seed 1 --virtio-console none --virtio-console pty");
    const auto& devices = command.machine.options.board.virtio;
    const std::vector<emu::virtio::DeviceOptions> expected{
        emu::virtio::ConsoleOptions{}, emu::virtio::ConsoleOptions{}, emu::virtio::EntropyOptions{1},
        InputOptions{InputOptions::Kind::keyboard}, InputOptions{InputOptions::Kind::pointer}};
    EXPECT_EQ(devices, expected);
    EXPECT_EQ(command.machine.devices.at(0), OutsideChoice{VirtioConsole{NoConsole{}}});
    EXPECT_EQ(command.machine.devices.at(1), OutsideChoice{VirtioConsole{PtyConsole{}}});
    EXPECT_EQ(command.console, ConsoleChoice{StdioConsole{}});
}

TEST(CommandLine, OneConsoleOfAllIsOnStdio) {
    EXPECT_EQ(run("run a.elf --virtio-console stdio").console, ConsoleChoice{NoConsole{}});
    EXPECT_THAT(complaint("run a.elf --virtio-console stdio --console stdio"), HasSubstr("only one of them"));
    EXPECT_THAT(complaint("run a.elf --virtio-console stdio --virtio-console stdio"),
                HasSubstr("given away"));
    EXPECT_THAT(complaint("run a.elf --gdb stdio --virtio-console stdio"), HasSubstr("given away"));
    EXPECT_THAT(complaint("run a.elf --virtio-console tcp:x"),
                HasSubstr("--virtio-console tcp:x: give a port"));
    EXPECT_THAT(complaint("run a.elf --console unix:" + std::string(200, 'x')), HasSubstr("bytes of path"));
}

TEST(CommandLine, AKernelGetsTheDistributionsFirmwareUnlessAnotherIsNamed) {
    const auto machine = run("run --kernel Image --initrd root.cpio --append quiet").machine;
    EXPECT_EQ(machine.program, "Image");
    EXPECT_EQ(machine.initrd, "root.cpio");
    EXPECT_EQ(machine.options.boot_arguments, "quiet");
    EXPECT_TRUE(machine.find_bios);
    EXPECT_EQ(machine.bios, std::nullopt);
    EXPECT_FALSE(run("run --kernel Image --bios none").machine.find_bios);
    const auto own = run("run --kernel Image --bios fw.bin").machine;
    EXPECT_FALSE(own.find_bios);
    EXPECT_EQ(own.bios, "fw.bin");
    EXPECT_TRUE(run("run --bios default a.elf").machine.find_bios);
    EXPECT_EQ(run("run --bios fw.bin").machine.program, std::nullopt) << "firmware alone";
}

TEST(CommandLine, SemihostingIsSwitchedOnAloneOrWithAFolder) {
    EXPECT_FALSE(run("run a.elf").machine.options.board.semihosting);
    const auto alone = run("run --semihosting --arguments one a.elf");
    EXPECT_TRUE(alone.machine.options.board.semihosting);
    EXPECT_EQ(alone.machine.arguments, "one");
    EXPECT_EQ(alone.shared_folder, std::nullopt);
    const auto with_folder = run("record -o r.bsp --share data a.elf");
    EXPECT_TRUE(with_folder.machine.options.board.semihosting);
    EXPECT_EQ(with_folder.shared_folder, "data");
    EXPECT_EQ(with_folder.machine.arguments, std::nullopt);
}

TEST(CommandLine, DtbTakesAMachineAndWhereToWriteItsTree) {
    const auto bare = std::get<DtbCommand>(parse("dtb"));
    EXPECT_EQ(bare.machine.program, std::nullopt);
    EXPECT_EQ(bare.output, std::nullopt);
    const auto command = std::get<DtbCommand>(parse("dtb -o tree.dtb --force --harts 3 a.elf"));
    EXPECT_EQ(command.output, "tree.dtb");
    EXPECT_TRUE(command.force);
    EXPECT_EQ(command.machine.options.board.harts, 3U);
    EXPECT_EQ(command.machine.program, "a.elf");
}

TEST(CommandLine, OptionsMayFollowTheImage) {
    EXPECT_EQ(run("run a.elf --ram 64M").machine.options.ram_bytes, 64U << 20);
}

TEST(CommandLine, BiosNoneIsNone) {
    EXPECT_EQ(run("run --bios none a.elf").machine.bios, std::nullopt);
    EXPECT_FALSE(run("run --bios none a.elf").machine.find_bios);
}

TEST(CommandLine, RecordIsRunThatIsSaved) {
    const auto command = run("record -o out.bsr --input keys.txt a.elf");
    EXPECT_EQ(command.save, "out.bsr");
    EXPECT_EQ(command.gdb, std::nullopt);
    EXPECT_THAT(complaint("record a.elf"), HasSubstr("-o FILE is missing"));
    EXPECT_THAT(complaint("record -o out.bsr --gdb 1 a.elf"), HasSubstr("--gdb"));
    EXPECT_EQ(run("run --gdb :0 --port-file port a.elf").gdb,
              Endpoint{(TcpEndpoint{.port = 0, .port_file = "port"})});
    for (const auto* wrong : {"run --port-file port a.elf", "run --gdb stdio --port-file port a.elf",
                              "run --gdb unix:/tmp/s --port-file port a.elf"})
        EXPECT_THAT(complaint(wrong), HasSubstr("--gdb PORT")) << wrong;
}

TEST(CommandLine, ReplayInfoAndRepairTakeAFile) {
    const auto replay = std::get<ReplayCommand>(parse("replay run.bsr --gdb unix:/tmp/s --console none"));
    EXPECT_EQ(replay.file, "run.bsr");
    EXPECT_EQ(replay.gdb, Endpoint{UnixEndpoint{"/tmp/s"}});
    EXPECT_EQ(replay.console, ConsoleChoice{NoConsole{}});
    EXPECT_TRUE(std::get<InfoCommand>(parse("info --json run.bsr")).json);
    EXPECT_FALSE(std::get<InfoCommand>(parse("info run.bsr")).json);
    EXPECT_EQ(std::get<RepairCommand>(parse("repair run.bsr")).file, "run.bsr");
}

TEST(CommandLine, EndpointsOfADebugger) {
    EXPECT_EQ(parse_endpoint("0"), Endpoint{(TcpEndpoint{"127.0.0.1", 0})});
    EXPECT_EQ(parse_endpoint("localhost:5"), Endpoint{(TcpEndpoint{"localhost", 5})});
    EXPECT_EQ(parse_endpoint("[::1]:1234"), Endpoint{(TcpEndpoint{"::1", 1234})});
    EXPECT_EQ(parse_endpoint("stdio"), Endpoint{StdioEndpoint{}});
    for (const char* bad : {"", "65536", "host", "host:", "1:x", "unix:", "-1"}) {
        EXPECT_THROW(parse_endpoint(bad), UsageError) << bad;
    }
    EXPECT_THROW(parse_endpoint("unix:" + std::string(200, 'x')), UsageError);
}

TEST(CommandLine, ADebuggerOnStdioLeavesNoConsoleThere) {
    EXPECT_EQ(run("run --gdb stdio a.elf").console, ConsoleChoice{NoConsole{}});
    EXPECT_EQ(run("run --gdb stdio --console pty a.elf").console, ConsoleChoice{PtyConsole{}});
    EXPECT_THAT(complaint("run --gdb stdio --console stdio a.elf"), HasSubstr("choose another --console"));
}

TEST(CommandLine, SaysWhatIsWrongInOneLine) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "no verb given"},
        {"fly a.elf", "'fly' is not a verb"},
        {"run", "IMAGE is missing"},
        {"run a.elf b.elf", "more than one IMAGE"},
        {"run --rom 1M a.elf", "--rom"},
        {"run --ra 1M a.elf", "--ra"},
        {"run a.elf --ram", "--ram"},
        {"run --ram 0 a.elf", "--ram 0: give a multiple of 4K"},
        {"run --ram 100 a.elf", "--ram 100"},
        {"run --ram 65G a.elf", "--ram 65G"},
        {"run --ram lots a.elf", "--ram lots"},
        {"run --ram 1M --ram 2M a.elf", "--ram"},
        {"run --ns-per-step 0 a.elf", "--ns-per-step 0"},
        {"run --cpu z80 a.elf", "--cpu z80: "},
        {"run --cpu rv64,+zzz a.elf", "'zzz' is no extension here"},
        {"run --harts 0 a.elf", "--harts 0: give a whole number from 1 to 8"},
        {"run --harts 9 a.elf", "--harts 9"},
        {"run --quantum 0 a.elf", "--quantum 0"},
        {"run --chaos x a.elf", "--chaos x: give a whole number from 0 to"},
        {"run --rtc 2025-02-30 a.elf", "--rtc 2025-02-30: give 'now', 'host' or a date"},
        {"run --append " + std::string(2049, 'x') + " a.elf", "--append: has 2049 characters"},
        {"run --arguments x a.elf", "add --semihosting"},
        {"run --semihosting --arguments " + std::string(1025, 'x') + " a.elf", "--arguments: has 1025"},
        {"run --kernel Image a.elf", "leave one out"},
        {"run --initrd root.cpio --bios fw.bin", "there is no --kernel to use it"},
        {"run --max-steps 0 a.elf", "--max-steps 0"},
        {"run --max-steps -5 a.elf", "--max-steps"},
        {"run --max-steps 5 --gdb 0 a.elf", "leave one out"},
        {"run --timeout 0 a.elf", "--timeout 0"},
        {"run --power-off maybe a.elf", "choose stop or exit"},
        {"run --console lpt a.elf", "--console lpt: choose one of"},
        {"run --console file: a.elf", "--console file:"},
        {"run --console tcp:99999 a.elf", "0 (any free one) to 65535"},
        {"run --gdb 99999 a.elf", "'99999' is not a port"},
        {"replay", "FILE is missing"},
        {"replay --keep-snapshots a.bsr", "add --gdb WHERE"},
        {"info", "FILE is missing"},
    };
    for (const auto& [line, expected] : cases) {
        const auto said = complaint(line);
        EXPECT_THAT(said, HasSubstr(expected)) << line;
        EXPECT_EQ(std::ranges::count(said, '\n'), 0) << line;
    }
}

TEST(CommandLine, WhatIsKeptToGoBackByIsForDebuggers) {
    EXPECT_EQ(run("run a.elf --gdb :1").history.snapshot_memory, std::nullopt);
    EXPECT_EQ(run("run a.elf --gdb :1").history.spill, std::nullopt);
    const auto live = run("run a.elf --gdb :1 --snapshot-memory 2G --spill /var/tmp").history;
    EXPECT_EQ(live.snapshot_memory, std::uint64_t{2} << 30);
    EXPECT_EQ(live.spill, "/var/tmp");
    const auto replay =
        std::get<ReplayCommand>(parse("replay a.bsr --gdb :1 --snapshot-memory 1M --spill none")).history;
    EXPECT_EQ(replay.snapshot_memory, kLeastSnapshotMemory);
    EXPECT_EQ(replay.spill, "");
    EXPECT_EQ(complaint("run a.elf --gdb :1 --snapshot-memory 1023K"),
              "--snapshot-memory 1023K: give a size from 1M on, as in --snapshot-memory 2G");
    EXPECT_THAT(complaint("run a.elf --gdb :1 --snapshot-memory much"), HasSubstr("--snapshot-memory 2G"));
    EXPECT_THROW(parse_command_line(std::vector<std::string>{"run", "a.elf", "--gdb", ":1", "--spill", ""}),
                 UsageError);
    EXPECT_TRUE(live.access_index);
    EXPECT_TRUE(run("run a.elf --gdb :1 --access-index on").history.access_index);
    EXPECT_FALSE(run("run a.elf --gdb :1 --access-index off").history.access_index);
    EXPECT_FALSE(
        std::get<ReplayCommand>(parse("replay a.bsr --gdb :1 --access-index off")).history.access_index);
    EXPECT_EQ(complaint("run a.elf --gdb :1 --access-index no"), "--access-index no: choose on or off");
    for (const std::string line : {"run a.elf --spill none", "replay a.bsr --snapshot-memory 1G",
                                   "run a.elf --access-index off", "replay a.bsr --access-index on"})
        EXPECT_THAT(complaint(line), HasSubstr("add --gdb")) << line;
    EXPECT_THAT(complaint("record -o a.bsr a.elf --spill none"), HasSubstr("unrecognised option"));
}

TEST(CommandLine, DebugOfAnImageIsARunWithADebugger) {
    const auto command = std::get<DebugCommand>(parse("debug --harts 2 --save a.bsr a.elf -- -ex continue"));
    const auto& machine = std::get<RunCommand>(command.machine);
    EXPECT_EQ(machine.machine.program, "a.elf");
    EXPECT_EQ(machine.machine.options.board.harts, 2U);
    EXPECT_EQ(machine.save, "a.bsr");
    EXPECT_EQ(machine.console, ConsoleChoice{NoConsole{}});
    EXPECT_TRUE(machine.gdb);
    EXPECT_TRUE(command.console_in_debugger);
    EXPECT_THAT(command.debugger.arguments, ::testing::ElementsAre("-ex", "continue"));
    const auto other = std::get<DebugCommand>(
        parse("debug a.elf --debugger lldb --batch b --symbols c --console pty --spill none"));
    EXPECT_EQ(other.debugger.program, "lldb");
    EXPECT_EQ(other.debugger.batch, "b");
    EXPECT_EQ(other.debugger.symbols, "c");
    EXPECT_EQ(std::get<RunCommand>(other.machine).console, ConsoleChoice{PtyConsole{}});
    EXPECT_FALSE(other.console_in_debugger);
}

TEST(CommandLine, DebugOfARecordingIsAReplayWithADebugger) {
    const TemporaryFolder folder;
    const auto file = folder / "a.bsr";
    spill(file, std::string("SQLite format 3\0 and so on", 26));
    const auto command = std::get<DebugCommand>(parse("debug --branch other " + file));
    EXPECT_EQ(std::get<ReplayCommand>(command.machine).file, file);
    EXPECT_EQ(std::get<ReplayCommand>(command.machine).branch, "other");
    EXPECT_EQ(complaint("debug --ram 64M " + file),
              "debug --ram: " + file + " is a recording, and its machine is the recorded one; leave it out");
    const auto from_there = std::get<DebugCommand>(parse("debug --from-snapshot 1000 " + file));
    EXPECT_TRUE(std::get<RunCommand>(from_there.machine).start);
}

TEST(CommandLine, ReplayOnATerminalDebugs) {
    const auto command = std::get<DebugCommand>(
        parse("replay a.bsr --branch other --keep-snapshots --spill none --timeout 5", StartedOn::terminal));
    const auto& machine = std::get<ReplayCommand>(command.machine);
    EXPECT_EQ(machine.file, "a.bsr");
    EXPECT_EQ(machine.branch, "other");
    EXPECT_TRUE(machine.keep_snapshots);
    EXPECT_TRUE(machine.gdb);
    EXPECT_EQ(machine.console, ConsoleChoice{NoConsole{}});
    EXPECT_TRUE(command.console_in_debugger);
    EXPECT_THAT(command.debugger.otherwise, HasSubstr("'replay --console stdio' needs none"));
    EXPECT_THAT(complaint("replay", StartedOn::terminal), HasSubstr("FILE is missing"));
}

TEST(CommandLine, ReplayThatIsToldWhereOutputGoesDoesNot) {
    for (const std::string line : {"replay a.bsr --console stdio", "replay a.bsr --console none",
                                   "replay a.bsr --virtio-console stdio", "replay a.bsr --gdb :1"})
        EXPECT_TRUE(std::holds_alternative<ReplayCommand>(parse(line, StartedOn::terminal))) << line;
    EXPECT_TRUE(std::holds_alternative<ReplayCommand>(parse("replay a.bsr")));
    EXPECT_TRUE(std::holds_alternative<RunCommand>(parse("run a.elf", StartedOn::terminal)));
}

TEST(CommandLine, DebugRefusesWhatHasNoMeaningThere) {
    EXPECT_THAT(complaint("debug --branch b a.elf"), HasSubstr("a.elf is no recording"));
    EXPECT_THAT(complaint("debug a.elf --console stdio"), HasSubstr("this terminal is the debugger's"));
    EXPECT_THAT(complaint("debug a.elf --virtio-console stdio"), HasSubstr("given away"));
    EXPECT_THAT(complaint("debug a.elf --gdb :1"), HasSubstr("unrecognised option"));
    EXPECT_THAT(complaint("debug"), HasSubstr("IMAGE is missing"));
    EXPECT_THAT(complaint("gdbinit now"), HasSubstr("takes no argument"));
}

TEST(CommandLine, HelpOfEachVerbFitsOnePage) {
    for (const std::string verb :
         {"",          "run ",    "record ", "replay ", "debug ",        "gdbinit ",       "lldbinit ",
          "dapinit ",  "verify ", "info ",   "events ", "log ",          "query ",         "export ",
          "snapshot ", "commit ", "repair ", "dtb ",    "help devices ", "help recording "}) {
        const auto text = std::get<PrintCommand>(parse(verb + "--help")).text;
        EXPECT_THAT(text, HasSubstr(verb.starts_with("help ") ? "Options of" : "Usage: backspin"));
        EXPECT_LE(std::ranges::count(text, '\n'), 34) << text;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
    }
}

TEST(CommandLine, HelpOfRunLeadsToThePagesOfItsOtherOptions) {
    for (const std::string verb : {"run", "record", "dtb"}) {
        const auto text = std::get<PrintCommand>(parse(verb + " --help")).text;
        EXPECT_THAT(text, HasSubstr("--rng")) << verb;
        EXPECT_THAT(text, HasSubstr("help devices'")) << verb;
    }
    for (const std::string verb : {"run", "record"}) {
        const auto text = std::get<PrintCommand>(parse(verb + " --help")).text;
        EXPECT_THAT(text, HasSubstr("--from-snapshot")) << verb;
        EXPECT_THAT(text, HasSubstr("help recording'")) << verb;
    }
    EXPECT_THAT(complaint("help nothing"), HasSubstr("help devices"));
}

TEST(CommandLine, VersionListsFeatures) {
    const auto text = std::get<PrintCommand>(parse("--version")).text;
    EXPECT_THAT(text, HasSubstr("backspin "));
    EXPECT_THAT(text, HasSubstr("recording:"));
    EXPECT_THAT(text, HasSubstr("debugger:"));
}

}  // namespace
}  // namespace backspin::cli
