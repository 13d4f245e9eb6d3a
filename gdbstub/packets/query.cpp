#include "gdbstub/packets/query.hpp"

#include <algorithm>
#include <utility>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

bool Supported::offers(std::string_view feature) const {
    return std::find(features.begin(), features.end(), feature) != features.end();
}

std::optional<Supported> Supported::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("qSupported")) return std::nullopt;
    Supported result;
    if (scanner.at_end()) return result;
    if (!scanner.accept(":")) return std::nullopt;
    while (const std::optional<std::string_view> feature = scanner.until(';'))
        result.features.emplace_back(*feature);
    result.features.emplace_back(scanner.rest());
    return result;
}

std::optional<RemoteCommand> RemoteCommand::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("qRcmd,")) return std::nullopt;
    std::optional<std::string> command = text_from_hex(scanner.rest());
    if (!command) return std::nullopt;
    return RemoteCommand{std::move(*command)};
}

}  // namespace backspin::gdbstub
