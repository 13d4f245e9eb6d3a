// Events of keyboards and pointers, as a script names them and as the machine's devices take them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace backspin::cli {

/// The code of "a", "7", "enter", "leftshift", "f1" ...: names of Linux's input-event-codes.h in small
/// letters, without KEY_.
std::optional<std::uint16_t> key_code(std::string_view name);

/// "left", "right", "middle".
std::optional<std::uint16_t> button_code(std::string_view name);

/// Whole events of 8 bytes, one after the other.
class InputEvents {
  public:
    void press(std::uint16_t code) { key(code, 1); }
    void release(std::uint16_t code) { key(code, 0); }
    /// From 0 to 32767 each, from the upper left corner.
    void move(std::uint16_t x, std::uint16_t y);
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    void add(std::uint16_t type, std::uint16_t code, std::uint32_t value);
    void key(std::uint16_t code, std::uint32_t value);
    /// What came since the last one belongs together.
    void synchronise();

    std::vector<std::byte> bytes_;
};

}  // namespace backspin::cli
