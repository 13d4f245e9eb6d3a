// What is kept of a session: names of positions, and recordings.
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/going.hpp"

namespace backspin::cli::monitor {
namespace {

Reply bookmarks(const Call& call) {
    const auto& desk = call.desk;
    const bool has_branches = desk.timeline.branches().size() > 1;
    std::string text;
    for (const auto& [name, at] : desk.keeping.bookmarks) {
        text += fmt::format("{:>14}  {}", at.step.value, name);
        if (has_branches) text += fmt::format("  in {}", name_of(at.branch, desk));
        text += "\n";
    }
    return text.empty() ? "no bookmarks\n" : text;
}

Reply bookmark(const Call& call) {
    if (call.arguments.empty()) return bookmarks(call);
    if (!is_bookmark_name(call.arguments))
        return refused("a bookmark's name begins with a letter, and has letters, digits, '-', '_' and '.'");
    constexpr std::size_t kMostBookmarks = 1000;
    auto& keeping = call.desk.keeping;
    const auto at = call.desk.timeline.position();
    const std::string name(call.arguments);
    if (keeping.bookmarks.size() >= kMostBookmarks) return refused("there are too many bookmarks already");
    if (!keeping.bookmarks.try_emplace(name, at).second)
        return refused(fmt::format("there is a bookmark '{}' already", name));
    call.desk.timeline.pin_here();
    if (keeping.bookmark) keeping.bookmark(name, at);
    return fmt::format("{} is position {}\n", name, at.step.value);
}

Reply save(const Call& call) {
    if (call.arguments.empty()) return refused("save wants a file");
    const auto& desk = call.desk;
    if (!desk.keeping.save)
        return refused(desk.timeline.is_live() ? "this session is being recorded already"
                                               : "this is a recording: it is in its file");
    const std::string path(call.arguments);
    try {
        desk.keeping.save(path, desk.keeping.bookmarks);
    } catch (const std::runtime_error& error) {
        return refused(error.what());
    }
    return fmt::format("saved up to position {}: 'backspin replay {}' repeats it\n",
                       desk.timeline.frontier().step.value, path);
}

constexpr auto kMarksCommands = std::to_array<Command>({
    {"bookmark", "[NAME]", "give this position a name; without one, list them", bookmark},
    {"bookmarks", "", "list them: position and name", bookmarks},
    {"save", "FILE", "record the whole session so far into a new file", save},
});

}  // namespace

Family marks() {
    return {"What is kept", kMarksCommands};
}

}  // namespace backspin::cli::monitor
