#include "gdbstub/packets/thread.hpp"

namespace backspin::gdbstub {

namespace {

std::optional<ThreadSelector> parse_selected(Scanner& scanner) {
    if (scanner.accept("-1")) return ThreadSelector{};
    const std::optional<std::uint64_t> number = scanner.hex_number();
    if (!number) return std::nullopt;
    if (*number == 0) return ThreadSelector{};
    return ThreadSelector{ThreadId{*number}};
}

std::optional<ThreadId> parse_one_thread(std::string_view packet, std::string_view prefix) {
    Scanner scanner(packet);
    if (!scanner.accept(prefix)) return std::nullopt;
    const std::optional<ThreadSelector> selector = ThreadSelector::parse(scanner);
    if (!selector || !scanner.at_end()) return std::nullopt;
    return selector->thread;
}

}  // namespace

std::optional<ThreadSelector> ThreadSelector::parse(Scanner& scanner) {
    if (!scanner.accept("p")) return parse_selected(scanner);
    if (!parse_selected(scanner)) return std::nullopt;
    if (!scanner.accept(".")) return ThreadSelector{};
    return parse_selected(scanner);
}

std::optional<SelectThread> SelectThread::parse(std::string_view packet) {
    Scanner scanner(packet);
    SelectThread select;
    if (scanner.accept("Hg")) {
        select.purpose = ThreadPurpose::general;
    } else if (scanner.accept("Hc")) {
        select.purpose = ThreadPurpose::resume;
    } else {
        return std::nullopt;
    }
    const std::optional<ThreadSelector> selector = ThreadSelector::parse(scanner);
    if (!selector || !scanner.at_end()) return std::nullopt;
    select.selector = *selector;
    return select;
}

std::optional<ThreadAlive> ThreadAlive::parse(std::string_view packet) {
    const std::optional<ThreadId> thread = parse_one_thread(packet, "T");
    if (!thread) return std::nullopt;
    return ThreadAlive{*thread};
}

std::optional<ThreadExtraInfo> ThreadExtraInfo::parse(std::string_view packet) {
    const std::optional<ThreadId> thread = parse_one_thread(packet, "qThreadExtraInfo,");
    if (!thread) return std::nullopt;
    return ThreadExtraInfo{*thread};
}

}  // namespace backspin::gdbstub
