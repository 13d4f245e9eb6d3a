#include "cli/place.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

VirtualTime time_at(StepCount at, replay::Timeline& timeline, const Machine& machine) {
    const auto stopped = timeline.seek(at);
    if (stopped.why == replay::StopReason::done) return machine.time();
    throw StartError(stopped.why == replay::StopReason::interrupted
                         ? "the search for a virtual time was interrupted"
                         : fmt::format("the replay does not come to step {} as it was recorded", at.value));
}

// The clock never goes back along a history, so halving finds the place. Every step takes at least a
// nanosecond, which bounds where to look: a place early in a long history is found without going to its end.
StepCount find_time(VirtualTime when, replay::Timeline& timeline, const Machine& machine) {
    StepCount low = timeline.begin().step;
    if (time_at(low, timeline, machine) >= when) return low;
    const auto left = when - machine.time();
    const auto newest = timeline.frontier().step;
    StepCount high = newest - low > StepCount{left.ns} ? low + StepCount{left.ns} : newest;
    if (const auto last = time_at(high, timeline, machine); last < when) {
        throw StartError(fmt::format("{} is not in this history: it ends at {}", describe_time(when),
                                     describe_time(last)));
    }
    while (high - low > StepCount{1}) {
        const StepCount middle{low.value + (high - low).value / 2};
        (time_at(middle, timeline, machine) >= when ? high : low) = middle;
    }
    return high;
}

struct Resolver {
    StepCount first;
    StepCount last;
    const Bookmarks& bookmarks;
    const LineFinder& find_line;

    StepCount operator()(StepCount at) const {
        if (at >= first && at <= last) return at;
        throw StartError(fmt::format("step {} is not in this history: it goes from step {} to step {}",
                                     at.value, first.value, last.value));
    }
    StepCount operator()(HistoryEnd end) const { return end == HistoryEnd::start ? first : last; }
    StepCount operator()(VirtualTime) const {
        throw std::invalid_argument("only a replay knows where a virtual time is");
    }
    StepCount operator()(const ConsoleText& line) const {
        if (!find_line) throw StartError("what the consoles showed is not known here");
        if (const auto at = find_line(line.text)) return (*this)(*at);
        throw StartError(fmt::format("no console of this history shows a line with '{}'", line.text));
    }
    StepCount operator()(const BookmarkName& name) const {
        const auto found = bookmarks.find(name.text);
        if (found != bookmarks.end()) return (*this)(found->second);
        std::string known;
        for (const auto& [text, at] : bookmarks) known += (known.empty() ? "" : ", ") + text;
        throw StartError(fmt::format("there is no bookmark '{}'; there {}", name.text,
                                     known.empty() ? "are none" : "are: " + known));
    }
};

}  // namespace

bool is_bookmark_name(std::string_view text) {
    constexpr std::size_t kLongest = 255;
    const auto allowed = [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= kLongest && is_letter(text.front()) &&
           std::ranges::all_of(text, allowed) && text != "start" && text != "end";
}

std::optional<Place> parse_place(std::string_view text) {
    if (text == "start") return HistoryEnd::start;
    if (text == "end") return HistoryEnd::end;
    if (const auto step = parse_number(text)) return StepCount{*step};
    if (const auto time = parse_virtual_time(text)) return *time;
    if (is_bookmark_name(text)) return BookmarkName{std::string(text)};
    constexpr std::string_view kLine = "line:";
    if (text.starts_with(kLine) && text.size() > kLine.size())
        return ConsoleText{std::string(text.substr(kLine.size()))};
    return std::nullopt;
}

std::string describe(const Place& place) {
    struct Describe {
        std::string operator()(StepCount at) const { return fmt::format("step {}", at.value); }
        std::string operator()(HistoryEnd end) const {
            return end == HistoryEnd::start ? "the start" : "the end";
        }
        std::string operator()(VirtualTime time) const { return describe_time(time); }
        std::string operator()(const BookmarkName& name) const { return "bookmark " + name.text; }
        std::string operator()(const ConsoleText& line) const {
            return fmt::format("the first line with '{}'", line.text);
        }
    };
    return std::visit(Describe{}, place);
}

StepCount resolve(const Place& place, replay::Timeline& timeline, const Machine& machine,
                  const Bookmarks& bookmarks, const LineFinder& find_line) {
    if (const auto* when = std::get_if<VirtualTime>(&place)) return find_time(*when, timeline, machine);
    return resolve(place, timeline.begin().step, timeline.frontier().step, bookmarks, find_line);
}

StepCount resolve(const Place& place, StepCount first, StepCount last, const Bookmarks& bookmarks,
                  const LineFinder& find_line) {
    return std::visit(Resolver{first, last, bookmarks, find_line}, place);
}

}  // namespace backspin::cli
