#include "gdbstub/packets/transfer.hpp"

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

std::optional<TransferRead> TransferRead::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("qXfer:")) return std::nullopt;
    const std::optional<std::string_view> object = scanner.until(':');
    if (!object || !scanner.accept("read:")) return std::nullopt;
    const std::optional<std::string_view> annex = scanner.until(':');
    if (!annex) return std::nullopt;
    const std::optional<std::uint64_t> offset = scanner.hex_number();
    if (!offset || !scanner.accept(",")) return std::nullopt;
    const std::optional<std::uint64_t> length = scanner.hex_number();
    if (!length || !scanner.at_end()) return std::nullopt;
    return TransferRead{std::string(*object), std::string(*annex), *offset, *length};
}

}  // namespace backspin::gdbstub
