#include "cli/options/command.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <sstream>
#include <vector>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "cli/options/debug_verbs.hpp"
#include "cli/options/device_options.hpp"
#include "cli/options/engine_choice.hpp"
#include "cli/options/help.hpp"
#include "cli/options/history_options.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/options/machine_verbs.hpp"
#include "cli/options/recording_options.hpp"
#include "cli/options/recording_verbs.hpp"
#include "cli/options/verb.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

namespace po = boost::program_options;
using Arguments = std::span<const std::string>;

po::options_description outside_options(bool saving) {
    po::options_description options("Outside");
    auto add = options.add_options();
    if (saving) {
        add("output,o", po::value<std::string>()->value_name("FILE"), "the recording (required)");
    } else {
        add("gdb", po::value<std::string>()->value_name("WHERE"),
            "wait for a debugger: [HOST:]PORT, unix:PATH or stdio");
        add("port-file", po::value<std::string>()->value_name("FILE"),
            "the port that --gdb got, for scripts");
        add("save", po::value<std::string>()->value_name("FILE"), "record the run into FILE");
        add("power-off", po::value<std::string>()->value_name("stop|exit"),
            "what the guest's power-off does under gdb (stop)");
    }
    add("console", po::value<std::string>()->value_name("WHERE"),
        "stdio (Ctrl-A x ends), none, file:, tcp:, unix:, pty");
    add("input", po::value<std::string>()->value_name("FILE"),
        "script of input: after \"TEXT\" send \"...\", or key enter");
    add("share", po::value<std::string>()->value_name("FOLDER"),
        "--semihosting, and it may read the files here");
    add("max-steps", po::value<std::string>()->value_name("N"), "end after N steps (exit code 126)");
    add("timeout", po::value<std::string>()->value_name("SECONDS"),
        "end after this host time (exit code 124)");
    add("force", "replace existing output files");
    return options;
}

Topic devices_topic() {
    return {"devices", "Options of 'backspin run' and 'backspin record' that give the machine devices",
            device_options()};
}
Topic recording_topic() {
    return {"recording", "Options of 'backspin record' and 'backspin run' that say what is recorded",
            recording_options()};
}

Topic engine_topic() {
    po::options_description options("Engine");
    add_engine_option(options);
    add_profile_options(options);
    return {"engine", "Options of 'backspin record', as of 'run': how the guest's code is run", options};
}

Topic history_topic() {
    po::options_description options("Going back");
    add_history_options(options);
    add_engine_option(options);
    add_profile_options(options);
    return {"history",
            "Options of 'backspin run' and 'backspin replay': how fast they run, and what going back takes",
            options};
}

Verb run_verb() {
    Verb verb{"run",
              "[options] IMAGE|--kernel FILE|--bios FILE",
              "Runs an ELF or flat image; --gdb debugs it, both ways in time.",
              "IMAGE",
              {}};
    verb.topics = run_topics();
    verb.options.add(machine_options()).add(outside_options(false));
    verb.unlisted.add(unlisted_history_options());
    return verb;
}

Verb record_verb() {
    Verb verb{"record",
              "-o FILE [options] IMAGE",
              "Runs an image and records it: run --save without a debugger.",
              "IMAGE",
              {}};
    verb.topics.push_back(recording_topic());
    verb.topics.push_back(devices_topic());
    verb.topics.push_back(engine_topic());
    verb.options.add(machine_options()).add(outside_options(true));
    return verb;
}

Verb dtb_verb() {
    Verb verb{"dtb",
              "[-o FILE] [options] [IMAGE]",
              "Writes the device tree that a guest finds, for dtc or fdtdump.",
              "IMAGE",
              {}};
    po::options_description options("Output");
    options.add_options()  //
        ("output,o", po::value<std::string>()->value_name("FILE"), "the tree (default: stdout)")(
            "force", "replace an existing file");
    verb.topics.push_back(devices_topic());
    verb.options.add(machine_options()).add(options);
    return verb;
}

Verb replay_verb() {
    Verb verb{"replay",
              "[options] FILE",
              "Debugs a recording on a terminal; in a script, verifies it.",
              "FILE",
              {}};
    po::options_description options("Options");
    options.add_options()  //
        ("gdb", po::value<std::string>()->value_name("WHERE"),
         "wait for a debugger: [HOST:]PORT, unix:PATH or stdio")  //
        ("port-file", po::value<std::string>()->value_name("FILE"),
         "the port that --gdb got, for scripts, as long as it listens")  //
        ("branch", po::value<std::string>()->value_name("NAME"),
         "begin with this branch, by its name or number (main)")  //
        ("keep-snapshots",
         "in a session: what 'monitor bookmark' names is kept in the file as a snapshot")  //
        ("console", po::value<std::string>()->value_name("WHERE"),
         "verify, and output goes to stdio (default in scripts), none, file:PATH, tcp:PORT, unix:PATH or "
         "pty")  //
        ("virtio-console", po::value<std::vector<std::string>>()->value_name("WHERE")->composing(),
         "the same for the first virtio console, and so on")  //
        ("drive", po::value<std::vector<std::string>>()->value_name("FILE")->composing(),
         "image of the first drive, and so on, if it is not in the recording")  //
        ("timeout", po::value<std::string>()->value_name("SECONDS"),
         "end after this host time (exit code 124)")  //
        ("force", "replace existing output files");
    add_engine_option(options);
    add_profile_options(options);
    add_history_options(options);
    verb.options.add(options);
    verb.unlisted.add(unlisted_history_options());
    return verb;
}

po::variables_map parse(const Verb& verb, Arguments arguments) {
    po::options_description all;
    all.add(verb.options);
    all.add(verb.unlisted);
    for (const auto& topic : verb.topics) all.add(topic.options);
    all.add_options()("help,h", "this text")(verb.positional.c_str(), po::value<std::string>());
    po::positional_options_description positional;
    if (!verb.selector.empty()) {
        all.add_options()(verb.selector.c_str(), po::value<std::string>());
        positional.add(verb.selector.c_str(), 1);
    }
    positional.add(verb.positional.c_str(), 1);
    // No guessing of shortened names: a script must not change its meaning when an option is added.
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    try {
        po::variables_map values;
        po::store(po::command_line_parser(std::vector<std::string>(arguments.begin(), arguments.end()))
                      .options(all)
                      .positional(positional)
                      .style(style)
                      .run(),
                  values);
        return values;
    } catch (const po::too_many_positional_options_error&) {
        throw UsageError(fmt::format("{}: more than one {}; see 'backspin {} --help'", verb.name,
                                     verb.positional, verb.name));
    } catch (const po::error& error) {
        throw UsageError(fmt::format("{}: {}; see 'backspin {} --help'", verb.name, error.what(), verb.name));
    }
}

/// What is ours, and what stands behind "--" for another program.
std::pair<Arguments, Arguments> split(const Verb& verb, Arguments arguments) {
    const auto end = std::ranges::find(arguments, "--");
    if (verb.name != "debug" || end == arguments.end()) return {arguments, {}};
    const auto ours = static_cast<std::size_t>(end - arguments.begin());
    return {arguments.first(ours), arguments.subspan(ours + 1)};
}

std::optional<std::chrono::nanoseconds> timeout_of(const po::variables_map& values) {
    const auto text = text_of(values, "timeout");
    if (!text) return std::nullopt;
    const auto timeout = parse_timeout(*text);
    if (!timeout)
        throw UsageError(
            fmt::format("--timeout {}: give seconds, as in --timeout 30 or --timeout 0.5", *text));
    return timeout;
}

std::optional<Endpoint> gdb_of(const po::variables_map& values) {
    const auto text = text_of(values, "gdb");
    const auto port_file = text_of(values, "port-file");
    auto endpoint = text ? std::optional(parse_endpoint(*text)) : std::nullopt;
    if (!port_file) return endpoint;
    auto* tcp = endpoint ? std::get_if<TcpEndpoint>(&*endpoint) : nullptr;
    if (tcp == nullptr || port_file->empty())
        throw UsageError("--port-file FILE tells a port: give it together with --gdb PORT, as in --gdb :0");
    tcp->port_file = *port_file;
    return endpoint;
}

/// A debugger on stdio has stdin and stdout to itself; else a virtio console may have them.
ConsoleChoice console_of(const po::variables_map& values, const std::optional<Endpoint>& gdb) {
    const bool taken = gdb && std::holds_alternative<StdioEndpoint>(*gdb);
    const auto virtio_consoles = virtio_consoles_of(values);
    const auto on_stdio = std::ranges::count(virtio_consoles, ConsoleChoice{StdioConsole{}});
    if (on_stdio + (taken ? 1 : 0) > 1)
        throw UsageError("--virtio-console stdio: stdin and stdout are given away already; choose another");
    const auto text = text_of(values, "console");
    if (!text) return taken || on_stdio > 0 ? ConsoleChoice{NoConsole{}} : ConsoleChoice{StdioConsole{}};
    auto console = parse_console(*text);
    if (taken && std::holds_alternative<StdioConsole>(console)) {
        throw UsageError(
            "--gdb stdio and --console stdio cannot share one pair of pipes; choose another --console");
    }
    if (on_stdio > 0 && std::holds_alternative<StdioConsole>(console))
        throw UsageError("--console stdio and --virtio-console stdio: only one of them can be there");
    return console;
}

/// The machine, with an image, a kernel or firmware in it, or as it was at a place of a recording.
void read_start(const Verb& verb, const po::variables_map& values, RunCommand& command) {
    const auto image = text_of(values, verb.positional.c_str());
    command.start = read_from_snapshot(values, image);
    command.machine = read_machine(values, command.start ? std::nullopt : image);
    command.machine.engine = read_engine(values);
    const auto& machine = command.machine;
    if (!command.start && !machine.program && !machine.bios && !machine.find_bios) required(verb, values);
}

void read_outside(const po::variables_map& values, RunCommand& command) {
    read_recording(values, command);
    command.console = console_of(values, command.gdb);
    command.input = text_of(values, "input");
    command.shared_folder = text_of(values, "share");
    auto& machine = command.machine;
    if (command.shared_folder) machine.options.board.semihosting = true;
    if (machine.arguments && !machine.options.board.semihosting) {
        throw UsageError(
            "--arguments: only a program that makes semihosting calls gets them; add --semihosting, or use "
            "--append for a kernel");
    }
    if (const auto steps = text_of(values, "max-steps")) {
        command.max_steps = StepCount{parse_bounded("max-steps", *steps, ~std::uint64_t{0} >> 1)};
    }
    command.timeout = timeout_of(values);
    command.statistics = values.count("stats") != 0;
    command.force = values.count("force") != 0;
}

}  // namespace

Command read_run(const Verb& verb, const po::variables_map& values) {
    RunCommand command;
    read_start(verb, values, command);
    command.gdb = gdb_of(values);
    command.save = text_of(values, "save");
    read_outside(values, command);
    if (command.gdb && command.max_steps) {
        throw UsageError(
            "--max-steps has no meaning under --gdb, where the debugger moves the machine; leave one out");
    }
    if (const auto choice = text_of(values, "power-off")) {
        if (*choice != "stop" && *choice != "exit") {
            throw UsageError(fmt::format("--power-off {}: choose stop or exit", *choice));
        }
        command.power_off = *choice == "exit" ? PowerOff::exit : PowerOff::stop;
    }
    command.history = read_history(values, command.gdb.has_value());
    return command;
}

namespace {

Command read_record(const Verb& verb, const po::variables_map& values) {
    RunCommand command;
    read_start(verb, values, command);
    command.save = text_of(values, "output");
    if (!command.save) throw UsageError("record: -o FILE is missing: it names the recording");
    read_outside(values, command);
    return command;
}

Command read_dtb(const Verb& verb, const po::variables_map& values) {
    return DtbCommand{read_machine(values, text_of(values, verb.positional.c_str())),
                      text_of(values, "output"), values.count("force") != 0};
}

}  // namespace

Command read_replay(const Verb& verb, const po::variables_map& values) {
    ReplayCommand command;
    command.file = required(verb, values);
    command.gdb = gdb_of(values);
    command.branch = text_of(values, "branch").value_or(replay::kMainBranch);
    command.keep_snapshots = values.count("keep-snapshots") != 0;
    if (command.keep_snapshots && !command.gdb) {
        throw UsageError(
            "--keep-snapshots: there are none without a debugger; add --gdb WHERE, or use 'backspin "
            "snapshot'");
    }
    command.console = console_of(values, command.gdb);
    command.virtio_consoles = virtio_consoles_of(values);
    if (values.count("drive") != 0) command.drive_files = values["drive"].as<std::vector<std::string>>();
    command.timeout = timeout_of(values);
    command.history = read_history(values, command.gdb.has_value());
    command.engine = read_engine(values);
    command.statistics = values.count("stats") != 0;
    command.force = values.count("force") != 0;
    return command;
}

std::vector<Topic> run_topics() {
    return {history_topic(), recording_topic(), devices_topic()};
}

namespace {

/// In the order in which they are listed.
std::vector<VerbEntry> all_verbs() {
    std::vector<VerbEntry> verbs{
        {run_verb, read_run}, {record_verb, read_record}, {replay_verb, read_replay}};
    const auto debugging = debug_verbs();
    verbs.insert(verbs.end(), debugging.begin(), debugging.end());
    const auto others = recording_verbs();
    verbs.insert(verbs.end(), others.begin(), others.end());
    verbs.push_back({dtb_verb, read_dtb});
    return verbs;
}

std::string help_of(const Verb& verb) {
    std::ostringstream text;
    text << "Usage: backspin " << verb.name << ' ' << verb.usage << '\n' << verb.summary << '\n';
    if (!verb.options.options().empty()) text << verb.options;
    if (!verb.note.empty()) text << verb.note << '\n';
    if (verb.topics.empty()) return text.str();
    const char* lead = "Others: 'backspin help ";
    for (const auto& topic : verb.topics) {
        text << lead << topic.name << '\'';
        lead = ", 'help ";
    }
    text << '\n';
    for (const auto& topic : verb.topics) {
        for (const auto& option : topic.options.options()) text << " --" << option->long_name();
        text << '\n';
    }
    return text.str();
}

std::string overview() {
    std::string text =
        "Usage: backspin VERB ...\nA RISC-V system emulator that runs backwards under GDB.\n\n";
    for (const auto& entry : all_verbs()) {
        const auto verb = entry.describe();
        text += fmt::format("  {:<10}{}\n", verb.name, verb.summary);
    }
    return text + "\n'backspin VERB --help' says more; 'backspin --version' lists features.\n";
}

/// What follows "help": a topic, or nothing.
Command read_help(Arguments wanted) {
    if (wanted.empty()) return PrintCommand{overview()};
    const auto verb = run_verb();
    std::string known;
    for (const auto& topic : verb.topics) {
        if (topic.name == wanted.front()) {
            std::ostringstream text;
            text << topic.about << ":\n" << topic.options;
            return PrintCommand{text.str()};
        }
        known += fmt::format(", 'backspin help {}' options of run", topic.name);
    }
    throw UsageError(
        fmt::format("no help on '{}'; 'backspin --help' lists the verbs{}", wanted.front(), known));
}

std::string required_text(const Verb& verb, const po::variables_map& values, const std::string& name) {
    auto text = text_of(values, name.c_str());
    if (text && !text->empty()) return *text;
    throw UsageError(
        fmt::format("{}: {} is missing: backspin {} {}", verb.name, name, verb.name, verb.usage));
}

}  // namespace

std::string required(const Verb& verb, const po::variables_map& values) {
    return required_text(verb, values, verb.positional);
}
std::string required_selector(const Verb& verb, const po::variables_map& values) {
    return required_text(verb, values, verb.selector);
}

Command parse_command_line(Arguments arguments, StartedOn place) {
    if (arguments.empty()) throw UsageError("no verb given; 'backspin --help' lists them");
    const auto& first = arguments.front();
    if (first == "--version" || first == "-V") return PrintCommand{version_text()};
    if (first == "--help" || first == "-h") return PrintCommand{overview()};
    if (first == "help") return read_help(arguments.subspan(1));
    for (const auto& entry : all_verbs()) {
        const auto verb = entry.describe();
        if (verb.name != first) continue;
        const auto [ours, debuggers] = split(verb, arguments.subspan(1));
        const auto values = parse(verb, ours);
        if (values.count("help") != 0) return PrintCommand{help_of(verb)};
        if (verb.name == "replay" && place == StartedOn::terminal && !says_how_to_replay(values))
            return read_replay_under_debugger(verb, values);
        auto command = entry.read(verb, values);
        if (auto* debug = std::get_if<DebugCommand>(&command))
            debug->debugger.arguments.assign(debuggers.begin(), debuggers.end());
        return command;
    }
    throw UsageError(fmt::format("'{}' is not a verb; 'backspin --help' lists them", first));
}

}  // namespace backspin::cli
