// What LLDB alone asks. Who it is, and its watch timing: session_test.cpp.
#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class LldbQuestions : public SessionTest {
  protected:
    /// What jThreadsInfo says of the thread that has stopped so, up to its registers.
    std::string stopped_thread(const StopReason& reason) {
        client->resume("vCont;c");
        client->stop({ThreadId{2}, reason});
        const std::string all = ask("jThreadsInfo");
        const std::size_t begin = all.find("{\"tid\":2");
        return all.substr(begin, all.find(",\"registers\"", begin) - begin);
    }
};

TEST_F(LldbQuestions, TellsAllThreadsAtOnce) {
    target.values[{2, kPc}] = 0x80001000;
    client->resume("vCont;c");
    client->stop({ThreadId{2}, Stepped{}});
    const std::string zero = "\"0000000000000000\"",
                      some = "\"1\":" + zero + ",\"2\":" + zero + ",\"8\":" + zero;
    EXPECT_EQ(ask("jThreadsInfo"),
              R"([{"tid":1,"name":"hart0","registers":{)" + some + ",\"32\":" + zero + "}}," +
                  R"({"tid":2,"name":"hart1","signal":5,"reason":"trace","registers":{)" + some +
                  R"(,"32":"0010008000000000"}}])");
}

TEST_F(LldbQuestions, TellsWhyAThreadStopped) {
    ask("QThreadSuffixSupported");
    const std::string trap = R"({"tid":2,"name":"hart1","signal":5)";
    EXPECT_EQ(stopped_thread(Stepped{}), trap + R"(,"reason":"trace")");
    EXPECT_EQ(stopped_thread(HitSoftwareBreakpoint{}), trap + R"(,"reason":"breakpoint")");
    EXPECT_EQ(stopped_thread(HitHardwareBreakpoint{}), trap + R"(,"reason":"breakpoint")");
    EXPECT_EQ(stopped_thread(HitWatchpoint{WatchKind::write, Address{0x10}}),
              trap + R"(,"reason":"watchpoint","description":"16")");
    EXPECT_EQ(stopped_thread(ReachedHistoryEnd{HistoryEnd::begin}), trap + R"(,"reason":"history boundary")");
    EXPECT_EQ(stopped_thread(PoweredOff{}), trap + R"(,"reason":"history boundary")");
    EXPECT_EQ(stopped_thread(Asleep{}), trap);
    EXPECT_EQ(stopped_thread(Interrupted{}), R"({"tid":2,"name":"hart1","signal":2)");
    EXPECT_EQ(stopped_thread(Signalled{11}), R"({"tid":2,"name":"hart1","signal":11)");
}

TEST_F(LldbQuestions, EscapesNamesAndLeavesOutWhatCannotBeRead) {
    target.thread_list = {{ThreadId{1}, "a \"b\\ \n", "", {}}};
    target.unreadable = {1, 2, 8};
    EXPECT_EQ(
        ask("jThreadsInfo"),
        R"([{"tid":1,"name":"a \"b\\ \u000a","signal":5,"reason":"trace","registers":{"32":"0000000000000000"}}])");
    target.broken = Broken{"the file ends"};
    EXPECT_EQ(ask("jThreadsInfo"), "E16");
    EXPECT_TRUE(client->session.ended());
}

TEST_F(LldbQuestions, TellsOfRegistersOneByOne) {
    EXPECT_EQ(ask("qRegisterInfo0"), "name:zero;bitsize:64;offset:0;encoding:uint;format:hex;set:general;");
    EXPECT_EQ(ask("qRegisterInfo1"),
              "name:ra;bitsize:64;offset:8;encoding:uint;format:hex;set:general;generic:ra;");
    EXPECT_EQ(ask("qRegisterInfo20"),
              "name:pc;bitsize:64;offset:256;encoding:uint;format:hex;set:general;generic:pc;");
    EXPECT_EQ(ask("qRegisterInfo21"), "name:mstatus;bitsize:64;encoding:uint;format:hex;set:csr;");
    target.table.registers[kMstatus].type = "ieee_double";
    EXPECT_EQ(ask("qRegisterInfo21"), "name:mstatus;bitsize:64;encoding:ieee754;format:float;set:csr;");
    EXPECT_EQ(ask("qRegisterInfo23"), "E16") << "the end of the list";
    EXPECT_EQ(ask("qRegisterInfo"), "E16");
    EXPECT_EQ(ask("qRegisterInfo0x"), "E16");
}

TEST_F(LldbQuestions, TellsOfMemoryAroundAnAddress) {
    EXPECT_EQ(ask("qMemoryRegionInfo:80000000"), "") << "of a target that cannot tell";
    target.region = {
        .first = {0x1000}, .last = {0xffff}, .readable = true, .executable = true, .name = "rom"};
    EXPECT_EQ(ask("qMemoryRegionInfo:1004"),
              "start:1000;size:f000;permissions:rx;name:" + to_hex("rom") + ";");
    target.region = {.first = {0x1000}, .last = {~std::uint64_t{0}}};
    EXPECT_EQ(ask("qMemoryRegionInfo:1004"), "start:1000;size:fffffffffffff000;") << "a hole";
    target.region = {.first = {0}, .last = {~std::uint64_t{0}}, .writable = true};
    EXPECT_EQ(ask("qMemoryRegionInfo:0"), "start:0;size:ffffffffffffffff;permissions:w;");
    EXPECT_EQ(ask("qMemoryRegionInfo:"), "E16");
    EXPECT_EQ(ask("qMemoryRegionInfo:0,4"), "E16");
    target.has_host_info = false;
    EXPECT_EQ(ask("qMemoryRegionInfo:0"), "");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
