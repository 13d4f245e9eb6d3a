// Whatever a client sends: bounded, answered or dropped, survived.
#include <array>
#include <random>
#include <vector>

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

constexpr std::array<std::string_view, 58> kPackets = {"qSupported:swbreak+;hwbreak+;error-message+",
                                                       "QStartNoAckMode",
                                                       "vCont?",
                                                       "vMustReplyEmpty",
                                                       "Hg0",
                                                       "Hc-1",
                                                       "Hg2",
                                                       "qXfer:features:read:target.xml:0,1000",
                                                       "qXfer:threads:read::0,1000",
                                                       "qXfer:exec-file:read::0,100",
                                                       "qTStatus",
                                                       "?",
                                                       "qAttached",
                                                       "qOffsets",
                                                       "g",
                                                       "p20",
                                                       "P20=0000008000000000",
                                                       "P1=1122334455667788;thread:1;",
                                                       "m80000000,40",
                                                       "x80000000,40",
                                                       "M80000000,4:01020304",
                                                       "X80000010,3:abc",
                                                       "Z0,80000000,4",
                                                       "z0,80000000,4",
                                                       "Z2,80001000,8",
                                                       "Z0,80000000,2;X3,220127;cmds:1,X1,27",
                                                       "vCont;c",
                                                       "vCont;s:1;c",
                                                       "vCont;r80000000,80000010:1;c",
                                                       "vCont;t",
                                                       "c",
                                                       "s",
                                                       "C05;80000000",
                                                       "S05",
                                                       "bs",
                                                       "bc",
                                                       "vRun;",
                                                       "R00",
                                                       "!",
                                                       "qRcmd,7768656e",
                                                       "qRcmd,6c6f6e67",
                                                       "qfThreadInfo",
                                                       "qsThreadInfo",
                                                       "qThreadExtraInfo,2",
                                                       "T1",
                                                       "qC",
                                                       "qCRC:80000000,100",
                                                       "qSearch:memory:80000000;1000;abc",
                                                       "vFile:setfs:0",
                                                       "vFile:open:2f696d616765732f66772e656c66,0,0",
                                                       "vFile:pread:1,100,0",
                                                       "vFile:fstat:1",
                                                       "vFile:close:1",
                                                       "qHostInfo",
                                                       "qProcessInfo",
                                                       "QThreadSuffixSupported",
                                                       "vCtrlC",
                                                       "qSymbol::"};

constexpr std::size_t kMostOutputAtOnce = 2u << 20;

class Chaos {
  public:
    explicit Chaos(std::uint32_t seed) : random_(seed) {}

    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }
    char byte() { return static_cast<char>(below(256)); }

    /// Rubbish, a good packet, a damaged one, or a piece of one.
    std::string chunk() {
        std::string text;
        switch (below(6)) {
            case 0:
                for (std::size_t n = below(40); n > 0; --n) text += byte();
                return text;
            case 1: return std::string("\x03+-$#}*").substr(below(7), 1 + below(3));
            case 2: return framed(mutated(std::string(packet())));
            case 3: return mutated(framed(packet()));
            case 4: return framed(packet()).substr(0, below(12));
            default: return framed(packet());
        }
    }
    std::string_view packet() { return kPackets[below(kPackets.size())]; }

    std::string mutated(std::string text) {
        for (std::size_t n = 1 + below(3); n > 0 && !text.empty(); --n) {
            const std::size_t at = below(text.size());
            switch (below(4)) {
                case 0: text[at] = byte(); break;
                case 1: text.erase(at, 1 + below(8)); break;
                case 2: text.insert(at, text.substr(below(text.size()), below(8))); break;
                default:
                    text.insert(
                        at, std::array{"ffffffffffffffff", "0", ";", ",", ":", "-1", "p1.", "}"}[below(8)]);
            }
        }
        return text;
    }

  private:
    std::mt19937 random_;
};

/// Lets the host do its part: take what is asked for, and end runs.
void serve(Client& client, Chaos& chaos) {
    client.session.take_resume();
    if (client.session.running() && chaos.below(3) == 0) {
        client.session.console_output("text of the guest");
        client.session.stopped(
            {ThreadId{1 + chaos.below(2)}, HitWatchpoint{WatchKind::write, Address{0x80001000}}});
    }
}

TEST(Robustness, SurvivesAnyBytesAndAnswersAfterwards) {
    int survived = 0;
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        Chaos chaos(seed);
        MockTarget target;
        Client client(target);
        for (int i = 0; i < 200 && !client.session.ended(); ++i) {
            EXPECT_LT(client.raw(chaos.chunk()).size(), kMostOutputAtOnce) << "seed " << seed;
            serve(client, chaos);
        }
        if (client.session.ended()) {  // a damaged packet may happen to be D or k
            EXPECT_NE(client.session.ended()->how, Farewell::broken) << "seed " << seed;
            continue;
        }
        ++survived;
        while (client.session.running()) {
            client.session.stopped({ThreadId{1}, Stepped{}});
            client.drain();
        }
        const std::string answer = client.raw(framed("Hg1") + framed("qC"));
        EXPECT_NE(answer.find(framed("QC1")), std::string::npos) << "seed " << seed;
    }
    EXPECT_GT(survived, 250);
}

class Bounds : public SessionTest {};

TEST_F(Bounds, AnOversizedPacketIsRefusedAndTheNextAnswered) {
    const std::string megabyte(1u << 20, 'a');
    EXPECT_EQ(client->raw("$" + megabyte + "#00"), framed("E16"));
    EXPECT_EQ(client->raw("$" + megabyte + "$qC#b4"), framed("QC1"));
    start("error-message+");
    EXPECT_EQ(client->raw("$" + megabyte + "#00"), framed("E.packet longer than 131072 bytes"));
}

TEST_F(Bounds, TheLongestPacketIsTaken) {
    const std::string bytes(0x10000 - 8, '7');
    EXPECT_EQ(ask("M80000000,fff8:" + to_hex(bytes)), "OK");
    EXPECT_EQ(text_of(target.memory).substr(0, bytes.size()), bytes);
}

TEST_F(Bounds, AMegabyteOfRubbishIsSkipped) {
    EXPECT_EQ(client->raw(std::string(1u << 20, 'z') + framed("qC")), framed("QC1"));
}

TEST_F(Bounds, AClientThatDoesNotReadIsServedNoFasterThanItsAnswersAreTaken) {
    constexpr int kAsked = 200;
    std::string many;
    for (int i = 0; i < kAsked; ++i) many += framed("m80000000,10000");
    client->session.receive(bytes_of(many));
    std::size_t most = 0;
    std::string all;
    for (std::vector<std::byte> part = client->session.take_output(); !part.empty();
         part = client->session.take_output()) {
        most = std::max(most, part.size());
        all += text_of(part);
    }
    EXPECT_LT(most, kMostOutputAtOnce);
    EXPECT_EQ(bodies(all).size(), static_cast<std::size_t>(kAsked)) << "and every answer comes in the end";
}

TEST_F(Bounds, AClientThatNeverReadsIsLetGo) {
    const std::string ask_much = framed("m80000000,10000");
    std::size_t sent = 0;
    for (; !client->session.ended() && sent < (64u << 20); sent += ask_much.size()) {
        client->session.receive(bytes_of(ask_much));
    }
    ASSERT_TRUE(client->session.ended());
    EXPECT_EQ(client->session.ended()->how, Farewell::broken);
    EXPECT_LT(client->drain().size(), kMostOutputAtOnce);
}

TEST_F(Bounds, AClientThatTalksOnDuringARunIsLetGo) {
    client->resume("vCont;c");
    const std::string packet = framed("M80000000,8000:" + std::string(0x10000, '0'));
    for (int i = 0; i < 1000 && !client->session.ended(); ++i) client->session.receive(bytes_of(packet));
    ASSERT_TRUE(client->session.ended());
    EXPECT_EQ(client->session.ended()->how, Farewell::broken);
    EXPECT_FALSE(client->session.running());
    EXPECT_NE(client->session.ended()->why.find("without waiting for answers"), std::string::npos);
}

TEST(Acknowledging, DoesNotAmplifyWithoutBound) {
    MockTarget target;
    Client client(target);
    client.raw(framed("m80000000,10000"));
    client.session.receive(bytes_of(std::string(100000, '-')));
    EXPECT_LT(client.drain().size(), kMostOutputAtOnce);
    std::string damaged;
    for (int i = 0; i < 1000000; ++i) damaged += "$#01";
    client.session.receive(bytes_of(damaged));
    EXPECT_LT(client.drain().size(), kMostOutputAtOnce);
}

}  // namespace
}  // namespace backspin::gdbstub::testing
