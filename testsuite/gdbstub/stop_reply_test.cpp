#include "gdbstub/stop_reply.hpp"

#include <fmt/format.h>

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

// ra, sp, fp and pc of thread 1 or 2, all zero.
constexpr std::string_view kRegisters =
    "01:0000000000000000;02:0000000000000000;08:0000000000000000;20:0000000000000000;";

std::string reply(std::string_view signal, std::string_view thread_and_reason) {
    return fmt::format("{}{}{}", signal, kRegisters, thread_and_reason);
}

class StopReply : public SessionTest {
  protected:
    std::string stop(StopReason reason, ThreadId thread = ThreadId{1}) {
        client->resume("bc");
        return client->stop({thread, std::move(reason)});
    }
};

TEST_F(StopReply, CarriesTheExpeditedRegistersOfTheThreadThatStopped) {
    target.values[{2, kPc}] = 0x80000124;
    target.values[{2, 1}] = 0x80000008;
    client->resume("vCont;c");
    EXPECT_EQ(client->stop({ThreadId{2}, Stepped{}}),
              "T0501:0800008000000000;02:0000000000000000;08:0000000000000000;20:2401008000000000;thread:2;");
}

TEST_F(StopReply, NamesTheReason) {
    EXPECT_EQ(stop(Stepped{}), reply("T05", "thread:1;"));
    EXPECT_EQ(stop(HitSoftwareBreakpoint{}, ThreadId{2}), reply("T05", "thread:2;swbreak:;"));
    EXPECT_EQ(stop(HitHardwareBreakpoint{}), reply("T05", "thread:1;hwbreak:;"));
    EXPECT_EQ(stop(HitWatchpoint{WatchKind::write, Address{0x80001000}}),
              reply("T05", "thread:1;watch:80001000;"));
    EXPECT_EQ(stop(HitWatchpoint{WatchKind::read, Address{0x80001000}}),
              reply("T05", "thread:1;rwatch:80001000;"));
    EXPECT_EQ(stop(HitWatchpoint{WatchKind::access, Address{0x80001000}}),
              reply("T05", "thread:1;awatch:80001000;"));
    EXPECT_EQ(stop(Interrupted{}), reply("T02", "thread:1;"));
    EXPECT_EQ(stop(Asleep{}), reply("T00", "thread:1;"));
    EXPECT_EQ(stop(Signalled{11}), reply("T0b", "thread:1;"));
}

TEST_F(StopReply, NeverTellsLldbOfASleeperWithoutASignalBecauseItWouldResumeForEver) {
    ask("qHostInfo");
    EXPECT_EQ(stop(Asleep{}), reply("T05", "thread:1;"));
}

TEST_F(StopReply, NamesBothEndsOfHistoryAsOftenAsTheyAreReached) {
    for (int again = 0; again < 3; ++again) {
        EXPECT_EQ(stop(ReachedHistoryEnd{HistoryEnd::begin}), reply("T05", "thread:1;replaylog:begin;"));
        EXPECT_EQ(stop(ReachedHistoryEnd{HistoryEnd::end}), reply("T05", "thread:1;replaylog:end;"));
    }
}

TEST_F(StopReply, TellsOfAPowerOffAsTheEndOfHistorySoThatTheClientStays) {
    EXPECT_EQ(stop(PoweredOff{}), reply("T05", "thread:1;replaylog:end;"));
    EXPECT_EQ(stop(PoweredOff{std::uint8_t{7}}), "W07");
}

TEST_F(StopReply, LeavesOutBreakReasonsThatTheClientDidNotOffer) {
    start("multiprocess+");
    EXPECT_EQ(stop(HitSoftwareBreakpoint{}), reply("T05", "thread:1;"));
    EXPECT_EQ(stop(HitHardwareBreakpoint{}), reply("T05", "thread:1;"));
    EXPECT_EQ(stop(HitWatchpoint{WatchKind::write, Address{0x10}}), reply("T05", "thread:1;watch:10;"));
}

TEST_F(StopReply, IsRepeatedForTheQuestionMark) {
    EXPECT_EQ(ask("?"), reply("T05", "thread:1;"));
    stop(Interrupted{}, ThreadId{2});
    EXPECT_EQ(ask("?"), reply("T02", "thread:2;"));
}

TEST_F(StopReply, BeginsWithWhatTheHostSays) {
    Client other(target, {ThreadId{2}, ReachedHistoryEnd{HistoryEnd::begin}});
    EXPECT_EQ(other.ask("?"), reply("T05", "thread:2;replaylog:begin;"));
    EXPECT_EQ(other.ask("qC"), "QC2");
}

TEST_F(StopReply, LeavesOutARegisterThatCannotBeRead) {
    target.unreadable = {8};
    EXPECT_EQ(stop(Stepped{}), "T0501:0000000000000000;02:0000000000000000;20:0000000000000000;thread:1;");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
