// Console output as lines, each with where it began.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/address.hpp"
#include "base/position.hpp"

namespace backspin::cli {

/// A line of a console, without its end.
struct ConsoleLine {
    StepCount at;  ///< of its first byte
    VirtualTime time;
    std::string text;
};

/// Takes output piece by piece. Lines are cut at 4096 characters: a guest that never ends its line must not
/// fill the host's memory.
class ConsoleLines {
  public:
    explicit ConsoleLines(std::function<void(Channel, const ConsoleLine&)> print)
        : print_(std::move(print)) {}

    /// The first byte was given out at `at`; those of further lines in the piece are taken for as old.
    void add(Channel channel, std::span<const std::byte> bytes, StepCount at, VirtualTime time);
    void end_all();
    /// Lines that have not ended yet.
    void for_each_open(const std::function<void(const ConsoleLine&)>& visit) const;

  private:
    void end(Channel channel, std::optional<ConsoleLine>& line);

    std::function<void(Channel, const ConsoleLine&)> print_;
    std::map<std::uint32_t, std::optional<ConsoleLine>> open_;
};

}  // namespace backspin::cli
