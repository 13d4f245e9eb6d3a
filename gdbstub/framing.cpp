#include "gdbstub/framing.hpp"

#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

constexpr char kInterrupt = '\x03';
constexpr char kEscapeBit = 0x20;
constexpr unsigned kNoChecksum = 0x100;

constexpr auto kHasMeaning = [] {
    std::array<bool, 256> table{};
    for (const unsigned char character : {'$', '#', '}', '*'}) table[character] = true;
    return table;
}();

bool has_meaning(char character) {
    return kHasMeaning[static_cast<unsigned char>(character)];
}

std::string with_checksum(std::string_view body) {
    std::uint8_t sum = 0;
    for (const char character : body)
        sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(character));
    std::string frame;
    frame.reserve(body.size() + 4);
    frame += '$';
    frame += body;
    fmt::format_to(std::back_inserter(frame), "#{:02x}", sum);
    return frame;
}

}  // namespace

std::optional<Received> Deframer::push(std::byte byte) {
    const auto character = static_cast<char>(byte);
    if (character == '$') {
        begin();
        return std::nullopt;
    }
    switch (state_) {
        case State::outside: return outside_packet(character);
        case State::body:
        case State::escaped: push_body(character); return std::nullopt;
        case State::checksum_high:
            expected_ = hex_digit(character).value_or(kNoChecksum) << 4;
            state_ = State::checksum_low;
            return std::nullopt;
        case State::checksum_low:
            expected_ |= hex_digit(character).value_or(kNoChecksum);
            state_ = State::outside;
            return finish();
    }
    return std::nullopt;
}

void Deframer::begin() {
    state_ = State::body;
    body_.clear();
    length_ = 0;
    sum_ = 0;
}

std::optional<Received> Deframer::outside_packet(char character) {
    switch (character) {
        case '+': return Acknowledged{};
        case '-': return ResendRequest{};
        case kInterrupt: return InterruptByte{};
        default: return std::nullopt;
    }
}

void Deframer::push_body(char character) {
    if (character == '#') {
        state_ = State::checksum_high;
        return;
    }
    sum_ = static_cast<std::uint8_t>(sum_ + static_cast<std::uint8_t>(character));
    ++length_;
    if (state_ == State::escaped) {
        state_ = State::body;
        store(static_cast<char>(character ^ kEscapeBit));
    } else if (character == '}') {
        state_ = State::escaped;
    } else {
        store(character);
    }
}

void Deframer::store(char character) {
    if (length_ <= maximum_) body_.push_back(character);
}

Received Deframer::finish() {
    if (length_ > maximum_) {
        body_ = {};
        return OversizedPacket{};
    }
    return Packet{.body = std::exchange(body_, {}), .intact = expected_ == sum_};
}

std::string frame_text(std::string_view body) {
    std::string sendable(body);
    for (char& character : sendable) {
        if (has_meaning(character)) character = '_';
        if (static_cast<unsigned char>(character) < ' ') character = ' ';
    }
    return with_checksum(sendable);
}

// Memory is read through here: what needs no escape is copied as a whole.
std::string frame_binary(std::string_view body) {
    std::string escaped;
    escaped.reserve(body.size() + body.size() / 16);
    for (std::size_t at = 0; at < body.size(); ++at) {
        std::size_t end = at;
        while (end < body.size() && !has_meaning(body[end])) ++end;
        escaped.append(body, at, end - at);
        at = end;
        if (at == body.size()) break;
        escaped.push_back('}');
        escaped.push_back(static_cast<char>(body[at] ^ kEscapeBit));
    }
    return with_checksum(escaped);
}

}  // namespace backspin::gdbstub
