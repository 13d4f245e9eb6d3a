#include "gdbstub/packets/resume.hpp"

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class Resuming : public SessionTest {
  protected:
    /// What the host is handed for this packet; the run is ended at once.
    std::optional<Resume> handed(std::string_view packet, ThreadId stopped_thread = ThreadId{1}) {
        const std::optional<Resume> resume = client->resume(packet);
        if (client->session.running()) client->stop({stopped_thread, Stepped{}});
        return resume;
    }
};

TEST_F(Resuming, SaysWhatVContKnows) {
    EXPECT_EQ(ask("vCont?"), "vCont;c;C;s;S;t;r");
    target.moves_offered.range_step = false;
    EXPECT_EQ(ask("vCont?"), "vCont;c;C;s;S;t");
}

TEST_F(Resuming, HandsOverOnceAndWaitsForTheEnd) {
    EXPECT_FALSE(client->session.take_resume());
    EXPECT_EQ(client->raw(framed("vCont;c:1")), "");
    EXPECT_TRUE(client->session.running());
    EXPECT_EQ(client->session.take_resume(), Resume{Continue{}});
    EXPECT_FALSE(client->session.take_resume());
    EXPECT_TRUE(client->session.running());
    client->session.stopped({ThreadId{1}, Stepped{}});
    EXPECT_FALSE(client->session.running());
}

TEST_F(Resuming, ThrowsWhenTheHostEndsARunThatIsNotOn) {
    EXPECT_THROW(client->session.stopped({}), std::logic_error);
}

TEST_F(Resuming, ReadsVCont) {
    EXPECT_EQ(handed("vCont;c"), Resume{Continue{}});
    EXPECT_EQ(handed("vCont;C05:1;c"), Resume{Continue{}});
    EXPECT_EQ(handed("vCont;s:2;c"), Resume{Step{ThreadId{2}}});
    EXPECT_EQ(handed("vCont;S05:p1.2;c:p1.-1"), Resume{Step{ThreadId{2}}});
    EXPECT_EQ(handed("vCont;c:1;s:2"), Resume{Step{ThreadId{2}}});
    EXPECT_EQ(handed("vCont;r80000010,80000020:1;c"),
              (Resume{RangeStep{ThreadId{1}, Address{0x80000010}, Address{0x80000020}}}));
}

TEST_F(Resuming, StepsTheSelectedThreadWhenNoneIsNamed) {
    ask("Hg2");
    EXPECT_EQ(handed("vCont;s", ThreadId{2}), Resume{Step{ThreadId{2}}});
    EXPECT_EQ(handed("s", ThreadId{1}), Resume{Step{ThreadId{2}}});
    EXPECT_EQ(handed("vCont;s"), Resume{Step{ThreadId{1}}});
}

TEST_F(Resuming, LetsTheFirstActionThatFitsAThreadCount) {
    EXPECT_EQ(handed("vCont;c:1;s:1"), Resume{Continue{}});
    EXPECT_EQ(handed("vCont;c;s:1"), Resume{Continue{}});
    EXPECT_EQ(handed("vCont;t:2;s:1"), Resume{Step{ThreadId{1}}});
}

TEST_F(Resuming, StepsOnceWhereRangesAreNotKnown) {
    target.moves_offered.range_step = false;
    EXPECT_EQ(handed("vCont;r80000010,80000020:1"), Resume{Step{ThreadId{1}}});
}

TEST_F(Resuming, AnswersAtOnceWhenNothingIsToMove) {
    EXPECT_EQ(ask("vCont;t").substr(0, 3), "T05");
}

TEST_F(Resuming, RefusesMalformedActionsAndUnknownThreads) {
    for (const char* packet :
         {"vCont;", "vCont;q", "vCont;r1", "vCont;r1,", "vCont;s:", "vCont;s:x", "vCont;C", "vCont;s1"}) {
        EXPECT_EQ(ask(packet), "E.malformed packet") << packet;
    }
    EXPECT_EQ(ask("vCont;s:7;c"), "E.no such thread");
    EXPECT_FALSE(client->session.running());
}

TEST_F(Resuming, ReadsThePacketsFromBeforeVCont) {
    EXPECT_EQ(handed("c"), Resume{Continue{}});
    EXPECT_EQ(handed("C05"), Resume{Continue{}});
    EXPECT_EQ(handed("s"), Resume{Step{ThreadId{1}}});
    EXPECT_EQ(handed("S05"), Resume{Step{ThreadId{1}}});
    ask("Hc2");
    EXPECT_EQ(handed("s"), Resume{Step{ThreadId{2}}});
    EXPECT_EQ(handed("S05;80001234"), Resume{Step{ThreadId{2}}});
    EXPECT_EQ((target.values[{2, kPc}]), 0x80001234u);
    EXPECT_EQ(handed("c80005678"), Resume{Continue{}});
    EXPECT_EQ((target.values[{2, kPc}]), 0x80005678u);
    for (const char* packet : {"cz", "C", "C05x", "S05;", "s12,3"})
        EXPECT_EQ(ask(packet), "E.malformed packet") << packet;
}

TEST_F(Resuming, DoesNotMoveWhenTheProgramCounterCannotBeSet) {
    target.refuse_writes = Refused{errno_value::read_only, "registers are read-only in the past"};
    EXPECT_EQ(ask("c80005678"), "E.registers are read-only in the past");
    EXPECT_FALSE(client->session.running());
}

// --- backwards -----------------------------------------------------------------------------------

TEST_F(Resuming, GoesBackWithTheThreadOfHc) {
    ask("Hc2");
    EXPECT_EQ(handed("bs"), Resume{ReverseStep{ThreadId{2}}});
    EXPECT_EQ(handed("bc"), Resume{ReverseContinue{ThreadId{2}}});
}

TEST_F(Resuming, GoesBackWithTheThreadOfHgWhenHcNamesNone) {
    for (const char* any : {"Hc0", "Hc-1"}) {
        ask("Hc1");
        ask("Hg2");
        EXPECT_EQ(ask(any), "OK");
        EXPECT_EQ(handed("bs", ThreadId{2}), Resume{ReverseStep{ThreadId{2}}});
        EXPECT_EQ(handed("bc", ThreadId{1}), Resume{ReverseContinue{ThreadId{2}}});
        EXPECT_EQ(handed("bs", ThreadId{1}), Resume{ReverseStep{ThreadId{1}}}) << "the thread of the stop";
    }
}

TEST_F(Resuming, GivesOneEmptyReplyWhereThereIsNoWayBack) {
    target.moves_offered.reverse = false;
    EXPECT_EQ(ask("bs"), "");
    EXPECT_EQ(ask("bc"), "");
    EXPECT_FALSE(client->session.running());
}

// --- from the start ------------------------------------------------------------------------------

TEST_F(Resuming, StartsAgain) {
    EXPECT_EQ(client->resume("vRun;;"), Resume{Restart{}});
    EXPECT_EQ(client->stop({ThreadId{1}, Stepped{}}).substr(0, 3), "T05");
    EXPECT_EQ(client->resume("R00"), Resume{Restart{}});
    client->session.stopped({ThreadId{1}, Stepped{}});
    EXPECT_EQ(client->drain(), "") << "R has no reply";
    target.moves_offered.restart = false;
    EXPECT_EQ(ask("vRun;"), "");
    EXPECT_EQ(ask("R00"), "");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
