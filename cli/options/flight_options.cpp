#include "cli/options/flight_options.hpp"

#include <regex>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/units.hpp"

namespace backspin::cli {

KeepLimit parse_keep(std::string_view text) {
    // "2m" is minutes, "2M" mebibytes; a number alone could be either.
    const auto unit = text.empty() ? '0' : text.back();
    if (unit == 's' || unit == 'm') {
        if (const auto time = parse_timeout(text)) return *time;
    } else if (unit < '0' || unit > '9') {
        if (const auto bytes = parse_size(text); bytes && *bytes > 0) return *bytes;
    }
    throw UsageError(fmt::format("--keep {}: give a time or a size, as in --keep 60s or --keep 512M", text));
}

SaveOn parse_save_on(std::string_view text) {
    if (text == "panic") return {SaveOn::Kind::panic};
    if (text == "exit!=0") return {SaveOn::Kind::failure};
    constexpr std::string_view kText = "text:";
    if (text.starts_with(kText) && text.size() > kText.size()) {
        SaveOn choice{SaveOn::Kind::text, std::string(text.substr(kText.size()))};
        try {
            static_cast<void>(std::regex(choice.text));
            return choice;
        } catch (const std::regex_error& error) {
            throw UsageError(fmt::format("--save-on {}: is no regular expression: {}", text, error.what()));
        }
    }
    throw UsageError(fmt::format("--save-on {}: choose panic, exit!=0 or text:REGEX", text));
}

}  // namespace backspin::cli
