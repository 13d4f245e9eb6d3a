#include "cli/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace backspin::cli {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

template <class Number>
bool parse_whole(std::string_view text, int base, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size();
}

std::size_t digits_at_start(std::string_view text) {
    const auto end = text.find_first_not_of("0123456789");
    return end == std::string_view::npos ? text.size() : end;
}

std::optional<std::uint64_t> unit_in_ns(std::string_view unit) {
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kUnits{
        {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}}};
    for (const auto& [name, ns] : kUnits) {
        if (unit == name) return ns;
    }
    return std::nullopt;
}

/// whole.fraction units of `unit` ns, exactly.
std::optional<std::uint64_t> decimal_ns(std::string_view whole, std::string_view fraction,
                                        std::uint64_t unit) {
    std::uint64_t ns = 0;
    if (!parse_whole(whole, 10, ns) || ns > kMost / unit) return std::nullopt;
    ns *= unit;
    for (const char digit : fraction) {
        // A unit that ten does not divide any more has no place left for this digit.
        if (unit % 10 != 0) {
            if (digit != '0') return std::nullopt;
            continue;
        }
        unit /= 10;
        const auto add = static_cast<std::uint64_t>(digit - '0') * unit;
        if (ns > kMost - add) return std::nullopt;
        ns += add;
    }
    return ns;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    std::uint64_t number = 0;
    if (!parse_whole(text.substr(hexadecimal ? 2 : 0), hexadecimal ? 16 : 10, number)) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto digits = text.starts_with("0x") ? text.size() : digits_at_start(text);
    const auto number = parse_number(text.substr(0, digits));
    if (!number) return std::nullopt;
    auto unit = text.substr(digits);
    unsigned shift = 0;
    if (!unit.empty() && unit != "B") {
        const auto letter = std::string_view{"KMGT"}.find(unit[0] == 'k' ? 'K' : unit[0]);
        if (letter == std::string_view::npos) return std::nullopt;
        shift = 10 * (static_cast<unsigned>(letter) + 1);
        unit.remove_prefix(1);
        if (!unit.empty() && unit != "B" && unit != "iB") return std::nullopt;
    }
    if (*number > kMost >> shift) return std::nullopt;
    return *number << shift;
}

std::optional<VirtualTime> parse_virtual_time(std::string_view text) {
    const auto whole = text.substr(0, digits_at_start(text));
    auto rest = text.substr(whole.size());
    std::string_view fraction;
    if (rest.starts_with('.')) {
        fraction = rest.substr(1, digits_at_start(rest.substr(1)));
        rest.remove_prefix(1 + fraction.size());
        if (fraction.empty()) return std::nullopt;
    }
    const auto unit = unit_in_ns(rest);
    if (whole.empty() || !unit) return std::nullopt;
    const auto ns = decimal_ns(whole, fraction, *unit);
    if (!ns) return std::nullopt;
    return VirtualTime{*ns};
}

std::optional<std::chrono::nanoseconds> parse_timeout(std::string_view text) {
    constexpr std::uint64_t kYear = 365ULL * 24 * 3600 * 1'000'000'000;
    auto time = parse_virtual_time(text);
    if (!time) time = parse_virtual_time(std::string(text) + "s");
    if (!time || time->ns == 0 || time->ns > kYear) return std::nullopt;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(time->ns));
}

std::optional<std::uint64_t> parse_date(std::string_view text) {
    // Where the digits are; all else must be as it is here.
    constexpr std::string_view kForm = "YYYY-MM-DDThh:mm:ss", kDateOnly = "YYYY-MM-DD";
    if (text.size() != kForm.size() && text.size() != kDateOnly.size()) return std::nullopt;
    std::array<unsigned, 6> numbers{};
    std::size_t field = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (kForm[i] == '-' || kForm[i] == 'T' || kForm[i] == ':') {
            if (text[i] != kForm[i]) return std::nullopt;
            ++field;
        } else {
            if (text[i] < '0' || text[i] > '9') return std::nullopt;
            numbers[field] = 10 * numbers[field] + static_cast<unsigned>(text[i] - '0');
        }
    }
    const auto& [year, month, day, hour, minute, second] = numbers;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                           std::chrono::month{month}, std::chrono::day{day}};
    if (!date.ok() || year < 1970 || year > 2261 || hour > 23 || minute > 59 || second > 59)
        return std::nullopt;
    const auto days = std::chrono::sys_days{date}.time_since_epoch();
    const std::chrono::nanoseconds since_epoch =
        days + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
    return static_cast<std::uint64_t>(since_epoch.count());
}

std::string describe_size(std::uint64_t bytes) {
    constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) return fmt::format("{} bytes", bytes);
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    const bool whole = value == static_cast<double>(static_cast<std::uint64_t>(value));
    return whole ? fmt::format("{} {}", static_cast<std::uint64_t>(value), kUnits[unit])
                 : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string describe_time(VirtualTime time) {
    if (time.ns >= 1'000'000'000) {
        return fmt::format("{}.{:06} s", time.ns / 1'000'000'000, time.ns % 1'000'000'000 / 1000);
    }
    if (time.ns >= 1'000'000)
        return fmt::format("{}.{:03} ms", time.ns / 1'000'000, time.ns % 1'000'000 / 1000);
    if (time.ns >= 1'000) return fmt::format("{}.{:03} us", time.ns / 1'000, time.ns % 1'000);
    return fmt::format("{} ns", time.ns);
}

}  // namespace backspin::cli
