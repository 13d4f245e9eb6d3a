#include "cli/debug/monitor/command.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/units.hpp"

namespace backspin::cli::monitor {

gdbstub::Refused refused(std::string text) {
    return {gdbstub::errno_value::invalid, std::move(text)};
}

gdbstub::Refused wants(const Call& call) {
    const auto& command = call.command;
    return refused(fmt::format("{} wants: {} {}", command.name, command.name, command.arguments));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view take_word(std::string_view& text) {
    text = trimmed(text);
    const auto word = text.substr(0, text.find_first_of(" \t"));
    text = trimmed(text.substr(word.size()));
    return word;
}

std::optional<HartId> hart_of(std::string_view text, const Desk& desk) {
    const auto number = parse_number(text);
    if (!number || *number >= desk.machine.harts()) return std::nullopt;
    return HartId{static_cast<std::uint32_t>(*number)};
}

gdbstub::Refused no_such_hart(const Desk& desk) {
    const auto last = desk.machine.harts() - 1;
    return refused(last == 0 ? "the only hart is 0" : fmt::format("the harts are 0 to {}", last));
}

std::optional<VirtualAddress> address_of(std::string_view text, Desk& desk) {
    if (const auto number = parse_number(text)) return VirtualAddress{*number};
    if (const auto symbol = desk.symbols().find(text)) return symbol->at;
    return std::nullopt;
}

std::string symbol_at(VirtualAddress at, Desk& desk) {
    auto name = desk.symbols().describe(at);
    return name.empty() ? name : " " + name;
}

}  // namespace backspin::cli::monitor
