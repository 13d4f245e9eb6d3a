#include "gdbstub/packets/resume.hpp"

namespace backspin::gdbstub {

namespace {

bool parse_move(Scanner& scanner, ResumeAction& action) {
    if (scanner.accept("c")) {
        action.kind = ActionKind::go_on;
        return true;
    }
    if (scanner.accept("s")) {
        action.kind = ActionKind::step;
        return true;
    }
    if (scanner.accept("t")) {
        action.kind = ActionKind::stop;
        return true;
    }
    if (scanner.accept("C")) {
        action.kind = ActionKind::go_on;
        return scanner.hex_number().has_value();
    }
    if (scanner.accept("S")) {
        action.kind = ActionKind::step;
        return scanner.hex_number().has_value();
    }
    if (!scanner.accept("r")) return false;
    action.kind = ActionKind::range_step;
    const std::optional<std::uint64_t> start = scanner.hex_number();
    if (!start || !scanner.accept(",")) return false;
    const std::optional<std::uint64_t> end = scanner.hex_number();
    if (!end) return false;
    action.start = Address{*start};
    action.end = Address{*end};
    return true;
}

std::optional<ResumeAction> parse_action(Scanner& scanner) {
    ResumeAction action;
    if (!parse_move(scanner, action)) return std::nullopt;
    if (scanner.accept(":")) {
        const std::optional<ThreadSelector> selector = ThreadSelector::parse(scanner);
        if (!selector) return std::nullopt;
        action.selector = *selector;
    }
    return action;
}

}  // namespace

std::optional<ResumeActions> ResumeActions::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("vCont")) return std::nullopt;
    ResumeActions result;
    while (scanner.accept(";")) {
        const std::optional<ResumeAction> action = parse_action(scanner);
        if (!action) return std::nullopt;
        result.actions.push_back(*action);
    }
    if (!scanner.at_end() || result.actions.empty()) return std::nullopt;
    return result;
}

std::optional<LegacyResume> LegacyResume::parse(std::string_view packet) {
    Scanner scanner(packet);
    LegacyResume result;
    const bool with_signal = packet.starts_with('C') || packet.starts_with('S');
    if (scanner.accept("s") || scanner.accept("S")) {
        result.step = true;
    } else if (!scanner.accept("c") && !scanner.accept("C")) {
        return std::nullopt;
    }
    if (with_signal && !scanner.hex_number()) return std::nullopt;
    if (scanner.at_end()) return result;
    if (with_signal && !scanner.accept(";")) return std::nullopt;
    const std::optional<std::uint64_t> address = scanner.hex_number();
    if (!address || !scanner.at_end()) return std::nullopt;
    result.at = Address{*address};
    return result;
}

}  // namespace backspin::gdbstub
