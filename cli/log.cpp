// `backspin log`: the console output, each line with where it began.
#include <cstdio>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/console_lines.hpp"
#include "cli/exit_code.hpp"
#include "cli/input_gist.hpp"
#include "cli/playback.hpp"
#include "cli/printable.hpp"
#include "cli/recorded_run.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

/// Where a stretch begins or ends: a virtual time needs no replay, the lines have theirs.
struct Bound {
    std::optional<StepCount> step;
    std::optional<VirtualTime> time;
    bool is_passed_by(const ConsoleLine& line) const {
        return (step && line.at >= *step) || (time && line.time >= *time);
    }
};

class Log {
  public:
    Log(const LogCommand& command, const snapshots::RecordingReader& reader)
        : command_(command),
          reader_(reader),
          setup_(describe_recording(reader)),
          lines_([this](Channel channel, const ConsoleLine& line) { print(channel, line); }) {}

    void show() {
        // Version 3 brought times; a session that was saved afterwards has its output in its replay alone.
        const bool is_recorded = reader_.version() >= 3 && reader_.output_count() > 0;
        is_recorded ? show_recorded() : replay();
        lines_.end_all();
    }

  private:
    void show_recorded() {
        if (command_.stretch.from) from_ = bound(*command_.stretch.from);
        if (command_.stretch.to) to_ = bound(*command_.stretch.to);
        reader_.for_each_output([this](const snapshots::RecordedOutput& output) {
            if (output.at.branch == Branch{}) add(output.channel, output.bytes, output.at.step, output.time);
        });
    }

    std::optional<StepCount> find_line(std::string_view text) const {
        ConsoleHistory shown(console_channels(describe_recording(reader_)));
        tell_shown(reader_, shown);
        return shown.first_with(text, [](Position at) { return at.branch == Branch{}; });
    }

    Bound bound(const Place& place) const {
        if (const auto* time = std::get_if<VirtualTime>(&place)) return {std::nullopt, *time};
        return {resolve(place, reader_.begin().step, reader_.last_step({}), bookmarks_of(reader_),
                        [this](std::string_view text) { return find_line(text); }),
                std::nullopt};
    }

    void replay() {
        const RecordedRun run(command_.file, command_.drive_files);
        Playback playback(run);
        const auto& [from, to] = command_.stretch;
        const auto begin = from ? playback.position_of(*from) : run.begin();
        const auto end = to ? playback.position_of(*to) : run.frontier();
        playback.seek(begin);
        playback.play(end, {.input = {},
                            .output = [this](Channel channel, std::span<const std::byte> bytes, StepCount at,
                                             VirtualTime time) { add(channel, bytes, at, time); }});
    }

    void add(Channel channel, std::span<const std::byte> bytes, StepCount at, VirtualTime time) {
        if (!is_console(channel, setup_)) return;
        if (command_.device && *command_.device != device_of(channel, setup_)) return;
        lines_.add(channel, bytes, at, time);
    }

    void print(Channel channel, const ConsoleLine& line) const {
        if ((from_ && !from_->is_passed_by(line)) || (to_ && to_->is_passed_by(line))) return;
        const auto device = device_of(channel, setup_);
        if (command_.json) {
            const nlohmann::json json{{"step", line.at.value},
                                      {"virtual_ns", line.time.ns},
                                      {"device", device},
                                      {"text", line.text}};
            fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        } else {
            fmt::print("{:>14}  {:>14}  {}\n", line.at.value, describe_time(line.time), printable(line.text));
        }
    }

    const LogCommand& command_;
    const snapshots::RecordingReader& reader_;
    MachineSetup setup_;
    std::optional<Bound> from_;
    std::optional<Bound> to_;
    ConsoleLines lines_;
};

}  // namespace

int log(const LogCommand& command) {
    const snapshots::RecordingReader reader(command.file);
    Log(command, reader).show();
    return kSuccess;
}

}  // namespace backspin::cli
