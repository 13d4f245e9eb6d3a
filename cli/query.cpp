// `backspin query`: one question about a recording, one line an answer.
#include <cstdio>

#include <fmt/format.h>

#include "cli/exit_code.hpp"
#include "cli/options/jobs.hpp"
#include "cli/playback.hpp"
#include "cli/query/answer.hpp"
#include "cli/recorded_run.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"
#include "emu/loader.hpp"

namespace backspin::cli {
namespace {

/// The user's own file, or the ELF file that was recorded.
Symbols symbols_for(const QueryCommand& command, const RecordedRun& run) {
    if (command.symbols) {
        const auto bytes = read_file(*command.symbols, "symbols");
        if (!emu::is_elf(bytes))
            throw StartError(*command.symbols + ": is no ELF file, so it has no symbols");
        return Symbols(bytes);
    }
    for (const auto& image : run.setup().images) {
        if (emu::is_elf(image.bytes)) return Symbols(image.bytes);
    }
    return {};
}

replay::TimelineOptions options_for(const QueryCommand& command, const RecordedRun& run) {
    replay::TimelineOptions options;
    options.epoch_steps = run.setup().epoch_steps;
    options.search_machines = jobs_or_cores(command.jobs);
    options.make_search_machine = [&run] { return run.spare_machine(); };
    return options;
}

}  // namespace

int query(const QueryCommand& command) {
    const auto question = parse_question(command.question);
    const RecordedRun run(command.file, {}, builder_with(command.engine), command.branch);
    if (run.reader().warning()) fmt::print(stderr, "backspin: {}\n", *run.reader().warning());
    Playback playback(run, options_for(command, run));
    if (command.hart >= playback.machine().harts())
        throw StartError(
            fmt::format("--hart {}: the harts are 0 to {}", command.hart, playback.machine().harts() - 1));
    playback.seek(playback.position_of(command.at));

    const auto symbols = symbols_for(command, run);
    Answerer answerer(playback.machine(), playback.timeline(), run.bookmarks(), symbols, HartId{command.hart},
                      [&](std::string_view text) { return run.find_line(text); });
    std::uint64_t left = command.limit;
    bool is_cut = false;
    const auto told = answerer.answer(question, [&](const Answer& answer) {
        if (left == 0) {
            is_cut = true;
            return false;
        }
        --left;
        fmt::print("{}\n", command.json ? to_json(answer) : to_text(answer, symbols));
        return true;
    });
    if (is_cut)
        fmt::print(stderr, "backspin: there are more; --limit {} shows twice as many\n", 2 * command.limit);
    if (told == 0) fmt::print(stderr, "backspin: never, in this history\n");
    return told == 0 ? kNotFound : kSuccess;
}

}  // namespace backspin::cli
