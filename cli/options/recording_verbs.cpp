#include "cli/options/recording_verbs.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/input_gist.hpp"
#include "cli/options/engine_choice.hpp"
#include "cli/options/jobs.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/query/question.hpp"

namespace backspin::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kPlaces = "a step, 1.5s, a bookmark, line:TEXT, start or end";

auto text(const char* name) {
    return po::value<std::string>()->value_name(name);
}

void add_stretch(po::options_description& options) {
    options.add_options()  //
        ("from", text("PLACE"), fmt::format("begin there: {}", kPlaces).c_str())("to", text("PLACE"),
                                                                                 "end before there");
}

void add_drives(po::options_description& options) {
    options.add_options()("drive", po::value<std::vector<std::string>>()->value_name("FILE")->composing(),
                          "image of the first drive, and so on, if it is not in the recording");
}

std::vector<std::string> drive_files_of(const po::variables_map& values) {
    return values.count("drive") == 0 ? std::vector<std::string>{}
                                      : values["drive"].as<std::vector<std::string>>();
}

Place required_place(const Verb& verb, const po::variables_map& values) {
    if (auto at = place_of(values, "at")) return *at;
    throw UsageError(fmt::format("{}: --at PLACE is missing: {}", verb.name, kPlaces));
}

void add_branch(po::options_description& options) {
    options.add_options()("branch", text("NAME"), "this branch, by its name or number (main)");
}

std::string branch_of(const po::variables_map& values) {
    return text_of(values, "branch").value_or(replay::kMainBranch);
}

Stretch stretch_of(const po::variables_map& values) {
    return {place_of(values, "from"), place_of(values, "to")};
}

Verb verify_verb() {
    Verb verb{
        "verify", "[options] FILE", "Proves that a replay is exact, or says where it is not.", "FILE", {}};
    verb.options.add_options()("json", "as JSON, for programs")(
        "jobs", text("N"), "so many stretches at a time (default: the host's cores)")(
        "progress", "show how far it is, also where stderr is no terminal");
    add_engine_option(verb.options);
    add_drives(verb.options);
    return verb;
}

Command read_verify(const Verb& verb, const po::variables_map& values) {
    VerifyCommand command{
        required(verb, values), {}, values.count("json") != 0, values.count("progress") != 0};
    command.jobs = read_jobs(values);
    command.engine = read_engine(values);
    command.drive_files = drive_files_of(values);
    return command;
}

Verb info_verb() {
    Verb verb{"info", "[--json] FILE", "Says what is in a recording.", "FILE", {}};
    verb.options.add_options()("json", "as JSON, for programs");
    return verb;
}

Command read_info(const Verb& verb, const po::variables_map& values) {
    return InfoCommand{required(verb, values), values.count("json") != 0};
}

Verb events_verb() {
    Verb verb{"events", "[options] FILE", "Lists what came from outside, one line an input.", "FILE", {}};
    verb.options.add_options()("json", "one JSON object a line, for programs")(
        "kind", text("KIND"), "only these: console, network, entropy, clock, sound, input, power ...")(
        "no-times", "without virtual times, which take a replay");
    add_stretch(verb.options);
    add_branch(verb.options);
    add_drives(verb.options);
    return verb;
}

Command read_events(const Verb& verb, const po::variables_map& values) {
    EventsCommand command{required(verb, values),        stretch_of(values),
                          text_of(values, "kind"),       values.count("json") != 0,
                          values.count("no-times") == 0, drive_files_of(values)};
    command.branch = branch_of(values);
    if (command.kind && std::ranges::find(kInputKinds, *command.kind) == std::end(kInputKinds)) {
        throw UsageError(
            fmt::format("--kind {}: choose one of {}", *command.kind, fmt::join(kInputKinds, ", ")));
    }
    return command;
}

Verb log_verb() {
    Verb verb{"log",
              "[options] FILE",
              "Shows console output, each line with its position and virtual time.",
              "FILE",
              {}};
    verb.options.add_options()("json", "one JSON object a line, for programs")(
        "device", text("NAME"), "only what this one printed: uart, virtio0-console ...");
    add_stretch(verb.options);
    add_drives(verb.options);
    return verb;
}

Command read_log(const Verb& verb, const po::variables_map& values) {
    return LogCommand{required(verb, values), stretch_of(values), text_of(values, "device"),
                      values.count("json") != 0, drive_files_of(values)};
}

Verb query_verb() {
    Verb verb{"query",
              "'QUESTION' FILE",
              "Asks a recording: who wrote there, who called it, what was there.\n\n" + list_of_questions() +
                  "\nTARGET is a symbol or an address, with :BYTES behind it if need be.",
              "FILE",
              {}};
    verb.selector = "QUESTION";
    verb.options.add_options()("json", "one JSON object a line, for programs")(
        "at", text("PLACE"), "look addresses up there, and back from there (default: end)")(
        "hart", text("N"), "as this hart sees them (0)")("limit", text("N"),
                                                         "at most so many answers (1000)")(
        "symbols", text("ELF"), "the symbols of this file (default: the recorded program's)")(
        "jobs", text("N"), "machines that search at a time (default: the host's cores)");
    add_engine_option(verb.options);
    add_branch(verb.options);
    return verb;
}

Command read_query(const Verb& verb, const po::variables_map& values) {
    constexpr std::uint64_t kMostAnswers = 1'000'000'000;
    constexpr std::uint64_t kMostHarts = 8;
    QueryCommand command;
    command.question = required_selector(verb, values);
    command.file = required(verb, values);
    if (const auto at = place_of(values, "at")) command.at = *at;
    if (const auto hart = text_of(values, "hart"))
        command.hart = static_cast<std::uint32_t>(parse_bounded("hart", *hart, kMostHarts - 1));
    command.limit = parse_bounded("limit", text_of(values, "limit").value_or("1000"), kMostAnswers);
    command.symbols = text_of(values, "symbols");
    command.jobs = read_jobs(values);
    command.engine = read_engine(values);
    command.branch = branch_of(values);
    command.json = values.count("json") != 0;
    return command;
}

Verb export_verb() {
    Verb verb{"export",
              "console|pcap|wav FILE -o OUT",
              "Writes console output, packets or sound in usual formats.",
              "FILE",
              {}};
    verb.selector = "FORMAT";
    verb.options.add_options()("output,o", text("OUT"), "the file (required)")("force",
                                                                               "replace an existing file");
    add_drives(verb.options);
    return verb;
}

Command read_export(const Verb& verb, const po::variables_map& values) {
    const auto format = required_selector(verb, values);
    ExportCommand command;
    if (format == "pcap") {
        command.format = ExportFormat::pcap;
    } else if (format == "wav") {
        command.format = ExportFormat::wav;
    } else if (format != "console") {
        throw UsageError(fmt::format("export {}: choose console, pcap or wav", format));
    }
    command.file = required(verb, values);
    const auto output = text_of(values, "output");
    if (!output) throw UsageError("export: -o OUT is missing: it names the file to write");
    command.output = *output;
    command.force = values.count("force") != 0;
    command.drive_files = drive_files_of(values);
    return command;
}

Verb snapshot_verb() {
    Verb verb{"snapshot",
              "FILE --at PLACE [--name NAME]",
              "Adds the state at a place, to go there fast or to start from.",
              "FILE",
              {}};
    verb.options.add_options()("at", text("PLACE"), fmt::format("{} (required)", kPlaces).c_str())(
        "name", text("NAME"), "what record --from-snapshot and monitor goto take");
    add_branch(verb.options);
    add_drives(verb.options);
    return verb;
}

Command read_snapshot(const Verb& verb, const po::variables_map& values) {
    SnapshotCommand command{required(verb, values), {}, text_of(values, "name").value_or("")};
    command.at = required_place(verb, values);
    command.branch = branch_of(values);
    if (values.count("name") != 0 && !is_bookmark_name(command.name)) {
        throw UsageError(
            fmt::format("--name {}: a name begins with a letter, and has letters, digits, '-', '_' and '.'",
                        command.name));
    }
    command.drive_files = drive_files_of(values);
    return command;
}

Verb commit_verb() {
    Verb verb{"commit",
              "FILE --at PLACE -o IMG",
              "Writes a drive as it was at a place in time as a new raw image.",
              "FILE",
              {}};
    verb.options.add_options()("at", text("PLACE"), fmt::format("{} (required)", kPlaces).c_str())(
        "output,o", text("IMG"), "the image (required)")("drive", text("ID"),
                                                         "which one, by id or number from 0")(
        "base", po::value<std::vector<std::string>>()->value_name("IMG")->composing(),
        "the image that the drive began as, for what the recording does not hold; one for each drive, in "
        "order")("force", "replace an existing file");
    return verb;
}

Command read_commit(const Verb& verb, const po::variables_map& values) {
    CommitCommand command;
    command.file = required(verb, values);
    command.at = required_place(verb, values);
    const auto output = text_of(values, "output");
    if (!output) throw UsageError("commit: -o IMG is missing: it names the image to write");
    command.output = *output;
    command.drive = text_of(values, "drive");
    if (values.count("base") != 0) command.bases = values["base"].as<std::vector<std::string>>();
    command.force = values.count("force") != 0;
    return command;
}

Verb repair_verb() {
    return {"repair", "FILE", "Folds the log that a killed recorder left into its recording.", "FILE", {}};
}

Command read_repair(const Verb& verb, const po::variables_map& values) {
    return RepairCommand{required(verb, values)};
}

constexpr std::array kVerbs{VerbEntry{verify_verb, read_verify},     VerbEntry{info_verb, read_info},
                            VerbEntry{events_verb, read_events},     VerbEntry{log_verb, read_log},
                            VerbEntry{query_verb, read_query},       VerbEntry{export_verb, read_export},
                            VerbEntry{snapshot_verb, read_snapshot}, VerbEntry{commit_verb, read_commit},
                            VerbEntry{repair_verb, read_repair}};

}  // namespace

std::span<const VerbEntry> recording_verbs() {
    return kVerbs;
}

}  // namespace backspin::cli
