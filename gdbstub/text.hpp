// The protocol's small change: hexadecimal numbers and bytes, and a cursor to read packets with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace backspin::gdbstub {

/// Reads a packet from front to back. Every function either takes what it names or takes nothing.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool at_end() const { return text_.empty(); }
    std::string_view rest() const { return text_; }
    bool accept(std::string_view literal);
    /// One or more hex digits, as a number of at most 64 bits.
    std::optional<std::uint64_t> hex_number();
    /// Exactly this many characters.
    std::optional<std::string_view> take(std::uint64_t count);
    /// Everything before the separator, which is taken too; nothing if there is none.
    std::optional<std::string_view> until(char separator);

  private:
    std::string_view text_;
};

/// The value of a hex digit, or nothing.
std::optional<unsigned> hex_digit(char);

/// Two digits each byte.
std::string to_hex(std::span<const std::byte> bytes);
std::string to_hex(std::string_view text);
/// Nothing if the text is not an even number of hex digits.
std::optional<std::vector<std::byte>> bytes_from_hex(std::string_view hex);
std::optional<std::string> text_from_hex(std::string_view hex);

std::span<const std::byte> bytes_of(std::string_view text);
std::string_view text_of(std::span<const std::byte> bytes);

}  // namespace backspin::gdbstub
