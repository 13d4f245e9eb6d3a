// What a flight recorder decides: when the beginning of its history moves on, and whether something happened
// that it should be kept for.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <regex>
#include <span>
#include <string>

#include "base/address.hpp"
#include "cli/options/flight_options.hpp"

namespace backspin::cli {

/// How much one recording holds.
struct Coverage {
    std::chrono::nanoseconds time{};
    std::uint64_t bytes = 0;
};

/// Two recordings go on at the same time, the later one from where the earlier one held what is to be kept.
/// When the later one holds as much itself, it takes the earlier one's place: that always holds between once
/// and twice what was asked for.
class FlightWindow {
  public:
    explicit FlightWindow(KeepLimit limit) : limit_(limit) {}

    enum class Move : std::uint8_t {
        none,
        begin,    ///< a later recording
        advance,  ///< the later one takes the place of the earlier one, and another one begins
    };
    /// `later`: of the later recording, if there is one.
    Move next(const Coverage& earlier, const std::optional<Coverage>& later) const {
        if (!later) return enough(earlier) ? Move::begin : Move::none;
        return enough(*later) ? Move::advance : Move::none;
    }
    bool enough(const Coverage& coverage) const {
        if (const auto* time = std::get_if<std::chrono::nanoseconds>(&limit_)) return coverage.time >= *time;
        return coverage.bytes >= std::get<std::uint64_t>(limit_);
    }

  private:
    KeepLimit limit_;
};

/// Listens for what a recording is to be kept for.
class Trigger {
  public:
    explicit Trigger(const SaveOn& choice);

    void hear(Channel channel, std::span<const std::byte> output);
    /// Lines that have not ended count, too.
    bool heard();
    bool is_met_by(std::optional<std::uint32_t> exit_code) const {
        return choice_.kind == SaveOn::Kind::failure && exit_code && *exit_code != 0;
    }

  private:
    void judge(const std::string& line);

    SaveOn choice_;
    std::regex expression_;
    std::map<std::uint32_t, std::string> lines_;  ///< of each channel, the last one so far
    bool heard_ = false;
};

}  // namespace backspin::cli
