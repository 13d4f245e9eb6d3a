#include "cli/console_history.hpp"

#include <string>

#include <gtest/gtest.h>

namespace backspin::cli {
namespace {

constexpr Channel kConsole{0}, kOther{7};

class ConsoleHistoryTest : public ::testing::Test {
  protected:
    void print(std::uint64_t at, const std::string& text, Branch branch = {}, Channel channel = kConsole) {
        shown_.add({branch, {at}}, channel, std::as_bytes(std::span(text)));
    }
    std::optional<std::uint64_t> first(const std::string& text, Branch branch = {}) const {
        const auto at = shown_.first_with(text, [&](Position at) { return at.branch == branch; });
        return at ? std::optional(at->value) : std::nullopt;
    }

    ConsoleHistory shown_{{kConsole}};
};

TEST_F(ConsoleHistoryTest, ALineIsWhereItsFirstByteWas) {
    print(10, "boo");
    print(20, "ting\r\nready\n");
    print(30, "ready again\n");
    EXPECT_EQ(first("booting"), 10);
    EXPECT_EQ(first("ting"), 10);
    EXPECT_EQ(first("ready"), 20);
    EXPECT_EQ(first("again"), 30);
    EXPECT_EQ(first("nothing"), std::nullopt);
    EXPECT_EQ(first("booting\nready"), std::nullopt) << "lines are looked at one by one";
}

TEST_F(ConsoleHistoryTest, APromptIsALine) {
    print(10, "login: ");
    EXPECT_EQ(first("login"), 10);
    print(20, "root\n");
    EXPECT_EQ(first("login: root"), 10);
}

TEST_F(ConsoleHistoryTest, OfAnotherBranchOrChannelDoesNotCount) {
    print(10, "here\n");
    print(50, "there\n", {1});
    print(40, "here\n", {1});
    print(20, "there\n", {}, kOther);
    EXPECT_EQ(first("there"), std::nullopt);
    EXPECT_EQ(first("there", {1}), 50);
    EXPECT_EQ(first("here"), 10);
    EXPECT_EQ(first("here", {1}), 40);
}

TEST_F(ConsoleHistoryTest, OfAGuestThatPrintsForDaysTheOldestLinesGo) {
    print(1, "the very first\n");
    const std::string line(4000, 'x');
    for (std::uint64_t at = 2; at < 18'000; ++at) print(at, line + std::to_string(at) + "\n");
    EXPECT_EQ(first("the very first"), std::nullopt);
    EXPECT_EQ(first("x17999"), 17'999);
}

}  // namespace
}  // namespace backspin::cli
