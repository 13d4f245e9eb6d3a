// Whatever a client sends to a real machine: answered or dropped, bounded, survived.
#include "testsuite/cli/hostile_client.hpp"

#include <array>
#include <random>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/debug/monitor/families.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;
using testing::HostileClient;

std::string framed(std::string_view body) {
    unsigned sum = 0;
    for (const char c : body) sum += static_cast<unsigned char>(c);
    constexpr std::string_view kDigits = "0123456789abcdef";
    return "$" + std::string(body) + "#" + kDigits[sum >> 4 & 15] + kDigits[sum & 15];
}

std::string in_hex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (const unsigned char c : text) {
        hex += kDigits[c >> 4];
        hex += kDigits[c & 15];
    }
    return hex;
}

std::string ask(HostileClient& client, std::string_view body) {
    const auto packet = framed(body);
    return client.send(std::as_bytes(std::span(packet)));
}

constexpr auto kPackets = std::to_array<std::string_view>({
    "?",
    "g",
    "p20",
    "p1000",
    "P20=0000008000000000",
    "P5=ffffffffffffffff",
    "G00",
    "m80000000,40",
    "x80000000,40",
    "m10000000,8",
    "mffffffffffffffff,10",
    "M80002000,4:01020304",
    "X80000010,3:abc",
    "Z0,80000018,4",
    "z0,80000018,4",
    "Z0,80000018,2;X3,220127",
    "Z0,80000018,4;X9,26000a22050e2213270000;cmds:1,X1,27",
    "Z1,8000002c,4",
    "Z2,80002000,4",
    "Z3,80002000,1",
    "Z4,80000000,100000",
    "Z2,0,ffffffffffffffff",
    "z2,80002000,4",
    "vCont;c",
    "vCont;s:1",
    "vCont;s:2;c",
    "vCont;r80000000,80000030:1;c",
    "vCont;t",
    "c",
    "s",
    "c80000018",
    "bs",
    "bc",
    "bs",
    "bc",
    "Hg2",
    "Hg1",
    "Hc1",
    "Hc-1",
    "vRun;",
    "R00",
    "qfThreadInfo",
    "qXfer:threads:read::0,1000",
    "qXfer:features:read:target.xml:100,1000",
    "qCRC:80000000,1000",
    "qSearch:memory:80000000;100000;abc",
    "T2",
    "QNonStop:1",
    "qHostInfo",
    "vMustReplyEmpty",
    "!",
    "vKill;1",
});

class Chaos {
  public:
    explicit Chaos(std::uint32_t seed) : random_(seed) {}
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }
    std::string chunk() {
        switch (below(8)) {
            case 0: return mutated(framed(packet()));
            case 1: return framed(mutated(packet()));
            case 2: return "\x03";
            default: return framed(packet());
        }
    }

  private:
    std::string packet() {
        if (below(5) == 0) return "qRcmd," + in_hex(command());
        return std::string(kPackets.at(below(kPackets.size())));
    }
    std::string command() {
        static constexpr auto kArguments = std::to_array<std::string_view>(
            {"", "+100", "-50", "0", "0x80002000", "all", "on", "off", "1", "trap all", "trap 8", "reset",
             "a", "0x80002000:4 10", "a0", "99999999999999999999", "halt"});
        const auto family = monitor::families()[below(monitor::families().size())];
        const auto& name = family.commands[below(family.commands.size())].name;
        return std::string(name) + " " + std::string(kArguments.at(below(kArguments.size())));
    }
    std::string mutated(std::string text) {
        for (auto n = 1 + below(3); n > 0 && !text.empty(); --n) {
            const auto at = below(text.size());
            switch (below(3)) {
                case 0: text[at] = static_cast<char>(below(256)); break;
                case 1: text.erase(at, 1 + below(4)); break;
                default: text.insert(at, std::array{"ffffffffffffffff", "0", ";", "-1"}.at(below(4)));
            }
        }
        return text;
    }

    std::mt19937 random_;
};

TEST(HostileClient, DoesItsWorstAndTheSessionAnswersAfterwards) {
    int survived = 0;
    for (std::uint32_t seed = 0; seed < 40; ++seed) {
        Chaos chaos(seed);
        HostileClient client;
        ask(client, "QStartNoAckMode");
        for (int i = 0; i < 60 && !client.ended(); ++i) {
            const auto bytes = chaos.chunk();
            ASSERT_NO_THROW(client.send(std::as_bytes(std::span(bytes)))) << "seed " << seed;
        }
        if (client.ended()) continue;  // killed, or let go of
        ++survived;
        ask(client, "Hg1");
        EXPECT_THAT(ask(client, "qC"), HasSubstr(framed("QC1"))) << "seed " << seed;
        client.session().disconnected();
        EXPECT_EQ(*client.debuggee().monitor()->execute("catch", gdbstub::ThreadId{1}).value(),
                  "no catches\n");
    }
    EXPECT_GT(survived, 20);
}

TEST(HostileClient, SetsAMillionBreakpointsAndIsRefusedInWords) {
    HostileClient client;
    ask(client, "QStartNoAckMode");
    std::string last;
    std::size_t accepted = 0;
    for (std::uint64_t n = 0; n < 1'000'000; ++n) {
        gdbstub::Breakpoints* breakpoints = client.debuggee().breakpoints();
        const auto outcome =
            breakpoints->insert({gdbstub::BreakpointKind::software, {0x80000000 + 2 * n}, 2}, {});
        if (!outcome) {
            last = outcome.refused()->text;
            break;
        }
        ++accepted;
    }
    EXPECT_EQ(accepted, 100'000u);
    EXPECT_EQ(last, "too many breakpoints: delete some first");
    EXPECT_THAT(ask(client, "Z0,80f00000,2"), HasSubstr("E.too many breakpoints"));
    // And the machine still moves with those that there are.
    EXPECT_THAT(ask(client, "vCont;c"), HasSubstr("T05"));
    EXPECT_THAT(ask(client, "z0,80000000,2"), HasSubstr("OK"));
    EXPECT_THAT(ask(client, "Z0,80f00000,2"), HasSubstr("OK"));
}

TEST(HostileClient, ReadsTheUartWithoutChangingIt) {
    HostileClient client;
    ask(client, "QStartNoAckMode");
    const auto state = [&] {
        return *client.debuggee().monitor()->execute("info devices uart", gdbstub::ThreadId{1}).value();
    };
    client.timeline().write(DeviceInput{emu::kConsoleChannel, {std::byte{'x'}}});
    const auto before = state();
    const auto once = ask(client, "m10000000,1");
    EXPECT_THAT(once, HasSubstr("$78#")) << "the byte that waits";
    EXPECT_EQ(ask(client, "m10000000,1"), once) << "and waits still";
    ask(client, "x10000000,8");
    ask(client, "qCRC:10000000,8");
    EXPECT_EQ(state(), before);
    EXPECT_EQ(client.timeline().position().step, StepCount{1});
}

TEST(HostileClient, AsksForNonStopInVain) {
    HostileClient client;
    EXPECT_THAT(ask(client, "QNonStop:1"), HasSubstr("$#00"));
    EXPECT_THAT(ask(client, "qSupported:"), ::testing::Not(HasSubstr("QNonStop")));
}

}  // namespace
}  // namespace backspin::cli
