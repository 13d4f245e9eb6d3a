#include "cli/console/escape.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace backspin::cli {
namespace {

struct Typed {
    std::string text;
    bool end = false;
    bool help = false;
    bool operator==(const Typed&) const = default;
};

Typed feed(EscapeFilter& filter, std::string_view keys) {
    const auto result = filter.feed(std::as_bytes(std::span{keys}));
    return {
        {reinterpret_cast<const char*>(result.typed.data()), result.typed.size()}, result.end, result.help};
}

TEST(EscapeFilter, LetsOrdinaryKeysThroughCtrlCToo) {
    EscapeFilter filter;
    EXPECT_EQ(feed(filter, "ls -x\r\x03\x04"), (Typed{"ls -x\r\x03\x04"}));
}

TEST(EscapeFilter, CtrlAXEndsAndSwallowsTheRest) {
    EscapeFilter filter;
    EXPECT_EQ(feed(filter, "a\x01xb"), (Typed{"a", true}));
    EXPECT_EQ(feed(filter, "c"), (Typed{}));
}

TEST(EscapeFilter, CtrlAMaySendItself) {
    EscapeFilter filter;
    EXPECT_EQ(feed(filter,
                   "\x01"
                   "a-\x01\x01-"),
              (Typed{"\x01-\x01-"}));
}

TEST(EscapeFilter, CtrlAHelps) {
    EscapeFilter filter;
    EXPECT_EQ(feed(filter, "\x01h"), (Typed{"", false, true}));
    EXPECT_EQ(feed(filter, "\x01?"), (Typed{"", false, true}));
}

TEST(EscapeFilter, DropsKeysThatMeanNothingAfterCtrlA) {
    EscapeFilter filter;
    EXPECT_EQ(feed(filter, "\x01qz"), (Typed{"z"}));
}

TEST(EscapeFilter, MayBeCutAnywhere) {
    EscapeFilter filter;
    EXPECT_EQ(feed(filter, "a\x01"), (Typed{"a"}));
    EXPECT_EQ(feed(filter, "x"), (Typed{"", true}));
}

}  // namespace
}  // namespace backspin::cli
