#include "cli/input_script.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/input_events.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

constexpr std::size_t kMostEntries = 100'000;
constexpr std::size_t kLongestTrigger = 4096;
constexpr std::size_t kLongestSend = 65536;

/// Reads one line from left to right; every complaint names the file and the line.
class LineReader {
  public:
    LineReader(std::string_view line, std::size_t number, const std::string& file)
        : rest_(line), number_(number), file_(file) {
        skip_blanks();
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw ScriptError(fmt::format("{}:{}: {}", file_, number_, what));
    }

    bool at_end() const { return rest_.empty() || rest_.front() == '#'; }

    std::string_view word() {
        const auto word = rest_.substr(0, rest_.find_first_of(" \t\"#"));
        rest_.remove_prefix(word.size());
        skip_blanks();
        return word;
    }

    std::string quoted(const char* role, std::size_t longest) {
        if (!rest_.starts_with('"')) fail(fmt::format("{} needs a text in double quotes", role));
        rest_.remove_prefix(1);
        std::string text;
        while (!rest_.starts_with('"')) {
            if (rest_.empty()) fail(fmt::format("the text of {} has no closing double quote", role));
            text += character();
        }
        rest_.remove_prefix(1);
        skip_blanks();
        if (text.empty()) fail(fmt::format("the text of {} is empty", role));
        if (text.size() > longest) fail(fmt::format("the text of {} is longer than {} bytes", role, longest));
        return text;
    }

  private:
    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

    char character() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c != '\\') return c;
        const char escape = rest_.empty() ? '\0' : rest_.front();
        if (!rest_.empty()) rest_.remove_prefix(1);
        switch (escape) {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case '\\': return '\\';
            case '"': return '"';
            case 'x': return hexadecimal();
            default: fail("unknown escape; there are \\n \\r \\t \\\\ \\\" and \\xNN");
        }
    }

    char hexadecimal() {
        const auto value = parse_number("0x" + std::string(rest_.substr(0, 2)));
        if (rest_.size() < 2 || !value) fail("\\x needs two hexadecimal digits");
        rest_.remove_prefix(2);
        return static_cast<char>(*value);
    }

    std::string_view rest_;
    std::size_t number_;
    const std::string& file_;
};

std::uint16_t read_key(LineReader& line, std::string_view name) {
    const auto code = key_code(name);
    if (!code)
        line.fail(
            fmt::format("'{}' is no key; keys are a to z, 0 to 9, enter, space, leftshift, f1 ...", name));
    return *code;
}

std::uint16_t read_coordinate(LineReader& line) {
    const auto word = line.word();
    const auto value = parse_number(word);
    constexpr std::uint64_t kMost = 32767;
    if (!value || *value > kMost)
        line.fail(fmt::format("'{}' is no coordinate; move needs two, from 0 to {}", word, kMost));
    return static_cast<std::uint16_t>(*value);
}

/// Keys with + between them are pressed in their order and released in the other.
void read_keys(LineReader& line, InputEvents& events) {
    std::vector<std::uint16_t> codes;
    for (auto rest = line.word();; rest.remove_prefix(rest.find('+') + 1)) {
        codes.push_back(read_key(line, rest.substr(0, rest.find('+'))));
        if (rest.find('+') == std::string_view::npos) break;
    }
    for (const auto code : codes) events.press(code);
    std::ranges::reverse(codes);
    for (const auto code : codes) events.release(code);
}

void read_button(LineReader& line, InputEvents& events) {
    const auto name = line.word();
    const auto button = button_code(name);
    if (!button) line.fail(fmt::format("'{}' is no button; there are left, right and middle", name));
    const auto way = line.word();
    if (way != "down" && way != "up") line.fail("a button goes down or up");
    if (way == "down") {
        events.press(*button);
    } else {
        events.release(*button);
    }
}

/// What the entry does, after its condition.
void parse_action(LineReader& line, ScriptEntry& entry) {
    const auto verb = line.word();
    if (verb == "send") {
        entry.send = line.quoted("send", kLongestSend);
        return;
    }
    InputEvents events;
    entry.device = ScriptDevice::keyboard;
    if (verb == "key") {
        read_keys(line, events);
    } else if (verb == "press") {
        events.press(read_key(line, line.word()));
    } else if (verb == "release") {
        events.release(read_key(line, line.word()));
    } else if (verb == "move") {
        const auto x = read_coordinate(line);
        events.move(x, read_coordinate(line));
        entry.device = ScriptDevice::pointer;
    } else if (verb == "button") {
        read_button(line, events);
        entry.device = ScriptDevice::pointer;
    } else {
        line.fail(
            "'send' and a text in double quotes are missing, or one of key, press, release, move, button");
    }
    const auto bytes = events.take();
    entry.send.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

ScriptEntry parse_entry(LineReader& line) {
    ScriptEntry entry;
    const auto verb = line.word();
    if (verb == "after") {
        entry.when = AfterText{line.quoted("after", kLongestTrigger)};
    } else if (verb == "at") {
        const auto word = line.word();
        const auto time = parse_virtual_time(word);
        if (!time)
            line.fail(
                fmt::format("'{}' is not a time; write it with its unit, as in at 1.5s or at 200us", word));
        entry.when = AtTime{*time};
    } else {
        line.fail(fmt::format(
            "'{}' is not known; lines are: after \"TEXT\" send \"...\" or: at TIME send \"...\"", verb));
    }
    parse_action(line, entry);
    if (!line.at_end()) line.fail("there is more after the entry; one entry a line");
    return entry;
}

}  // namespace

std::vector<ScriptEntry> parse_script(std::string_view content, const std::string& file) {
    std::vector<ScriptEntry> entries;
    VirtualTime latest;
    for (std::size_t number = 1; !content.empty(); ++number) {
        auto text = content.substr(0, content.find('\n'));
        content.remove_prefix(std::min(text.size() + 1, content.size()));
        if (text.ends_with('\r')) text.remove_suffix(1);
        LineReader line(text, number, file);
        if (line.at_end()) continue;
        if (entries.size() == kMostEntries) line.fail(fmt::format("more than {} entries", kMostEntries));
        auto& entry = entries.emplace_back(parse_entry(line));
        entry.line = number;
        if (const auto* at = std::get_if<AtTime>(&entry.when)) {
            if (at->time < latest)
                line.fail("this time lies before that of an earlier line; put them in order");
            latest = at->time;
        }
    }
    return entries;
}

InputScript::InputScript(std::vector<ScriptEntry> entries) : entries_(std::move(entries)) {
    await_current();
}

const ScriptEntry* InputScript::waiting_for() const {
    return next_ < entries_.size() ? &entries_[next_] : nullptr;
}

void InputScript::await_current() {
    matched_ = 0;
    borders_.clear();
    const auto* entry = waiting_for();
    const auto* after = entry != nullptr ? std::get_if<AfterText>(&entry->when) : nullptr;
    if (after == nullptr) return;
    // Knuth, Morris and Pratt: borders_[i] is the longest proper prefix that the first i + 1 bytes end with.
    const auto& text = after->text;
    borders_.assign(text.size(), 0);
    for (std::size_t i = 1, border = 0; i < text.size(); ++i) {
        while (border > 0 && text[i] != text[border]) border = borders_[border - 1];
        if (text[i] == text[border]) ++border;
        borders_[i] = border;
    }
}

void InputScript::advance() {
    ready_of(entries_[next_].device) += entries_[next_].send;
    ++next_;
    await_current();
}

void InputScript::match(char shown) {
    const auto* entry = waiting_for();
    const auto* after = entry != nullptr ? std::get_if<AfterText>(&entry->when) : nullptr;
    if (after == nullptr) return;
    while (matched_ > 0 && after->text[matched_] != shown) matched_ = borders_[matched_ - 1];
    if (after->text[matched_] == shown) ++matched_;
    if (matched_ == after->text.size()) advance();
}

void InputScript::hear(std::span<const std::byte> output) {
    for (const auto byte : output) match(static_cast<char>(byte));
}

std::vector<std::byte> InputScript::due(VirtualTime now, ScriptDevice device) {
    for (auto time = next_time(); time && *time <= now; time = next_time()) advance();
    auto& ready = ready_of(device);
    const auto bytes = std::as_bytes(std::span{ready});
    std::vector<std::byte> typed(bytes.begin(), bytes.end());
    ready.clear();
    return typed;
}

bool InputScript::has_ready() const {
    return std::ranges::any_of(ready_, [](const auto& ready) { return !ready.empty(); });
}

const ScriptEntry* InputScript::first_for(ScriptDevice device) const {
    const auto found = std::ranges::find(entries_, device, &ScriptEntry::device);
    return found == entries_.end() ? nullptr : &*found;
}

std::optional<VirtualTime> InputScript::next_time() const {
    const auto* entry = waiting_for();
    const auto* at = entry != nullptr ? std::get_if<AtTime>(&entry->when) : nullptr;
    if (at == nullptr) return std::nullopt;
    return at->time;
}

}  // namespace backspin::cli
