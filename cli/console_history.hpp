// What the consoles of a history showed, and where: a line of text is a place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.hpp"
#include "base/position.hpp"
#include "cli/console_lines.hpp"

namespace backspin::cli {

/// Thread: one.
class ConsoleHistory {
  public:
    /// What other channels give out is no text.
    explicit ConsoleHistory(std::vector<Channel> consoles) : consoles_(std::move(consoles)) {}
    ConsoleHistory(const ConsoleHistory&) = delete;
    ConsoleHistory& operator=(const ConsoleHistory&) = delete;

    /// In ascending order within a branch.
    void add(Position at, Channel channel, std::span<const std::byte> bytes);

    /// Where the first line with that text begins, of those for which `counts` says so; a line that has not
    /// ended yet is one.
    std::optional<StepCount> first_with(std::string_view text,
                                        const std::function<bool(Position)>& counts) const;

  private:
    struct Line {
        Position at;
        std::string text;
    };
    void keep(Line line);

    std::vector<Channel> consoles_;
    std::map<Branch, ConsoleLines> open_;
    std::deque<Line> lines_;
    std::size_t bytes_ = 0;
};

}  // namespace backspin::cli
