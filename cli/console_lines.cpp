#include "cli/console_lines.hpp"

#include <algorithm>

namespace backspin::cli {
namespace {

constexpr std::size_t kLongest = 4096;
/// Recordings join output of one line to pieces of at most so many bytes, whose first byte's place is known.
constexpr std::size_t kLongestJoined = 256;

}  // namespace

void ConsoleLines::add(Channel channel, std::span<const std::byte> bytes, StepCount at, VirtualTime time) {
    auto& line = open_[channel.value];
    // A line is cut where a piece begins, so that the place of what follows is known, too.
    if (line && line->text.size() + std::min(bytes.size(), kLongestJoined) > kLongest) end(channel, line);
    for (const auto byte : bytes) {
        const auto c = std::to_integer<char>(byte);
        if (c == '\r') continue;
        if (!line) line = ConsoleLine{at, time, {}};
        if (c != '\n') line->text += c;
        if (c == '\n' || line->text.size() == kLongest) end(channel, line);
    }
}

void ConsoleLines::end_all() {
    for (auto& [channel, line] : open_) {
        if (line) end({channel}, line);
    }
}

void ConsoleLines::for_each_open(const std::function<void(const ConsoleLine&)>& visit) const {
    for (const auto& [channel, line] : open_) {
        if (line) visit(*line);
    }
}

void ConsoleLines::end(Channel channel, std::optional<ConsoleLine>& line) {
    print_(channel, *line);
    line.reset();
}

}  // namespace backspin::cli
