#include "cli/console_history.hpp"

#include <algorithm>
#include <utility>

namespace backspin::cli {
namespace {

/// A guest may print for days: the oldest lines go.
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

}  // namespace

void ConsoleHistory::add(Position at, Channel channel, std::span<const std::byte> bytes) {
    if (std::ranges::find(consoles_, channel) == consoles_.end()) return;
    const auto print = [this, branch = at.branch](Channel, const ConsoleLine& line) {
        keep({{branch, line.at}, line.text});
    };
    open_.try_emplace(at.branch, print).first->second.add(channel, bytes, at.step, {});
}

void ConsoleHistory::keep(Line line) {
    bytes_ += sizeof line + line.text.size();
    lines_.push_back(std::move(line));
    while (bytes_ > kMostBytes) {
        bytes_ -= sizeof(Line) + lines_.front().text.size();
        lines_.pop_front();
    }
}

std::optional<StepCount> ConsoleHistory::first_with(std::string_view text,
                                                    const std::function<bool(Position)>& counts) const {
    std::optional<StepCount> first;
    // Branches are told of one after the other, so the first in the row need not be the first in time.
    const auto look = [&](Position at, const std::string& line) {
        if ((!first || at.step < *first) && line.find(text) != std::string::npos && counts(at))
            first = at.step;
    };
    for (const auto& line : lines_) look(line.at, line.text);
    for (const auto& [branch, lines] : open_) {
        lines.for_each_open([&](const ConsoleLine& line) { look({branch, line.at}, line.text); });
    }
    return first;
}

}  // namespace backspin::cli
