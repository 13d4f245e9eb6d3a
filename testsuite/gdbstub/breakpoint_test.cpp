#include "gdbstub/packets/breakpoint.hpp"

#include <gmock/gmock.h>

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class Breakpointing : public SessionTest {};

TEST_F(Breakpointing, InsertsAndRemovesEveryKindOfAnyLength) {
    EXPECT_EQ(ask("Z0,80000004,2"), "OK");
    EXPECT_EQ(ask("Z1,80000008,4"), "OK");
    EXPECT_EQ(ask("Z2,80001000,1"), "OK");
    EXPECT_EQ(ask("Z3,80001000,8"), "OK");
    EXPECT_EQ(ask("Z4,80002000,10000"), "OK");
    EXPECT_EQ(target.inserted,
              (std::set<Breakpoint>{{BreakpointKind::software, Address{0x80000004}, 2},
                                    {BreakpointKind::hardware, Address{0x80000008}, 4},
                                    {BreakpointKind::write, Address{0x80001000}, 1},
                                    {BreakpointKind::read, Address{0x80001000}, 8},
                                    {BreakpointKind::access, Address{0x80002000}, 0x10000}}));
    EXPECT_EQ(ask("z2,80001000,1"), "OK");
    EXPECT_EQ(ask("z0,80000004,2"), "OK");
    EXPECT_EQ(target.inserted.size(), 3u);
}

TEST_F(Breakpointing, TwiceIsOnceAndRemovingWhatIsNotThereIsNoError) {
    EXPECT_EQ(ask("Z0,80000004,2"), "OK");
    EXPECT_EQ(ask("Z0,80000004,2"), "OK");
    EXPECT_EQ(target.inserted.size(), 1u);
    EXPECT_EQ(ask("z1,80000004,2"), "OK");
    EXPECT_EQ(target.inserted.size(), 1u);
}

TEST_F(Breakpointing, TellsTheTargetsReason) {
    target.refuse_breakpoints = Refused{errno_value::invalid, "too many breakpoints (65536)"};
    EXPECT_EQ(ask("Z0,80000004,2"), "E.too many breakpoints (65536)");
}

TEST_F(Breakpointing, StopsAtEachHitOfAConditionThatIsNotAdvertised) {
    EXPECT_EQ(ask("Z0,80000004,2;X3,220127"), "OK");
    EXPECT_EQ(target.inserted.size(), 1u);
}

TEST_F(Breakpointing, TellsWhatVariablesHold) {
    target.tasks_done = true;
    target.variables = {{1, 0x2a}, {0x10, ~std::uint64_t{0}}};
    EXPECT_EQ(ask("qTV:1"), "V2a");
    EXPECT_EQ(ask("qTV:10"), "Vffffffffffffffff");
    EXPECT_EQ(ask("qTV:2"), "U");
    for (const char* packet : {"qTV:", "qTV:1,2", "qTV:10000", "qTV:x"})
        EXPECT_EQ(ask(packet), "E16") << packet;
    target.tasks_done = false;
    EXPECT_EQ(ask("qTV:1"), "") << "no conditions, no variables";
}

TEST_F(Breakpointing, RefusesCommandsBecauseTheyWouldBeMissed) {
    EXPECT_EQ(ask("Z0,80000004,2;cmds:1,X3,220127"), "E.commands at breakpoints are not run by the target");
    EXPECT_TRUE(target.inserted.empty());
}

TEST_F(Breakpointing, RefusesMalformedPackets) {
    for (const char* packet :
         {"Z", "Z5,80000004,2", "Z0,80000004", "Z0,,2", "Z0,80000004,2,3", "Z0,80000004,2;",
          "Z0,80000004,2;X3,2201", "Z0,80000004,2;Xffffffffffffffff,22",
          "Z0,80000004,2;cmds:", "Z0,80000004,2;cmds:1,", "Z-1,0,0", "z0"}) {
        EXPECT_EQ(ask(packet), "E.malformed packet") << packet;
    }
    EXPECT_TRUE(target.inserted.empty());
}

TEST_F(Breakpointing, IsUnknownWithoutTheCapability) {
    target.has_breakpoints = false;
    for (const char* packet : {"Z0,80000004,2", "z0,80000004,2", "Z2,80000004,2", "Znonsense"})
        EXPECT_EQ(ask(packet), "");
}

TEST_F(Breakpointing, HandsTasksToATargetThatDoesThem) {
    target.tasks_done = true;
    EXPECT_THAT(ask("qSupported:swbreak+"),
                ::testing::HasSubstr(";ConditionalBreakpoints+;BreakpointCommands+"));
    EXPECT_EQ(ask("Z0,80000004,2;X3,220127;cmds:1,X1,27"), "OK");
    const Breakpoint breakpoint{BreakpointKind::software, Address{0x80000004}, 2};
    ASSERT_EQ(target.tasks.count(breakpoint), 1u);
    EXPECT_EQ(target.tasks[breakpoint].conditions.size(), 1u);
    EXPECT_EQ(target.tasks[breakpoint].commands.size(), 1u);
    EXPECT_EQ(ask("Z0,80000004,2"), "OK");
    EXPECT_EQ(target.tasks[breakpoint], BreakpointTasks{}) << "the newest packet counts";
}

TEST(BreakpointPacket, ReadsListsOfConditionsAndCommands) {
    const auto packet = BreakpointPacket::parse("Z0,80000004,2;X2,0102X1,03;cmds:1,X1,0a,X2,0b0c");
    ASSERT_TRUE(packet);
    const auto bytes = [](std::initializer_list<int> values) {
        AgentExpression::Bytecode code;
        for (const int value : values) code.push_back(static_cast<std::byte>(value));
        return AgentExpression(code);
    };
    EXPECT_TRUE(packet->insert);
    EXPECT_EQ(packet->tasks.conditions, (std::vector<AgentExpression>{bytes({1, 2}), bytes({3})}));
    EXPECT_EQ(packet->tasks.commands, (std::vector<AgentExpression>{bytes({0x0a}), bytes({0x0b, 0x0c})}));
}

}  // namespace
}  // namespace backspin::gdbstub::testing
