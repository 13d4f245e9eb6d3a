#include "gdbstub/packets/breakpoint.hpp"

#include <limits>
#include <utility>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

bool parse_place(Scanner& scanner, Breakpoint& breakpoint) {
    const std::optional<std::uint64_t> type = scanner.hex_number();
    if (!type || *type > static_cast<std::uint64_t>(BreakpointKind::access) || !scanner.accept(","))
        return false;
    const std::optional<std::uint64_t> address = scanner.hex_number();
    if (!address || !scanner.accept(",")) return false;
    const std::optional<std::uint64_t> length = scanner.hex_number();
    if (!length) return false;
    breakpoint = {static_cast<BreakpointKind>(*type), Address{*address}, *length};
    return true;
}

bool parse_bytecodes(Scanner& scanner, std::vector<AgentExpression>& list) {
    while (scanner.accept("X")) {
        const std::optional<std::uint64_t> length = scanner.hex_number();
        if (!length || *length > AgentExpression::kLongest || *length > scanner.rest().size() / 2 ||
            !scanner.accept(","))
            return false;
        const std::optional<std::string_view> digits = scanner.take(*length * 2);
        if (!digits) return false;
        std::optional<AgentExpression::Bytecode> bytes = bytes_from_hex(*digits);
        if (!bytes) return false;
        list.emplace_back(std::move(*bytes));
        // GDB puts nothing between two expressions; the manual's grammar once had a comma there.
        scanner.accept(",");
    }
    return !list.empty();
}

bool parse_commands(Scanner& scanner, std::vector<AgentExpression>& list) {
    return scanner.hex_number() && scanner.accept(",") && parse_bytecodes(scanner, list);
}

}  // namespace

std::optional<BreakpointPacket> BreakpointPacket::parse(std::string_view packet) {
    Scanner scanner(packet);
    BreakpointPacket result;
    result.insert = scanner.accept("Z");
    if (!result.insert && !scanner.accept("z")) return std::nullopt;
    if (!parse_place(scanner, result.breakpoint)) return std::nullopt;
    while (scanner.accept(";")) {
        const bool whole = scanner.accept("cmds:") ? parse_commands(scanner, result.tasks.commands)
                                                   : parse_bytecodes(scanner, result.tasks.conditions);
        if (!whole) return std::nullopt;
    }
    if (!scanner.at_end()) return std::nullopt;
    return result;
}

std::optional<VariablePacket> VariablePacket::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("qTV:")) return std::nullopt;
    const auto number = scanner.hex_number();
    if (!number || *number > std::numeric_limits<VariableNumber>::max() || !scanner.at_end())
        return std::nullopt;
    return VariablePacket{static_cast<VariableNumber>(*number)};
}

}  // namespace backspin::gdbstub
