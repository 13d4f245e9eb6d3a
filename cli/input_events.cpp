#include "cli/input_events.hpp"

#include <algorithm>
#include <array>

#include "emu/devices/virtio/input.hpp"

namespace backspin::cli {
namespace {

namespace ev = emu::virtio::input_event;

struct Name {
    std::string_view name;
    std::uint16_t code;
};

/// Keys that stand side by side have codes that follow each other.
constexpr std::array<std::string_view, 4> kRows{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"};
constexpr std::array<std::uint16_t, 4> kRowCodes{2, 16, 30, 44};

constexpr std::array<Name, 53> kNames{
    {{"esc", 1},         {"minus", 12},      {"equal", 13},      {"backspace", 14},  {"tab", 15},
     {"leftbrace", 26},  {"rightbrace", 27}, {"enter", 28},      {"leftctrl", 29},   {"semicolon", 39},
     {"apostrophe", 40}, {"grave", 41},      {"leftshift", 42},  {"backslash", 43},  {"comma", 51},
     {"dot", 52},        {"slash", 53},      {"rightshift", 54}, {"kpasterisk", 55}, {"leftalt", 56},
     {"space", 57},      {"capslock", 58},   {"f1", 59},         {"f2", 60},         {"f3", 61},
     {"f4", 62},         {"f5", 63},         {"f6", 64},         {"f7", 65},         {"f8", 66},
     {"f9", 67},         {"f10", 68},        {"numlock", 69},    {"scrolllock", 70}, {"f11", 87},
     {"f12", 88},        {"rightctrl", 97},  {"sysrq", 99},      {"rightalt", 100},  {"home", 102},
     {"up", 103},        {"pageup", 104},    {"left", 105},      {"right", 106},     {"end", 107},
     {"down", 108},      {"pagedown", 109},  {"insert", 110},    {"delete", 111},    {"pause", 119},
     {"leftmeta", 125},  {"rightmeta", 126}, {"compose", 127}}};

std::optional<std::uint16_t> code_in(std::span<const Name> names, std::string_view name) {
    const auto found = std::ranges::find(names, name, &Name::name);
    if (found == names.end()) return std::nullopt;
    return found->code;
}

}  // namespace

std::optional<std::uint16_t> key_code(std::string_view name) {
    if (name.size() != 1) return code_in(kNames, name);
    for (std::size_t row = 0; row < kRows.size(); ++row) {
        const auto place = kRows[row].find(name.front());
        if (place != std::string_view::npos) return static_cast<std::uint16_t>(kRowCodes[row] + place);
    }
    return std::nullopt;
}

std::optional<std::uint16_t> button_code(std::string_view name) {
    static constexpr std::array<Name, 3> kButtons{
        {{"left", ev::kLeft}, {"right", ev::kRight}, {"middle", ev::kMiddle}}};
    return code_in(kButtons, name);
}

void InputEvents::add(std::uint16_t type, std::uint16_t code, std::uint32_t value) {
    for (const unsigned shift : {0u, 8u}) bytes_.push_back(static_cast<std::byte>(type >> shift));
    for (const unsigned shift : {0u, 8u}) bytes_.push_back(static_cast<std::byte>(code >> shift));
    for (const unsigned shift : {0u, 8u, 16u, 24u}) bytes_.push_back(static_cast<std::byte>(value >> shift));
}

void InputEvents::synchronise() {
    add(ev::kSyn, 0, 0);
}

void InputEvents::key(std::uint16_t code, std::uint32_t value) {
    add(ev::kKey, code, value);
    synchronise();
}

void InputEvents::move(std::uint16_t x, std::uint16_t y) {
    add(ev::kAbs, ev::kX, x);
    add(ev::kAbs, ev::kY, y);
    synchronise();
}

}  // namespace backspin::cli
