#include "gdbstub/packets/memory.hpp"

#include <utility>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

std::optional<MemoryRange> parse_range(Scanner& scanner, std::string_view separator) {
    const std::optional<std::uint64_t> address = scanner.hex_number();
    if (!address || !scanner.accept(separator)) return std::nullopt;
    const std::optional<std::uint64_t> length = scanner.hex_number();
    if (!length) return std::nullopt;
    return MemoryRange{Address{*address}, *length};
}

}  // namespace

std::optional<ReadMemory> ReadMemory::parse(std::string_view packet) {
    Scanner scanner(packet);
    const bool binary = scanner.accept("x");
    if (!binary && !scanner.accept("m")) return std::nullopt;
    const std::optional<MemoryRange> range = parse_range(scanner, ",");
    if (!range || !scanner.at_end()) return std::nullopt;
    return ReadMemory{*range, binary};
}

std::optional<WriteMemory> WriteMemory::parse(std::string_view packet) {
    Scanner scanner(packet);
    const bool binary = scanner.accept("X");
    if (!binary && !scanner.accept("M")) return std::nullopt;
    const std::optional<MemoryRange> range = parse_range(scanner, ",");
    if (!range || !scanner.accept(":")) return std::nullopt;

    WriteMemory write{.at = range->at, .bytes = {}};
    if (binary) {
        const std::span<const std::byte> bytes = bytes_of(scanner.rest());
        write.bytes.assign(bytes.begin(), bytes.end());
    } else {
        std::optional<std::vector<std::byte>> bytes = bytes_from_hex(scanner.rest());
        if (!bytes) return std::nullopt;
        write.bytes = std::move(*bytes);
    }
    if (write.bytes.size() != range->length) return std::nullopt;
    return write;
}

std::optional<SearchMemory> SearchMemory::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("qSearch:memory:")) return std::nullopt;
    const std::optional<MemoryRange> range = parse_range(scanner, ";");
    if (!range || !scanner.accept(";") || scanner.at_end()) return std::nullopt;
    return SearchMemory{*range, std::string(scanner.rest())};
}

std::optional<ChecksumMemory> ChecksumMemory::parse(std::string_view packet) {
    Scanner scanner(packet);
    if (!scanner.accept("qCRC:")) return std::nullopt;
    const std::optional<MemoryRange> range = parse_range(scanner, ",");
    if (!range || !scanner.at_end()) return std::nullopt;
    return ChecksumMemory{*range};
}

}  // namespace backspin::gdbstub
