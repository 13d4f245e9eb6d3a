// A place in time as a user names it: positions, virtual times and bookmarks are interchangeable wherever a
// command takes one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {

/// "start": where the history begins. "end": its newest position.
enum class HistoryEnd : std::uint8_t { start, end };

/// The name of a bookmark or of a named snapshot.
struct BookmarkName {
    std::string text;
    bool operator==(const BookmarkName&) const = default;
};

/// Where a console began to show the first line with this text.
struct ConsoleText {
    std::string text;
    bool operator==(const ConsoleText&) const = default;
};

/// "1048576", "0x100000", "start", "end", "1.5s", "20ms", "before-the-crash", "line:login:".
using Place = std::variant<StepCount, HistoryEnd, VirtualTime, BookmarkName, ConsoleText>;

/// Nothing for what can be none of these: see is_bookmark_name.
std::optional<Place> parse_place(std::string_view text);

/// 1 to 255 bytes of letters, digits, '-', '_' and '.', beginning with a letter; neither "start" nor "end".
/// So no name reads like another place, and none drives a terminal.
bool is_bookmark_name(std::string_view text);

/// "step 17", "1.500000 s", "bookmark crash": for messages.
std::string describe(const Place& place);

using Bookmarks = std::map<std::string, StepCount, std::less<>>;

/// Those of all branches.
using Marks = std::map<std::string, Position, std::less<>>;

/// Where the first console line with that text begins; nothing if there is none.
using LineFinder = std::function<std::optional<StepCount>(std::string_view text)>;

/// The position that the place means in this history. A virtual time means the first position at which the
/// guest's clock shows it or more; to find it the timeline moves, and its cursor is then anywhere. Throws
/// StartError: no such bookmark or line, or beyond an end of the history; and if the search was interrupted.
StepCount resolve(const Place& place, replay::Timeline& timeline, const Machine& machine,
                  const Bookmarks& bookmarks, const LineFinder& find_line = {});
/// The same without a replay, for any place but a virtual time, in a history with these ends.
StepCount resolve(const Place& place, StepCount first, StepCount last, const Bookmarks& bookmarks,
                  const LineFinder& find_line = {});

}  // namespace backspin::cli
