#include "gdbstub/agent_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>

namespace backspin::gdbstub {
namespace {

constexpr std::size_t kWidest = 1024;
constexpr std::size_t kLongestText = 65536;

/// One conversion of a format: %-08.3lx
struct Conversion {
    bool left = false, zeros = false, plus = false, space = false, alternate = false;
    std::size_t width = 0;
    std::optional<std::size_t> precision;
    unsigned bits = 32;  ///< of the argument
    char letter = 0;
};

class Formatter {
  public:
    Formatter(std::string_view format, std::span<const std::int64_t> arguments, AgentContext& context)
        : rest_(format), arguments_(arguments), context_(context) {}

    std::optional<std::string> text() {
        while (!rest_.empty()) {
            const char next = take();
            const bool done = next == '%' ? convert() : next == '\\' ? escape() : (text_ += next, true);
            if (!done || text_.size() > kLongestText) return std::nullopt;
        }
        return text_;
    }

  private:
    char take() {
        const char next = rest_.front();
        rest_.remove_prefix(1);
        return next;
    }
    bool accept(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::size_t digits() {
        std::size_t value = 0;
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9')
            value = std::min<std::size_t>(kWidest, 10 * value + static_cast<std::size_t>(take() - '0'));
        return value;
    }

    /// The text arrives as it stands in a source file.
    bool escape() {
        if (rest_.empty()) return false;
        const char letter = take();
        if (letter >= '0' && letter <= '7') {
            unsigned value = static_cast<unsigned>(letter - '0');
            for (int i = 0; i < 2 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '7'; ++i)
                value = 8 * value + static_cast<unsigned>(take() - '0');
            text_ += static_cast<char>(value);
            return true;
        }
        constexpr std::string_view kLetters = "abefnrtv";
        constexpr std::string_view kMeant = "\a\b\x1b\f\n\r\t\v";
        const auto known = kLetters.find(letter);
        text_ += known == std::string_view::npos ? letter : kMeant[known];
        return true;
    }

    std::optional<Conversion> read_conversion() {
        Conversion conversion;
        for (;;) {
            if (accept('-'))
                conversion.left = true;
            else if (accept('0'))
                conversion.zeros = true;
            else if (accept('+'))
                conversion.plus = true;
            else if (accept(' '))
                conversion.space = true;
            else if (accept('#'))
                conversion.alternate = true;
            else
                break;
        }
        conversion.width = digits();
        if (accept('.')) conversion.precision = digits();
        while (!rest_.empty() && std::string_view("lhzjt").find(rest_.front()) != std::string_view::npos)
            conversion.bits = take() == 'h' ? conversion.bits / 2 : 64;
        if (rest_.empty()) return std::nullopt;
        conversion.letter = take();
        return conversion;
    }

    bool convert() {
        if (accept('%')) return text_ += '%', true;
        const auto conversion = read_conversion();
        if (!conversion || arguments_.empty() || conversion->bits < 8) return false;
        const auto value = static_cast<std::uint64_t>(arguments_.front());
        arguments_ = arguments_.subspan(1);
        switch (conversion->letter) {
            case 'c': return put(*conversion, "", std::string(1, static_cast<char>(value)), ' ');
            case 's': return put_string(*conversion, value);
            case 'd':
            case 'i':
            case 'u':
            case 'o':
            case 'x':
            case 'X':
            case 'p': return put_number(*conversion, value);
            default: return false;
        }
    }

    bool put_string(const Conversion& conversion, std::uint64_t at) {
        const auto most = std::min<std::size_t>(conversion.precision.value_or(kLongestText), kLongestText);
        std::string found;
        for (std::byte byte{}; found.size() < most; found += std::to_integer<char>(byte)) {
            if (!context_.agent_memory(Address{at + found.size()}, std::span(&byte, 1))) return false;
            if (byte == std::byte{}) break;
        }
        return put(conversion, "", found, ' ');
    }

    bool put_number(Conversion conversion, std::uint64_t value) {
        const bool is_pointer = conversion.letter == 'p';
        const bool is_signed = conversion.letter == 'd' || conversion.letter == 'i';
        if (is_pointer) conversion.bits = 64;
        const auto unused = 64 - conversion.bits;
        value = value << unused >> unused;
        const bool negative = is_signed && (value >> (conversion.bits - 1)) != 0;
        if (negative) value = (0 - value) << unused >> unused;
        const int base = conversion.letter == 'o' ? 8 : is_signed || conversion.letter == 'u' ? 10 : 16;
        std::array<char, 32> buffer{};
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base).ptr;
        std::string digits(buffer.data(), end);
        if (conversion.letter == 'X')
            std::ranges::transform(digits, digits.begin(),
                                   [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
        if (conversion.precision && digits.size() < *conversion.precision)
            digits.insert(0, *conversion.precision - digits.size(), '0');
        std::string sign = negative ? "-" : is_signed && conversion.plus ? "+" : "";
        if (sign.empty() && is_signed && conversion.space) sign = " ";
        if (base == 16 && (is_pointer || (conversion.alternate && value != 0)))
            sign = conversion.letter == 'X' ? "0X" : "0x";
        if (base == 8 && conversion.alternate && digits.front() != '0') sign = "0";
        return put(conversion, sign, digits, conversion.zeros && !conversion.precision ? '0' : ' ');
    }

    bool put(const Conversion& conversion, const std::string& sign, const std::string& body, char fill) {
        const auto length = sign.size() + body.size();
        const auto missing = conversion.width > length ? conversion.width - length : 0;
        if (conversion.left) {
            text_ += sign + body + std::string(missing, ' ');
        } else if (fill == '0') {
            text_ += sign + std::string(missing, '0') + body;
        } else {
            text_ += std::string(missing, ' ') + sign + body;
        }
        return true;
    }

    std::string_view rest_;
    std::span<const std::int64_t> arguments_;
    AgentContext& context_;
    std::string text_;
};

}  // namespace

std::optional<std::string> agent_format(std::string_view format, std::span<const std::int64_t> arguments,
                                        AgentContext& context) {
    return Formatter(format, arguments, context).text();
}

}  // namespace backspin::gdbstub
