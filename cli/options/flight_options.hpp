// The flight recorder: how much of a long run its recording keeps, and when it is kept at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace backspin::cli {

/// Only the newest stretch: so long in host time, or so much in the file.
using KeepLimit = std::variant<std::chrono::nanoseconds, std::uint64_t>;

struct SaveOn {
    enum class Kind : std::uint8_t {
        panic,    ///< a console says that a kernel panicked
        failure,  ///< the guest's exit code is not 0
        text,     ///< a line of a console matches the expression
    };
    Kind kind{};
    std::string text{};  ///< ECMAScript, checked
    bool operator==(const SaveOn&) const = default;
};

struct FlightOptions {
    std::optional<KeepLimit> keep{};
    std::optional<SaveOn> save_on{};
};

/// "60s", "2m", "512M", "2G". Throws UsageError.
KeepLimit parse_keep(std::string_view text);
/// "panic", "exit!=0", "text:REGEX". Throws UsageError.
SaveOn parse_save_on(std::string_view text);

}  // namespace backspin::cli
