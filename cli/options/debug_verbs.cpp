#include "cli/options/debug_verbs.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string_view>

#include <boost/any.hpp>
#include <fmt/format.h>

#include "cli/options/history_options.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/options/machine_verbs.hpp"

namespace backspin::cli {
namespace {

namespace po = boost::program_options;

auto text(const char* name) {
    return po::value<std::string>()->value_name(name);
}

Verb debug_verb() {
    Verb verb{"debug",
              "[options] IMAGE|RECORDING [-- arguments of the debugger]",
              "Debugs an image or a recording in this terminal, both ways in time.",
              "IMAGE",
              {}};
    po::options_description debugger("The debugger");
    debugger.add_options()  //
        ("debugger", text("PROGRAM"), "its name or path; lldb, too (the first GDB there is)")(
            "batch", text("SCRIPT"), "read its commands there and end; no terminal (for CI)")(
            "symbols", text("ELF"), "of this file (default: the image's own)");
    po::options_description outside("Outside");
    outside.add_options()  //
        ("console", text("WHERE"), "none, file:, tcp:, unix:, pty (default: the debugger shows it)")(
            "timeout", text("SECONDS"), "end all after this host time (exit code 124)")(
            "force", "replace existing output files");
    po::options_description live("Of an image");
    live.add_options()  //
        ("save", text("FILE"), "record the session into FILE")("input", text("FILE"),
                                                               "script of input, as for 'backspin run'")(
            "share", text("FOLDER"), "--semihosting, and it may read the files here");
    po::options_description recorded("Of a recording");
    recorded.add_options()  //
        ("branch", text("NAME"), "begin with this branch, by its name or number (main)")(
            "keep-snapshots", "bookmarks are kept in the file as snapshots");
    verb.options.add(debugger).add(outside).add(live).add(recorded);
    verb.unlisted.add(machine_options());
    verb.unlisted.add(unlisted_history_options());
    verb.topics = run_topics();
    verb.note = "The options that say what machine an image gets: see 'backspin run --help'.";
    return verb;
}

/// Whether the file is one of ours, by what it begins with: SQLite's mark, and our own where SQLite has room
/// for it.
bool is_recording(const std::optional<std::string>& path) {
    if (!path) return false;
    std::ifstream file(*path, std::ios::binary);
    std::array<char, 16> head{};
    return file.read(head.data(), head.size()) && std::string_view(head.data()) == "SQLite format 3";
}

/// What can be said of one of the two alone.
void refuse_others(const po::variables_map& values, const std::string& file, bool recorded) {
    static const std::set<std::string_view> kOfBoth{
        "debugger", "batch",          "symbols",         "console", "timeout", "force",       "IMAGE",
        "drive",    "virtio-console", "snapshot-memory", "spill",   "jobs",    "access-index"};
    static const std::set<std::string_view> kOfRecordings{"branch", "keep-snapshots"};
    for (const auto& [name, value] : values) {
        if (value.defaulted() || kOfBoth.contains(name) || kOfRecordings.contains(name) == recorded) continue;
        if (recorded) {
            throw UsageError(fmt::format(
                "debug --{}: {} is a recording, and its machine is the recorded one; leave it out", name,
                file));
        }
        throw UsageError(
            fmt::format("debug --{}: {} is no recording; leave it out, or name one", name, file));
    }
}

/// The debugger has the terminal, as with --gdb stdio: what may not be there beside it is refused the same.
po::variables_map with_debugger(po::variables_map values) {
    values.insert({"gdb", po::variable_value(boost::any(std::string("stdio")), false)});
    return values;
}

Command read_debug(const Verb& verb, const po::variables_map& values) {
    DebugCommand command;
    command.debugger.program = text_of(values, "debugger");
    command.debugger.batch = text_of(values, "batch");
    command.debugger.symbols = text_of(values, "symbols");
    const auto console = text_of(values, "console");
    command.console_in_debugger = !console;
    if (console == "stdio")
        throw UsageError(
            "--console stdio: this terminal is the debugger's; choose pty, tcp:PORT, unix:PATH or file:PATH");
    const auto file = text_of(values, verb.positional.c_str());
    const bool recorded = is_recording(file) && values.count("from-snapshot") == 0;
    refuse_others(values, file.value_or("the machine"), recorded);
    if (recorded)
        command.machine = std::get<ReplayCommand>(read_replay(verb, with_debugger(values)));
    else
        command.machine = std::get<RunCommand>(read_run(verb, with_debugger(values)));
    return command;
}

Verb snippet_verb(const char* name, const char* summary) {
    return {name, "", summary, "ARGUMENT", {}};
}
Verb gdbinit_verb() {
    return snippet_verb("gdbinit", "Prints settings and commands for GDB, to be sourced.");
}
Verb lldbinit_verb() {
    return snippet_verb("lldbinit", "Prints settings and commands for LLDB.");
}
Verb dapinit_verb() {
    return snippet_verb("dapinit", "Prints what lets editors go back: gdb -x FILE -i dap.");
}

template <SnippetCommand::For reader>
Command read_snippet(const Verb& verb, const po::variables_map& values) {
    if (const auto argument = text_of(values, verb.positional.c_str()))
        throw UsageError(fmt::format("{} {}: takes no argument; it prints to stdout", verb.name, *argument));
    return SnippetCommand{reader};
}

constexpr std::array kVerbs{VerbEntry{debug_verb, read_debug},
                            VerbEntry{gdbinit_verb, read_snippet<SnippetCommand::For::gdb>},
                            VerbEntry{lldbinit_verb, read_snippet<SnippetCommand::For::lldb>},
                            VerbEntry{dapinit_verb, read_snippet<SnippetCommand::For::dap>}};

}  // namespace

std::span<const VerbEntry> debug_verbs() {
    return kVerbs;
}

bool says_how_to_replay(const po::variables_map& values) {
    return std::ranges::any_of(std::array{"gdb", "console", "virtio-console"},
                               [&](const char* name) { return values.count(name) != 0; });
}

DebugCommand read_replay_under_debugger(const Verb& verb, const po::variables_map& values) {
    DebugCommand command;
    command.machine = std::get<ReplayCommand>(read_replay(verb, with_debugger(values)));
    command.debugger.otherwise =
        "name another with 'backspin debug --debugger'; 'replay --console stdio' needs none";
    return command;
}

}  // namespace backspin::cli
