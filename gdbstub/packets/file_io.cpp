#include "gdbstub/packets/file_io.hpp"

#include <utility>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

template <class Request>
std::optional<FileRequest> parse_one_number(Scanner& scanner) {
    const std::optional<std::uint64_t> number = scanner.hex_number();
    if (!number || !scanner.at_end()) return std::nullopt;
    return Request{*number};
}

std::optional<FileRequest> parse_open(Scanner& scanner) {
    const std::optional<std::string_view> digits = scanner.until(',');
    if (!digits) return std::nullopt;
    std::optional<std::string> name = text_from_hex(*digits);
    const std::optional<std::uint64_t> flags = scanner.hex_number();
    if (!name || !flags || !scanner.accept(",") || !scanner.hex_number() || !scanner.at_end())
        return std::nullopt;
    return OpenFile{std::move(*name), *flags};
}

std::optional<FileRequest> parse_read(Scanner& scanner) {
    const std::optional<std::uint64_t> descriptor = scanner.hex_number();
    if (!descriptor || !scanner.accept(",")) return std::nullopt;
    const std::optional<std::uint64_t> count = scanner.hex_number();
    if (!count || !scanner.accept(",")) return std::nullopt;
    const std::optional<std::uint64_t> offset = scanner.hex_number();
    if (!offset || !scanner.at_end()) return std::nullopt;
    return ReadFile{*descriptor, *count, *offset};
}

}  // namespace

std::optional<FileRequest> parse_file_request(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("vFile:")) return std::nullopt;
    if (scanner.accept("setfs:")) return parse_one_number<SetFileSystem>(scanner);
    if (scanner.accept("open:")) return parse_open(scanner);
    if (scanner.accept("close:")) return parse_one_number<CloseFile>(scanner);
    if (scanner.accept("fstat:")) return parse_one_number<FileStatus>(scanner);
    if (scanner.accept("pread:")) return parse_read(scanner);
    return OtherFileOperation{};
}

}  // namespace backspin::gdbstub
