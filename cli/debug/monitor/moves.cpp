// Where the session is, and going elsewhere.
#include <array>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/going.hpp"
#include "cli/start_error.hpp"
#include "cli/units.hpp"

namespace backspin::cli::monitor {
namespace {

constexpr std::string_view kPlaces =
    "goto wants a place: N, +N, -N, start, end, a time (1.5s), a bookmark, or line:TEXT for the first "
    "console line with that text";

Reply when(const Call& call) {
    return where(call.desk);
}

Reply start(const Call& call) {
    return go_to(call.desk, call.desk.timeline.begin().step);
}

Reply end(const Call& call) {
    return go_to(call.desk, call.desk.timeline.frontier().step);
}

Reply go_by(const Desk& desk, std::string_view text) {
    const bool backward = text.front() == '-';
    const auto value = parse_number(text.substr(1));
    if (!value) return refused(std::string(kPlaces));
    const auto now = desk.timeline.position().step.value;
    const auto last = desk.timeline.frontier().step.value;
    const auto first = desk.timeline.begin().step.value;
    auto target = *value > last - now ? last : now + *value;
    if (backward) target = *value > now - first ? first : now - *value;
    return go_to(desk, StepCount{target});
}

Reply go_to_place(const Call& call) {
    auto& desk = call.desk;
    auto& timeline = desk.timeline;
    const auto text = call.arguments;
    if (text == "start") return start(call);
    if (text == "end") return end(call);
    if (text.starts_with('+') || text.starts_with('-')) return go_by(desk, text);
    const auto place = parse_place(text);
    if (!place) return refused(std::string(kPlaces));
    const auto from = timeline.position();
    try {
        const auto bookmarks = bookmarks_here(desk);
        const auto elsewhere = desk.keeping.bookmarks.find(text);
        if (elsewhere != desk.keeping.bookmarks.end() && !bookmarks.contains(text)) {
            const auto name = name_of(elsewhere->second.branch, desk);
            return refused(
                fmt::format("{} is in branch {}: 'monitor switch {}' goes there first", text, name, name));
        }
        const auto target = resolve(*place, timeline, desk.machine, bookmarks, desk.keeping.find_line);
        timeline.seek(from);
        auto reply = go_to(desk, target);
        // One of a recording, or of an earlier session, is pinned when it has been looked for once.
        if (bookmarks.contains(text) && timeline.position().step == target) timeline.pin_here();
        return reply;
    } catch (const StartError& error) {
        timeline.seek(from);
        return refused(error.what());
    }
}

constexpr auto kMovesCommands = std::to_array<Command>({
    {"when", "", "the position, and the guest's own time", when},
    {"goto", "PLACE", "go to N, +N, -N, start, end, a time (1.5s), a bookmark or line:TEXT", go_to_place,
     "  line:TEXT is the first console line with that text. Breakpoints do not stop it. gdb does not know\n"
     "  that the position changed: 'maintenance flush register-cache' tells it."},
    {"start", "", "go to the beginning of history", start},
    {"end", "", "go to the end of history", end},
});

}  // namespace

Family moves() {
    return {"Places in history", kMovesCommands};
}

}  // namespace backspin::cli::monitor
