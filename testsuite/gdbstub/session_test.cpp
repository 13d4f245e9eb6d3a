#include "gdbstub/session.hpp"

#include <gmock/gmock.h>

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

// --- acknowledgements ----------------------------------------------------------------------------

class Acknowledgements : public ::testing::Test {
  protected:
    MockTarget target;
    Client client{target};
};

TEST_F(Acknowledgements, AreGivenUntilTurnedOff) {
    EXPECT_EQ(client.raw(framed("qC")), "+" + framed("QC1"));
    EXPECT_EQ(client.raw("+"), "");
    EXPECT_EQ(client.raw(framed("QStartNoAckMode")), "+" + framed("OK"));
    EXPECT_EQ(client.raw("+" + framed("qC")), framed("QC1"));
}

TEST_F(Acknowledgements, AskForADamagedPacketAgain) {
    EXPECT_EQ(client.raw("$qC#00"), "-");
    EXPECT_EQ(client.raw(framed("qC")), "+" + framed("QC1"));
}

TEST_F(Acknowledgements, SendADamagedReplyAgain) {
    client.raw(framed("qC"));
    EXPECT_EQ(client.raw("-"), framed("QC1"));
    EXPECT_EQ(client.raw("-"), framed("QC1"));
}

TEST_F(Acknowledgements, DoNotMatterOnceTurnedOff) {
    client.raw(framed("QStartNoAckMode"));
    EXPECT_EQ(client.raw("$qC#00"), framed("QC1"));
    EXPECT_EQ(client.raw("---"), "");
}

// --- interrupts ----------------------------------------------------------------------------------

class Running : public SessionTest {};

TEST_F(Running, IsInterruptedInBothDirections) {
    for (const char* packet : {"vCont;c", "c", "bc", "bs", "vCont;s:1"}) {
        client->resume(packet);
        EXPECT_FALSE(client->session.interrupt_requested());
        EXPECT_EQ(client->raw("\x03"), "");
        EXPECT_TRUE(client->session.interrupt_requested());
        EXPECT_TRUE(client->session.running());
        EXPECT_EQ(client->stop({ThreadId{1}, Interrupted{}}).substr(0, 3), "T02") << packet;
        EXPECT_FALSE(client->session.interrupt_requested());
    }
}

TEST_F(Running, IsInterruptedByAByteThatCameWithThePacket) {
    client->raw(framed("vCont;c") + "\x03");
    EXPECT_TRUE(client->session.interrupt_requested());
    EXPECT_EQ(client->session.take_resume(), Resume{Continue{}});
}

TEST_F(Running, IsInterruptedByVCtrlC) {
    client->resume("vCont;c");
    EXPECT_EQ(ask("vCtrlC"), "OK");
    EXPECT_TRUE(client->session.interrupt_requested());
}

TEST_F(Running, DropsAnInterruptThatComesTooLate) {
    EXPECT_EQ(client->raw("\x03"), "");
    EXPECT_EQ(client->raw("\x03\x03" + framed("qC")), framed("QC1"));
    client->resume("vCont;c");
    EXPECT_FALSE(client->session.interrupt_requested());
}

// The client goes on by itself from a breakpoint whose condition does not hold: its user, who sees a target
// that runs, must not press Ctrl-C in vain.
TEST_F(Running, KeepsAnInterruptWhileTheClientJudgesAStop) {
    for (const StopReason& judged : {StopReason{HitSoftwareBreakpoint{}}, StopReason{HitHardwareBreakpoint{}},
                                     StopReason{HitWatchpoint{}}, StopReason{Stepped{}}}) {
        for (const auto* moment : {"before the stop", "first behind it", "later"}) {
            const auto press = [&](std::string_view when) {
                EXPECT_EQ(client->raw(when == moment ? "\x03" : ""), "");
            };
            client->resume("vCont;c");
            press("before the stop");
            EXPECT_EQ(client->stop({ThreadId{2}, judged}).substr(0, 3), "T05");
            press("first behind it");
            EXPECT_EQ(ask("z0,80000000,4"), "OK");
            press("later");
            const std::string reply = ask("vCont;s:2;c");
            EXPECT_EQ(reply.substr(0, 3), "T02") << moment;
            EXPECT_NE(reply.find("thread:2;"), std::string::npos) << reply;
            EXPECT_EQ(ask("?"), reply);
            EXPECT_FALSE(client->session.running());
            EXPECT_EQ(client->session.take_resume(), std::nullopt);
            EXPECT_EQ(client->resume("vCont;c"), Resume{Continue{}}) << "once";
            EXPECT_FALSE(client->session.interrupt_requested());
            client->stop({ThreadId{1}, Interrupted{}});
        }
    }
}

TEST_F(Running, DropsAnInterruptWhenTheUserIsShownTheStop) {
    for (const auto* listing : {"qXfer:threads:read::0,1000", "qfThreadInfo"}) {
        client->resume("vCont;c");
        client->raw("\x03");
        client->stop({ThreadId{1}, HitSoftwareBreakpoint{}});
        client->raw("\x03");
        ask(listing);
        client->raw("\x03");
        EXPECT_EQ(client->resume("vCont;c"), Resume{Continue{}});
        client->stop({ThreadId{1}, Interrupted{}});
    }
}

TEST_F(Running, KeepsNoInterruptWhereTheUserGetsTheTargetBack) {
    for (const StopReason& told : {StopReason{Interrupted{}}, StopReason{ReachedHistoryEnd{}},
                                   StopReason{Asleep{}}, StopReason{PoweredOff{}}}) {
        client->resume("vCont;c");
        client->raw("\x03");
        client->stop({ThreadId{1}, told});
        client->raw("\x03");
        EXPECT_EQ(client->resume("bc"), Resume{ReverseContinue{ThreadId{1}}});
        client->stop({ThreadId{1}, Interrupted{}});
    }
}

TEST_F(Running, StartsAgainInSpiteOfALateInterrupt) {
    client->resume("vCont;c");
    client->stop({ThreadId{1}, HitSoftwareBreakpoint{}});
    client->raw("\x03");
    EXPECT_EQ(client->resume("vRun;"), Resume{Restart{}});
    client->stop({ThreadId{1}, Stepped{}});
    EXPECT_EQ(client->resume("vCont;c"), Resume{Continue{}});
}

// Told of the end of history in such a step, GDB 13 sends no resume any more.
TEST_F(Running, TellsNoEndOfHistoryToAClientThatStepsOffABreakpoint) {
    const StopReport end{ThreadId{1}, ReachedHistoryEnd{HistoryEnd::end}};
    client->resume("vCont;s:1");
    client->session.stopped(end);
    const auto told = bodies(client->drain());
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0], "O" + to_hex("the end of history: there is nothing left to step\n"));
    EXPECT_EQ(told[1].substr(0, 3), "T00");
    EXPECT_THAT(told[1], ::testing::Not(::testing::HasSubstr("replaylog")));
    client->resume("vCont;s:1");
    const auto off = client->stop({ThreadId{1}, PoweredOff{}});
    EXPECT_EQ(off.substr(0, 3), "T05");
    EXPECT_THAT(off, ::testing::Not(::testing::HasSubstr("replaylog")));
    client->resume("vCont;s:1");
    EXPECT_EQ(client->stop({ThreadId{1}, PoweredOff{3}}), "W03");
    for (const auto* user_step : {"vCont;s:1;c", "vCont;s", "s", "vCont;c", "vCont;r80000000,80000010:1"}) {
        client->resume(user_step);
        EXPECT_THAT(client->stop(end), ::testing::HasSubstr("replaylog:end;")) << user_step;
    }
    client->resume("vCont;s:1");
    EXPECT_THAT(client->stop({ThreadId{1}, ReachedHistoryEnd{HistoryEnd::begin}}),
                ::testing::HasSubstr("replaylog:begin;"));
    ask("qHostInfo");  // LLDB steps so at any time
    client->resume("vCont;s:1");
    EXPECT_THAT(client->stop(end), ::testing::HasSubstr("replaylog:end;"));
}

TEST_F(Running, KeepsOtherPacketsForLater) {
    client->resume("vCont;c");
    EXPECT_EQ(client->raw(framed("qC") + framed("vCont;s:2") + framed("qAttached")), "");
    client->raw("\x03");
    EXPECT_TRUE(client->session.interrupt_requested());
    client->session.stopped({ThreadId{1}, Interrupted{}});
    const std::vector<std::string> replies = bodies(client->drain());
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_EQ(replies[0].substr(0, 3), "T02");
    EXPECT_EQ(replies[1], "QC1");
    EXPECT_EQ(client->session.take_resume(), Resume{Step{ThreadId{2}}});
    EXPECT_FALSE(client->session.interrupt_requested());
    client->session.stopped({ThreadId{2}, Stepped{}});
    EXPECT_EQ(bodies(client->drain()).back(), "1");
}

// --- console output ------------------------------------------------------------------------------

TEST_F(Running, ShowsTextToTheUser) {
    client->resume("bc");
    EXPECT_TRUE(client->session.console_output("searching: 40 %\n"));
    EXPECT_EQ(bodies(client->drain()), (std::vector<std::string>{"O" + to_hex("searching: 40 %\n")}));
}

TEST_F(Running, ShowsNoTextAtRest) {
    EXPECT_FALSE(client->session.console_output("lost"));
    EXPECT_EQ(client->drain(), "");
    client->resume("R00");
    EXPECT_FALSE(client->session.console_output("lost"));
    EXPECT_EQ(client->drain(), "");
}

TEST_F(Running, DropsTextThatTheClientDoesNotRead) {
    client->resume("vCont;c");
    bool shown = true;
    std::size_t pieces = 0;
    for (; shown && pieces < 100000; ++pieces) shown = client->session.console_output(std::string(1000, 'x'));
    EXPECT_FALSE(shown);
    EXPECT_LT(client->drain().size(), 4u << 20);
    EXPECT_TRUE(client->session.console_output("again"));
}

// --- leaving -------------------------------------------------------------------------------------

class Leaving : public SessionTest {
  protected:
    void SetUp() override {
        SessionTest::SetUp();
        ask("Z0,80000004,2");
    }
    std::optional<Farewell> farewell() const {
        const std::optional<Ended>& ended = client->session.ended();
        return ended ? std::optional(ended->how) : std::nullopt;
    }
};

TEST_F(Leaving, DetachesAndDropsBreakpoints) {
    EXPECT_EQ(ask("D"), "OK");
    EXPECT_EQ(farewell(), Farewell::detached);
    EXPECT_TRUE(target.inserted.empty());
    EXPECT_EQ(client->raw(framed("qC")), "") << "nothing is heard any more";
}

TEST_F(Leaving, KillsWithAndWithoutAReply) {
    EXPECT_EQ(ask("vKill;a410"), "OK");
    EXPECT_EQ(farewell(), Farewell::killed);
    start();
    EXPECT_EQ(client->raw(framed("k")), "");
    EXPECT_EQ(farewell(), Farewell::killed);
    EXPECT_TRUE(target.inserted.empty());
}

TEST_F(Leaving, TakesOnlyWholePacketsForAFarewell) {
    for (const char* packet : {"Dx", "kx", "vKill", "detach"}) EXPECT_EQ(ask(packet), "") << packet;
    EXPECT_EQ(farewell(), std::nullopt);
    EXPECT_EQ(ask("D;1"), "OK");
    EXPECT_EQ(farewell(), Farewell::detached);
}

TEST_F(Leaving, StaysAfterAKillInExtendedMode) {
    ask("!");
    EXPECT_EQ(ask("vKill;a410"), "OK");
    EXPECT_FALSE(client->session.ended());
    EXPECT_TRUE(target.inserted.empty());
    EXPECT_EQ(client->resume("vRun;"), Resume{Restart{}});
}

TEST_F(Leaving, ForgetsARunThatWasOnWhenTheConnectionIsLost) {
    client->resume("vCont;c");
    client->session.disconnected();
    EXPECT_EQ(farewell(), Farewell::lost);
    EXPECT_FALSE(client->session.running());
    EXPECT_TRUE(target.inserted.empty());
}

TEST_F(Leaving, KeepsTheFirstFarewell) {
    ask("D");
    client->session.disconnected();
    EXPECT_EQ(farewell(), Farewell::detached);
}

TEST_F(Leaving, EndsWhenTheTargetIsBroken) {
    target.broken = Broken{"the recording ends in the middle"};
    EXPECT_EQ(ask("m80000000,4"), "E16");
    ASSERT_EQ(farewell(), Farewell::broken);
    EXPECT_EQ(client->session.ended()->why, "the recording ends in the middle");
}

TEST_F(Leaving, EndsWhenTheTargetBreaksDuringARun) {
    client->resume("vCont;c");
    target.broken = Broken{"the recording ends in the middle"};
    EXPECT_EQ(client->stop({ThreadId{1}, Stepped{}}), "E.the recording ends in the middle");
    EXPECT_EQ(farewell(), Farewell::broken);
}

// --- LLDB ----------------------------------------------------------------------------------------

class Lldb : public SessionTest {};

TEST_F(Lldb, IsToldOfTheMachineAndGetsItsOwnWatchTiming) {
    EXPECT_EQ(target.timing, WatchTiming::before_access);
    EXPECT_EQ(ask("qHostInfo"), "triple:" + to_hex("riscv64-unknown-elf") +
                                    ";endian:little;ptrsize:8;watchpoint_exceptions_received:after;");
    EXPECT_EQ(target.timing, WatchTiming::after_access);
    EXPECT_EQ(ask("qProcessInfo"),
              "pid:1;triple:" + to_hex("riscv64-unknown-elf") + ";endian:little;ptrsize:8;");
    start();
    EXPECT_EQ(target.timing, WatchTiming::before_access) << "the next client may be GDB";
}

TEST_F(Lldb, IsRecognizedByItsThreadSuffix) {
    EXPECT_EQ(ask("QThreadSuffixSupported"), "OK");
    EXPECT_EQ(target.timing, WatchTiming::after_access);
}

TEST_F(Lldb, IsToldNothingWithoutTheCapability) {
    target.has_host_info = false;
    EXPECT_EQ(ask("qHostInfo"), "");
    EXPECT_EQ(ask("qProcessInfo"), "");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
