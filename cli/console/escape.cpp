#include "cli/console/escape.hpp"

namespace backspin::cli {

EscapeFilter::Result EscapeFilter::feed(std::span<const std::byte> bytes) {
    constexpr std::byte kEscape{0x01};
    Result result;
    for (const auto byte : bytes) {
        if (ended_) break;
        if (!after_escape_) {
            if (byte == kEscape)
                after_escape_ = true;
            else
                result.typed.push_back(byte);
            continue;
        }
        after_escape_ = false;
        switch (std::to_integer<char>(byte)) {
            case 'x':
            case 'X': ended_ = result.end = true; break;
            case 'h':
            case '?': result.help = true; break;
            case 'a':
            case '\x01': result.typed.push_back(kEscape); break;
            default: break;
        }
    }
    return result;
}

}  // namespace backspin::cli
