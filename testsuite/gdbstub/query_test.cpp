#include "gdbstub/packets/query.hpp"

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class Queries : public SessionTest {
  protected:
    std::string console(std::string_view reply) {
        return reply.starts_with('O') ? text_from_hex(reply.substr(1)).value_or("<not hex>")
                                      : "<no console text>";
    }
};

TEST_F(Queries, AdvertisesWhatIsThere) {
    EXPECT_EQ(
        ask("qSupported:swbreak+;hwbreak+;error-message+"),
        "PacketSize=20000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;qXfer:exec-file:read+;"
        "vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+;binary-upload+;error-message+");
}

TEST_F(Queries, AdvertisesNothingThatIsAbsentOrWasNotOffered) {
    target.moves_offered = {};
    target.has_breakpoints = target.has_monitor = target.has_exec_file = target.has_host_info = false;
    EXPECT_EQ(ask("qSupported:swbreak+;hwbreak+"),
              "PacketSize=20000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;vContSupported+;"
              "binary-upload+");
    target.has_breakpoints = true;
    EXPECT_EQ(
        ask("qSupported:hwbreak+;swbreak-"),
        "PacketSize=20000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;vContSupported+;hwbreak+;"
        "binary-upload+");
    EXPECT_EQ(ask("qSupported"),
              "PacketSize=20000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;vContSupported+;"
              "binary-upload+");
}

TEST_F(Queries, GivesTheEmptyReplyToWhatItDoesNotKnow) {
    for (const char* packet :
         {"vMustReplyEmpty", "qTStatus", "qOffsets", "qXfer:memory-map:read::0,1000",
          "qXfer:auxv:read::0,100", "qXfer:features:write:target.xml:0:abc", "QNonStop:1", "", "qCx", "bz",
          "vCont", "?x", "~", "QListThreadsInStopReply", "vAttach;1", "i", "b9600"}) {
        EXPECT_EQ(ask(packet), "") << packet;
    }
}

TEST_F(Queries, AnswersTheSmallOnes) {
    EXPECT_EQ(ask("qAttached"), "1");
    EXPECT_EQ(ask("qAttached:a410"), "1");
    EXPECT_EQ(ask("qSymbol::"), "OK");
    EXPECT_EQ(ask("qC"), "QC1");
    EXPECT_EQ(ask("!"), "OK");
    EXPECT_EQ(ask("vCtrlC"), "OK");
}

TEST_F(Queries, RunMonitorCommandsAndShowTheirText) {
    const std::vector<std::string> replies = client->replies("qRcmd," + to_hex("when"));
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_EQ(console(replies[0]), "position 12\n");
    EXPECT_EQ(replies[1], "OK");
    EXPECT_EQ(ask("qRcmd," + to_hex("quiet")), "OK");
    EXPECT_EQ(target.commands, (std::vector<std::string>{"when", "quiet"}));
}

TEST_F(Queries, SayOnWhichThreadAMonitorCommandIs) {
    ask("qRcmd," + to_hex("quiet"));
    ask("Hg2");
    ask("qRcmd," + to_hex("quiet"));
    EXPECT_EQ(target.selected_threads, (std::vector<ThreadId>{ThreadId{1}, ThreadId{2}}));
}

TEST_F(Queries, CutLongTextOfMonitorCommands) {
    std::string all;
    for (const std::string& reply : client->replies("qRcmd," + to_hex("long"))) {
        if (reply != "OK") all += console(reply);
    }
    EXPECT_EQ(all, std::string(3000, 'x'));
}

TEST_F(Queries, TellWhyAMonitorCommandFailed) {
    const std::vector<std::string> old_way = client->replies("qRcmd," + to_hex("frobnicate"));
    ASSERT_EQ(old_way.size(), 2u);
    EXPECT_EQ(console(old_way[0]), "unknown command; try 'monitor help'\n");
    EXPECT_EQ(old_way[1], "E16");
    start("error-message+");
    EXPECT_EQ(ask("qRcmd," + to_hex("frobnicate")), "E.unknown command; try 'monitor help'");
    EXPECT_EQ(ask("qRcmd,zz"), "E.malformed packet");
}

TEST_F(Queries, KnowNoMonitorWithoutTheCapability) {
    target.has_monitor = false;
    EXPECT_EQ(ask("qRcmd," + to_hex("when")), "");
}

// --- errors in words -----------------------------------------------------------------------------

TEST_F(Queries, PutErrorsIntoWordsWhereTheClientReadsThem) {
    EXPECT_EQ(ask("m0,4"), "E0e") << "GDB 13 would take the text for memory";
    start("error-message+");
    EXPECT_EQ(ask("m0,4"), "E.nothing there");
    EXPECT_EQ(ask("p99"), "E.no register has the number 153");
}

TEST_F(Queries, KeepErrorsSendable) {
    target.refuse_writes = Refused{errno_value::read_only, "see {docs} #1 * $\n"};
    EXPECT_EQ(client->raw(framed("P1=0000000000000000")), framed("E.see {docs_ _1 _ _ "));
}

}  // namespace
}  // namespace backspin::gdbstub::testing
