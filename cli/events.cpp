// `backspin events`: what came from outside, one line an input.
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
#include "cli/input_gist.hpp"
#include "cli/playback.hpp"
#include "cli/recorded_run.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

void print_json(const replay::Event& event, std::optional<VirtualTime> time, const InputSummary& summary) {
    nlohmann::json json{{"step", event.at.step.value}, {"virtual_ns", nullptr},  {"kind", summary.kind},
                        {"device", summary.device},    {"bytes", summary.bytes}, {"gist", summary.gist}};
    if (time) json["virtual_ns"] = time->ns;
    fmt::print("{}\n", json.dump());
}

void print_line(const replay::Event& event, std::optional<VirtualTime> time, const InputSummary& summary) {
    fmt::print("{:>14}  {:>14}  {:<11}  {:<16}  {:>7}  {}\n", event.at.step.value,
               time ? describe_time(*time) : "", summary.kind, summary.device, summary.bytes, summary.gist);
}

}  // namespace

int events(const EventsCommand& command) {
    const RecordedRun run(command.file, command.drive_files, build_machine, command.branch);
    Playback playback(run);
    const auto from = command.stretch.from ? playback.position_of(*command.stretch.from) : run.begin();
    const auto to = command.stretch.to ? playback.position_of(*command.stretch.to) : kEndOfTime;
    if (!command.json)
        fmt::print("{:>14}  {:>14}  {:<11}  {:<16}  {:>7}  {}\n", "step", "virtual time", "kind", "device",
                   "bytes", "gist");
    for (const auto& event : run.log().events(Branch{})) {
        if (event.at.step < from || event.at.step >= to) continue;
        const auto summary = summarize(event.input, run.setup());
        if (command.kind && *command.kind != summary.kind) continue;
        std::optional<VirtualTime> time;
        if (command.times) {
            playback.seek(event.at.step);
            time = playback.machine().time();
        }
        (command.json ? print_json : print_line)(event, time, summary);
    }
    return kSuccess;
}

}  // namespace backspin::cli
