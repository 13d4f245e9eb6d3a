#include "cli/input_script.hpp"

#include <algorithm>
#include <span>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;

InputScript script(std::string_view text) {
    return InputScript(parse_script(text, "keys.txt"));
}

void show(InputScript& script, std::string_view text) {
    script.hear(std::as_bytes(std::span{text}));
}

std::string due(InputScript& script, std::uint64_t ns = 0) {
    const auto bytes = script.due({ns});
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string complaint(std::string_view text) {
    try {
        parse_script(text, "keys.txt");
    } catch (const ScriptError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(InputScript, ReadsEntriesCommentsAndEscapes) {
    const auto entries = parse_script(
        "# typed by hand\n"
        "\n"
        "after \"login: \" send \"root\\r\\n\"  # the user\r\n"
        "   at 1.5s\tsend \"\\x03\\\\\\\"\\t#\"",
        "keys.txt");
    const std::vector<ScriptEntry> expected{{AfterText{"login: "}, "root\r\n", 3},
                                            {AtTime{{1'500'000'000}}, "\x03\\\"\t#", 4}};
    EXPECT_EQ(entries, expected);
    EXPECT_TRUE(parse_script("", "keys.txt").empty());
}

TEST(InputScript, ComplaintsNameFileAndLine) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"\nbefore \"x\" send \"y\"", "keys.txt:2: 'before' is not known"},
        {"after x send \"y\"", "keys.txt:1: after needs a text in double quotes"},
        {"after \"x send", "has no closing double quote"},
        {"after \"\" send \"y\"", "the text of after is empty"},
        {"after \"x\" \"y\"", "'send' and a text"},
        {"after \"x\" send", "send needs a text"},
        {"after \"x\" send \"y\" send \"z\"", "more after the entry"},
        {"at soon send \"y\"", "'soon' is not a time"},
        {"at 5 send \"y\"", "'5' is not a time"},
        {"at 2s send \"y\"\nat 1s send \"z\"", "keys.txt:2: this time lies before"},
        {"at 1s press 1 2", "more after the entry"},
        {"at 1s press", "'' is no key"},
        {"at 1s key leftctrl+", "'' is no key"},
        {"at 1s key Enter", "'Enter' is no key"},
        {"at 1s move 1", "'' is no coordinate"},
        {"at 1s move 32768 0", "'32768' is no coordinate"},
        {"at 1s button front down", "'front' is no button"},
        {"at 1s button left", "down or up"},
        {"at 1s shout", "key, press, release, move, button"},
        {"at 1s send \"\\q\"", "unknown escape"},
        {"at 1s send \"\\", "unknown escape"},
        {"at 1s send \"\\x4\"", "two hexadecimal digits"},
        {"at 1s send \"\\xzz\"", "two hexadecimal digits"},
        {"at 1s send \"\\x4", "two hexadecimal digits"},
        {"after \"" + std::string(5000, 'x') + "\" send \"y\"", "longer than 4096 bytes"},
        {"at 1s send \"" + std::string(70000, 'x') + "\"", "longer than 65536 bytes"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_THAT(complaint(text), HasSubstr(expected)) << text.substr(0, 60);
    std::string many;
    for (int i = 0; i <= 100'000; ++i) many += "at 1s send \"x\"\n";
    EXPECT_THAT(complaint(many), HasSubstr("keys.txt:100001: more than 100000 entries"));
}

TEST(InputScript, AnswersWhatIsShown) {
    auto keys = script(
        "after \"login: \" send \"root\\n\"\nafter \"$ \" send \"ls\\n\"\nafter \"$ \" send \"exit\\n\"");
    show(keys, "boot $ log");
    EXPECT_EQ(due(keys), "");
    show(keys, "in: ");
    EXPECT_EQ(due(keys), "root\n");
    EXPECT_EQ(due(keys), "");
    show(keys, "welcome\n$");
    EXPECT_EQ(due(keys), "");
    show(keys, " ");
    EXPECT_EQ(due(keys), "ls\n");
    show(keys, "a b\n$ ");
    EXPECT_EQ(due(keys), "exit\n");
    EXPECT_EQ(keys.waiting_for(), nullptr);
    show(keys, "$ ");
    EXPECT_EQ(due(keys), "");
}

TEST(InputScript, DoesNotDependOnWhenItIsAsked) {
    auto keys = script("after \"A\" send \"1\"\nafter \"B\" send \"2\"\nafter \"A\" send \"3\"");
    show(keys, "xAyBz");
    EXPECT_EQ(due(keys), "12");
    EXPECT_EQ(keys.waiting_for()->line, 3U);
}

TEST(InputScript, FindsTextsThatOverlapThemselves) {
    auto keys = script("after \"aab\" send \"1\"\nafter \"abab\" send \"2\"");
    show(keys, "aaaab");
    EXPECT_EQ(due(keys), "1");
    show(keys, "abab");
    EXPECT_EQ(due(keys), "2");
}

// ---- keyboard and pointer -----------------------------------------------------------------------

struct Event {
    std::uint16_t type = 0, code = 0;
    std::uint32_t value = 0;
    bool operator==(const Event&) const = default;
};

std::vector<Event> events(InputScript& script, ScriptDevice device, std::uint64_t ns = 0) {
    const auto bytes = script.due({ns}, device);
    std::vector<Event> events(bytes.size() / sizeof(Event));
    std::ranges::copy(std::span(bytes).first(events.size() * sizeof(Event)),
                      std::as_writable_bytes(std::span(events)).begin());
    return events;
}

constexpr Event kEnd{0, 0, 0};

TEST(InputScript, PressesKeys) {
    auto keys = script("at 1s key leftctrl+c\nat 2s press f12\nat 3s release 0\nat 4s press m");
    EXPECT_EQ(events(keys, ScriptDevice::keyboard, 999'999'999), std::vector<Event>{});
    const std::vector<Event> both{{1, 29, 1}, kEnd, {1, 46, 1}, kEnd, {1, 46, 0}, kEnd, {1, 29, 0}, kEnd};
    EXPECT_EQ(events(keys, ScriptDevice::keyboard, 1'000'000'000), both);
    const std::vector<Event> rest{{1, 88, 1}, kEnd, {1, 11, 0}, kEnd, {1, 50, 1}, kEnd};
    EXPECT_EQ(events(keys, ScriptDevice::keyboard, 4'000'000'000), rest);
    EXPECT_EQ(due(keys), "") << "nothing of it is for the console";
}

TEST(InputScript, MovesThePointer) {
    auto keys = script("at 0s move 100 32767\nat 0s button left down\nat 0s button middle up");
    const std::vector<Event> expected{{3, 0, 100}, {3, 1, 32767}, kEnd, {1, 0x110, 1},
                                      kEnd,        {1, 0x112, 0}, kEnd};
    EXPECT_EQ(events(keys, ScriptDevice::keyboard), std::vector<Event>{});
    EXPECT_TRUE(keys.has_ready());
    EXPECT_EQ(events(keys, ScriptDevice::pointer), expected);
    EXPECT_FALSE(keys.has_ready());
}

TEST(InputScript, KeysAndTextsHaveTheirTurnsInOneOrder) {
    auto keys = script("after \"a\" key b\nafter \"c\" send \"d\"");
    show(keys, "c");
    EXPECT_EQ(due(keys), "");
    show(keys, "ac");
    EXPECT_EQ(due(keys), "d");
    EXPECT_EQ(events(keys, ScriptDevice::keyboard).size(), 4U);
    EXPECT_EQ(keys.first_for(ScriptDevice::keyboard)->line, 1U);
    EXPECT_EQ(keys.first_for(ScriptDevice::pointer), nullptr);
}

TEST(InputScript, KeepsItsTimes) {
    auto keys = script("at 10us send \"a\"\nat 10us send \"b\"\nat 20us send \"c\"");
    EXPECT_EQ(keys.next_time(), VirtualTime{10'000});
    EXPECT_EQ(due(keys, 9'999), "");
    EXPECT_EQ(due(keys, 10'000), "ab");
    EXPECT_EQ(keys.next_time(), VirtualTime{20'000});
    EXPECT_EQ(due(keys, 30'000), "c");
    EXPECT_EQ(keys.next_time(), std::nullopt);
}

TEST(InputScript, ATimeWaitsForTheTextBeforeIt) {
    auto keys = script("after \"ready\" send \"a\"\nat 10us send \"b\"\nafter \"ok\" send \"c\"");
    EXPECT_EQ(keys.next_time(), std::nullopt);
    EXPECT_EQ(due(keys, 50'000), "");
    show(keys, "ready ok");  // this "ok" is shown before the entry has its turn
    EXPECT_EQ(due(keys, 50'000), "ab");
    EXPECT_EQ(due(keys, 50'000), "");
    show(keys, "ok");
    EXPECT_EQ(due(keys, 50'000), "c");
}

}  // namespace
}  // namespace backspin::cli
