#include "gdbstub/packets/registers.hpp"

#include <limits>
#include <utility>

#include "gdbstub/packets/thread.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

struct Suffix {  //  [;] [thread:TID;]
    std::optional<ThreadId> thread;
};

std::optional<Suffix> parse_suffix(Scanner& scanner) {
    Suffix suffix;
    scanner.accept(";");
    if (scanner.accept("thread:")) {
        const std::optional<ThreadSelector> selector = ThreadSelector::parse(scanner);
        if (!selector) return std::nullopt;
        suffix.thread = selector->thread;
        scanner.accept(";");
    }
    if (!scanner.at_end()) return std::nullopt;
    return suffix;
}

std::optional<std::vector<std::byte>> parse_value(Scanner& scanner) {
    const std::size_t length = scanner.rest().find(';');
    const std::string_view digits =
        length == std::string_view::npos ? scanner.rest() : scanner.rest().substr(0, length);
    scanner.take(digits.size());
    return bytes_from_hex(digits);
}

std::optional<RegisterNumber> parse_number(Scanner& scanner) {
    const std::optional<std::uint64_t> number = scanner.hex_number();
    if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return RegisterNumber{static_cast<std::uint32_t>(*number)};
}

}  // namespace

std::optional<ReadRegisters> ReadRegisters::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("g")) return std::nullopt;
    const std::optional<Suffix> suffix = parse_suffix(scanner);
    if (!suffix) return std::nullopt;
    return ReadRegisters{suffix->thread};
}

std::optional<WriteRegisters> WriteRegisters::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("G")) return std::nullopt;
    std::optional<std::vector<std::byte>> values = parse_value(scanner);
    const std::optional<Suffix> suffix = parse_suffix(scanner);
    if (!values || !suffix) return std::nullopt;
    return WriteRegisters{std::move(*values), suffix->thread};
}

std::optional<ReadRegister> ReadRegister::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("p")) return std::nullopt;
    const std::optional<RegisterNumber> number = parse_number(scanner);
    const std::optional<Suffix> suffix = parse_suffix(scanner);
    if (!number || !suffix) return std::nullopt;
    return ReadRegister{*number, suffix->thread};
}

std::optional<WriteRegister> WriteRegister::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("P")) return std::nullopt;
    const std::optional<RegisterNumber> number = parse_number(scanner);
    if (!number || !scanner.accept("=")) return std::nullopt;
    std::optional<std::vector<std::byte>> value = parse_value(scanner);
    const std::optional<Suffix> suffix = parse_suffix(scanner);
    if (!value || !suffix) return std::nullopt;
    return WriteRegister{*number, std::move(*value), suffix->thread};
}

}  // namespace backspin::gdbstub
