// Addresses and sizes as messages print them.
#pragma once

#include <cstdint>
#include <string>

namespace backspin::emu {

/// "0x80000000".
inline std::string hex(std::uint64_t value) {
    constexpr const char* kDigits = "0123456789abcdef";
    std::string digits;
    do {
        digits.insert(digits.begin(), kDigits[value % 16]);
        value /= 16;
    } while (value != 0);
    return "0x" + digits;
}

}  // namespace backspin::emu
