// Sizes, times and numbers as people write them on a command line or in an input script.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/position.hpp"

namespace backspin::cli {

/// Decimal, or hexadecimal with 0x. Nothing else before or after it.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// A size in bytes: "4096", "64K", "128M", "2G" (powers of 1024; an "iB" or "B" may follow the letter).
std::optional<std::uint64_t> parse_size(std::string_view text);

/// A time with its unit: "250ns", "200us", "10ms", "1.5s", "2m". Exact: decimals beyond a nanosecond are
/// refused.
std::optional<VirtualTime> parse_virtual_time(std::string_view text);

/// Host seconds, at most a year, with or without a unit: "30", "0.5", "2m". Not zero.
std::optional<std::chrono::nanoseconds> parse_timeout(std::string_view text);

/// A date of the years 1970 to 2261, with or without a time of day, in UTC: "2025-01-31",
/// "2025-01-31T12:00:00". Nanoseconds since the epoch.
std::optional<std::uint64_t> parse_date(std::string_view text);

/// "128 MiB", "1.5 KiB", "17 bytes".
std::string describe_size(std::uint64_t bytes);

/// "1.500000 s", "12.000 ms", "250 ns".
std::string describe_time(VirtualTime time);

}  // namespace backspin::cli
