#include "gdbstub/text.hpp"

#include <algorithm>

namespace backspin::gdbstub {

bool Scanner::accept(std::string_view literal) {
    if (!text_.starts_with(literal)) return false;
    text_.remove_prefix(literal.size());
    return true;
}

std::optional<std::uint64_t> Scanner::hex_number() {
    std::uint64_t number = 0;
    std::size_t length = 0;
    for (; length < text_.size(); ++length) {
        const std::optional<unsigned> digit = hex_digit(text_[length]);
        if (!digit) break;
        if (number >> 60) return std::nullopt;
        number = number << 4 | *digit;
    }
    if (length == 0) return std::nullopt;
    text_.remove_prefix(length);
    return number;
}

std::optional<std::string_view> Scanner::take(std::uint64_t count) {
    if (count > text_.size()) return std::nullopt;
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(count);
    return taken;
}

std::optional<std::string_view> Scanner::until(char separator) {
    const std::size_t at = text_.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view taken = text_.substr(0, at);
    text_.remove_prefix(at + 1);
    return taken;
}

std::optional<unsigned> hex_digit(char character) {
    if (character >= '0' && character <= '9') return static_cast<unsigned>(character - '0');
    if (character >= 'a' && character <= 'f') return static_cast<unsigned>(character - 'a') + 10;
    if (character >= 'A' && character <= 'F') return static_cast<unsigned>(character - 'A') + 10;
    return std::nullopt;
}

std::string to_hex(std::span<const std::byte> bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = std::to_integer<unsigned>(bytes[i]);
        hex[2 * i] = kDigits[byte >> 4];
        hex[2 * i + 1] = kDigits[byte & 15];
    }
    return hex;
}

std::string to_hex(std::string_view text) {
    return to_hex(bytes_of(text));
}

std::optional<std::vector<std::byte>> bytes_from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    std::vector<std::byte> bytes(hex.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::optional<unsigned> high = hex_digit(hex[2 * i]);
        const std::optional<unsigned> low = hex_digit(hex[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        bytes[i] = static_cast<std::byte>(*high << 4 | *low);
    }
    return bytes;
}

std::optional<std::string> text_from_hex(std::string_view hex) {
    const std::optional<std::vector<std::byte>> bytes = bytes_from_hex(hex);
    if (!bytes) return std::nullopt;
    return std::string(text_of(*bytes));
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace backspin::gdbstub
