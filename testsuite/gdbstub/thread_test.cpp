#include "gdbstub/packets/thread.hpp"

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class Threads : public SessionTest {};

TEST_F(Threads, AreListedAsADocument) {
    EXPECT_EQ(ask("qXfer:threads:read::0,1000"), R"(l<?xml version="1.0"?>
<threads>
  <thread id="1" core="0" name="hart0">M-mode</thread>
  <thread id="2" core="1" name="hart1">M-mode, wfi</thread>
</threads>
)");
}

TEST_F(Threads, StayTheSameWithinOneReadingOfTheDocument) {
    const std::string first = ask("qXfer:threads:read::0,50");
    target.thread_list[1].state = "U-mode";
    const std::string rest = ask("qXfer:threads:read::50,1000");
    EXPECT_EQ(first[0], 'm');
    EXPECT_EQ(rest[0], 'l');
    EXPECT_NE((first.substr(1) + rest.substr(1)).find("hart1\">M-mode, wfi<"), std::string::npos);
    EXPECT_NE(ask("qXfer:threads:read::0,1000").find("hart1\">U-mode<"), std::string::npos);
}

TEST_F(Threads, AreListedTheOldWay) {
    EXPECT_EQ(ask("qfThreadInfo"), "m1,2");
    EXPECT_EQ(ask("qsThreadInfo"), "l");
    EXPECT_EQ(text_from_hex(ask("qThreadExtraInfo,2")), "hart1 [M-mode, wfi]");
    EXPECT_EQ(ask("qThreadExtraInfo,3"), "E03");
}

TEST_F(Threads, AreAliveIfTheyExist) {
    EXPECT_EQ(ask("T2"), "OK");
    EXPECT_EQ(ask("Tp1.2"), "OK");
    EXPECT_EQ(ask("T3"), "E.no such thread");
    EXPECT_EQ(ask("T0"), "E.malformed packet");
}

TEST_F(Threads, AreSelectedByHgAndByStops) {
    EXPECT_EQ(ask("qC"), "QC1");
    EXPECT_EQ(ask("Hg2"), "OK");
    EXPECT_EQ(ask("qC"), "QC2");
    EXPECT_EQ(ask("Hg0"), "OK");
    EXPECT_EQ(ask("qC"), "QC2");
    client->resume("vCont;c");
    client->stop({ThreadId{1}, Stepped{}});
    EXPECT_EQ(ask("qC"), "QC1");
    EXPECT_EQ(ask("Hg7"), "E.no such thread");
    EXPECT_EQ(ask("Hx1"), "E.malformed packet");
}

TEST(ThreadSelector, ReadsEverySpelling) {
    const auto parse = [](std::string_view text) {
        Scanner scanner(text);
        return ThreadSelector::parse(scanner);
    };
    EXPECT_EQ(parse("0"), ThreadSelector{});
    EXPECT_EQ(parse("-1"), ThreadSelector{});
    EXPECT_EQ(parse("1f"), ThreadSelector{ThreadId{0x1f}});
    EXPECT_EQ(parse("p1.2"), ThreadSelector{ThreadId{2}});
    EXPECT_EQ(parse("p1.-1"), ThreadSelector{});
    EXPECT_EQ(parse("p-1"), ThreadSelector{});
    EXPECT_EQ(parse("p1"), ThreadSelector{});
    EXPECT_EQ(parse(""), std::nullopt);
    EXPECT_EQ(parse("-2"), std::nullopt);
    EXPECT_EQ(parse("p.1"), std::nullopt);
    EXPECT_EQ(parse("11111111111111111"), std::nullopt);
}

}  // namespace
}  // namespace backspin::gdbstub::testing
