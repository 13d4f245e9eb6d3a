// How real clients open a conversation, as captured from each of them, and what they are told.
#include <vector>

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

struct Exchange {
    std::string packet;
    std::vector<std::string> replies;
};
using Transcript = std::vector<Exchange>;

const std::string kFirstStop =
    "T0501:0000000000000000;02:0000000000000000;08:0000000000000000;20:0000000000000000;thread:1;";
const std::string kThreads = R"(l<?xml version="1.0"?>
<threads>
  <thread id="1" core="0" name="hart0">M-mode</thread>
  <thread id="2" core="1" name="hart1">M-mode, wfi</thread>
</threads>
)";
const std::string kAlways =
    "PacketSize=20000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;qXfer:exec-file:read+;";

std::string document() {
    return "l" + target_xml(mock_description());
}

Transcript gdb_after_no_ack() {
    return {
        {"Hg0", {"OK"}},
        {"qXfer:features:read:target.xml:0,1000", {document()}},
        {"qTStatus", {""}},
        {"?", {kFirstStop}},
        {"qXfer:threads:read::0,1000", {kThreads}},
        {"qAttached", {"1"}},
        {"qXfer:exec-file:read::0,1000", {"l/images/fw.elf"}},
        {"vFile:setfs:0", {"F0"}},
        {"vFile:open:6a7573742070726f62696e67,0,1c0", {"F-1,2"}},
        {"vFile:open:" + to_hex("/images/fw.elf") + ",0,0", {"F1"}},
        {"vFile:pread:1,20000,0",
         {"F12;\x7f"
          "ELF#$}*\x03 and more"}},
        {"Hc-1", {"OK"}},
        {"qOffsets", {""}},
        {"qXfer:threads:read::0,1000", {kThreads}},
        {"qSymbol::", {"OK"}},
    };
}

Transcript gdb_13() {
    Transcript transcript{
        {"qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+;fork-events+;vfork-events+;exec-events+;"
         "vContSupported+;QThreadEvents+;no-resumed+;memory-tagging+;xmlRegisters=i386",
         {kAlways + "vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+;binary-upload+"}},
        {"vMustReplyEmpty", {""}},
        {"QStartNoAckMode", {"OK"}},
    };
    for (const Exchange& exchange : gdb_after_no_ack()) transcript.push_back(exchange);
    transcript.push_back({"m80000000,40", {std::string(128, '0')}});
    transcript.push_back({"Z0,80000070,4", {"OK"}});
    transcript.push_back({"vCont?", {"vCont;c;C;s;S;t;r"}});
    return transcript;
}

Transcript gdb_16() {
    Transcript transcript{
        {"qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+;fork-events+;vfork-events+;exec-events+;"
         "vContSupported+;QThreadEvents+;QThreadOptions+;no-resumed+;memory-tagging+;xmlRegisters=i386;error-"
         "message+",
         {kAlways +
          "vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+;binary-upload+;error-message+"}},
        {"vCont?", {"vCont;c;C;s;S;t;r"}},
        {"vMustReplyEmpty", {""}},
        {"QStartNoAckMode", {"OK"}},
    };
    for (const Exchange& exchange : gdb_after_no_ack()) transcript.push_back(exchange);
    transcript.push_back({"x80000000,4", {std::string("b\0\0\0\0", 5)}});
    transcript.push_back({"x0,4", {"E.nothing there"}});
    return transcript;
}

std::string threads_in_json() {
    const std::string zero = "\"0000000000000000\"";
    const std::string registers =
        "\"registers\":{\"1\":" + zero + ",\"2\":" + zero + ",\"8\":" + zero + ",\"32\":" + zero + "}}";
    return R"([{"tid":1,"name":"hart0","signal":5,"reason":"trace",)" + registers +
           R"(,{"tid":2,"name":"hart1",)" + registers + "]";
}

Transcript lldb(const std::string& offers, const std::string& granted) {
    const std::string facts = "triple:" + to_hex("riscv64-unknown-elf") + ";endian:little;ptrsize:8;";
    return {
        {"QStartNoAckMode", {"OK"}},
        {"qSupported:xmlRegisters=i386,arm,mips,arc;multiprocess+;fork-events+;vfork-events+" + offers,
         {kAlways + "vContSupported+" + granted + ";ReverseStep+;ReverseContinue+;binary-upload+"}},
        {"QThreadSuffixSupported", {"OK"}},
        {"QListThreadsInStopReply", {""}},
        {"qHostInfo", {facts + "watchpoint_exceptions_received:after;"}},
        {"vCont?", {"vCont;c;C;s;S;t;r"}},
        {"qVAttachOrWaitSupported", {""}},
        {"QEnableErrorStrings", {""}},
        {"qProcessInfo", {"pid:1;" + facts}},
        {"qC", {"QC1"}},
        {"?", {kFirstStop}},
        {"qXfer:features:read:target.xml:0,1ffff", {document()}},
        {"p0;thread:0001;", {"0000000000000000"}},
        {"qOffsets", {""}},
        {"qStructuredDataPlugins", {""}},
        {"qSymbol::", {"OK"}},
        {"qfThreadInfo", {"m1,2"}},
        {"qsThreadInfo", {"l"}},
        {"jThreadsInfo", {threads_in_json()}},
        {"jThreadExtendedInfo:", {""}},
        {"qWatchpointSupportInfo:", {""}},
        {"Z2,80001224,4", {"OK"}},
    };
}

void converse(MockTarget& target, const Transcript& transcript) {
    Client client(target);
    for (const Exchange& exchange : transcript) {
        EXPECT_EQ(client.replies(exchange.packet), exchange.replies) << exchange.packet;
    }
}

/// Everything that the session sends when the client's bytes come in pieces of this size.
std::string sent_in_pieces(const Transcript& transcript, std::size_t size) {
    std::string stream;
    for (const Exchange& exchange : transcript) stream += framed(exchange.packet);
    MockTarget target;
    Client client(target);
    std::string sent;
    for (std::size_t at = 0; at < stream.size(); at += size)
        sent += client.raw(std::string_view(stream).substr(at, size));
    return sent;
}

TEST(Handshake, OfGdb13) {
    MockTarget target;
    converse(target, gdb_13());
    EXPECT_EQ(target.inserted.size(), 1u);
    EXPECT_EQ(target.timing, WatchTiming::before_access);
}

TEST(Handshake, OfGdb16) {
    MockTarget target;
    converse(target, gdb_16());
    EXPECT_EQ(target.timing, WatchTiming::before_access);
}

TEST(Handshake, OfLldb19) {
    MockTarget target;
    Transcript transcript = lldb("", "");
    transcript.push_back({"x0,0", {"E16"}});
    transcript.push_back({"m80000000,4", {"00000000"}});
    converse(target, transcript);
    EXPECT_EQ(target.timing, WatchTiming::after_access);
}

TEST(Handshake, OfLldb22) {
    MockTarget target;
    converse(target, lldb(";swbreak+;hwbreak+", ";swbreak+;hwbreak+"));
    EXPECT_EQ(target.timing, WatchTiming::after_access);
}

TEST(Handshake, DoesNotDependOnHowTheBytesAreCut) {
    const std::string whole = sent_in_pieces(gdb_16(), 1u << 20);
    EXPECT_GT(whole.size(), 3000u);
    for (const std::size_t size : {1u, 2u, 3u, 7u, 64u})
        EXPECT_EQ(sent_in_pieces(gdb_16(), size), whole) << size;
}

}  // namespace
}  // namespace backspin::gdbstub::testing
