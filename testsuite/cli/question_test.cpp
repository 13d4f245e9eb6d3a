#include "cli/query/question.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

template <class T>
T parsed(const char* text) {
    return std::get<T>(parse_question(text));
}

std::string complaint(const char* text) {
    try {
        parse_question(text);
    } catch (const StartError& error) {
        return error.what();
    }
    return "none";
}

TEST(Question, SaysWhatItIsAbout) {
    const auto all = parsed<WriteQuestion>("writes counter:4 1000 end");
    EXPECT_EQ(all.which, WriteQuestion::Which::all);
    EXPECT_EQ(all.target.name, "counter");
    EXPECT_EQ(all.target.length, 4U);
    EXPECT_EQ(all.from, Place(StepCount{1000}));
    EXPECT_EQ(all.to, Place(HistoryEnd::end));
    EXPECT_EQ(parsed<WriteQuestion>("last-write 0x80001000 1.5s").to, Place(VirtualTime{1'500'000'000}));
    EXPECT_TRUE(parsed<AttemptQuestion>("calls main").is_call);
    EXPECT_FALSE(parsed<AttemptQuestion>("executed main").is_call);
    EXPECT_EQ(parsed<ValueQuestion>("value x crash").at, Place(BookmarkName{"crash"}));
    EXPECT_EQ(parsed<RegisterQuestion>("last-change a0").name, "a0");
    const auto bisect = parsed<BisectQuestion>("  bisect x   >= 0x10 ");
    EXPECT_EQ(bisect.relation, BisectQuestion::Relation::greater_or_equal);
    EXPECT_EQ(bisect.value, 16U);
}

TEST(Question, SaysWhatIsWrongWithIt) {
    EXPECT_THAT(complaint("who"), ::testing::HasSubstr("last-write TARGET"));
    EXPECT_EQ(complaint("writes"), "writes wants: writes TARGET [FROM [TO]]");
    EXPECT_EQ(complaint("value a b c"), "value wants: value TARGET [AT]");
    EXPECT_THAT(complaint("writes x:0"), ::testing::HasSubstr("a length is 1 to 4096 bytes"));
    EXPECT_THAT(complaint("writes x:4097"), ::testing::HasSubstr("a length is 1 to 4096 bytes"));
    EXPECT_THAT(complaint("writes x 12q"), ::testing::HasSubstr("'12q' is no place in time"));
    EXPECT_THAT(complaint("bisect x ~ 5"), ::testing::HasSubstr("bisect wants TARGET"));
}

bool is_question(std::string_view word) {
    return std::ranges::any_of(question_forms(), [&](const auto& form) { return form.word == word; });
}

TEST(Question, ListsEachOne) {
    for (const auto* word :
         {"last-write", "first-write", "writes", "executed", "calls", "value", "last-change", "bisect"}) {
        EXPECT_TRUE(is_question(word));
        EXPECT_THAT(list_of_questions(), ::testing::HasSubstr(std::string(word) + " "));
    }
    EXPECT_FALSE(is_question("when"));
}

}  // namespace
}  // namespace backspin::cli
