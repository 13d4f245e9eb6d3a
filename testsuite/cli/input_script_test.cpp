#include "cli/input_script.hpp"

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
        {"after \"x\" send \"y\" send \"z\"", "more after the text"},
        {"at soon send \"y\"", "'soon' is not a time"},
        {"at 5 send \"y\"", "'5' is not a time"},
        {"at 2s send \"y\"\nat 1s send \"z\"", "keys.txt:2: this time lies before"},
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
