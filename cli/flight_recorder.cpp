#include "cli/flight_recorder.hpp"

namespace backspin::cli {
namespace {

// The regular expressions of the standard library recurse with every character: a guest that never ends its
// line must not overflow our stack.
constexpr std::size_t kLongestLine = 2048;

// "Kernel panic - not syncing: ..." of Linux, "panic: ..." of the BSDs and xv6.
constexpr const char* kPanic = "panic( - not syncing)?: ";

}  // namespace

Trigger::Trigger(const SaveOn& choice)
    : choice_(choice), expression_(choice.kind == SaveOn::Kind::text ? choice.text : kPanic) {}

void Trigger::judge(const std::string& line) {
    heard_ = heard_ || std::regex_search(line, expression_);
}

void Trigger::hear(Channel channel, std::span<const std::byte> output) {
    if (heard_ || choice_.kind == SaveOn::Kind::failure) return;
    auto& line = lines_[channel.value];
    for (const auto byte : output) {
        const auto c = std::to_integer<char>(byte);
        if (c != '\n' && c != '\r') line += c;
        if (c != '\n' && line.size() < kLongestLine) continue;
        judge(line);
        line.clear();
    }
}

bool Trigger::heard() {
    if (choice_.kind == SaveOn::Kind::failure) return false;
    for (auto& [channel, line] : lines_) {
        if (!heard_ && !line.empty()) judge(line);
    }
    return heard_;
}

}  // namespace backspin::cli
