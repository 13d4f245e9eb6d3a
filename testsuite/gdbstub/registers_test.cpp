#include "gdbstub/packets/registers.hpp"

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class Registers : public SessionTest {};

std::string hex_registers(const std::vector<std::pair<std::uint32_t, std::string>>& set) {
    std::string all;
    for (std::uint32_t number = 0; number <= kPc; ++number) {
        std::string value(16, '0');
        for (const auto& [which, text] : set) {
            if (which == number) value = text;
        }
        all += value;
    }
    return all;
}

TEST_F(Registers, GivesTheGeneralOnesTogetherInTargetByteOrder) {
    target.values[{1, 1}] = 0x0123456789abcdef;
    target.values[{1, kPc}] = 0x80000000;
    target.values[{1, kMstatus}] = ~0ull;
    EXPECT_EQ(ask("g"), hex_registers({{1, "efcdab8967452301"}, {kPc, "0000008000000000"}}));
}

TEST_F(Registers, MarksOneThatCannotBeReadAsUnavailable) {
    target.unreadable = {5};
    EXPECT_EQ(ask("g"), hex_registers({{5, "xxxxxxxxxxxxxxxx"}}));
}

TEST_F(Registers, ReadsAndWritesAnyByNumber) {
    target.values[{1, kMstatus}] = 0x1800;
    EXPECT_EQ(ask("p21"), "0018000000000000");
    EXPECT_EQ(ask("P20=0400008000000000"), "OK");
    EXPECT_EQ((target.values[{1, kPc}]), 0x80000004u);
}

TEST_F(Registers, WritesOnlyThoseThatChange) {
    target.values[{1, 3}] = 7;
    EXPECT_EQ(ask("G" + hex_registers({{3, "0700000000000000"}, {10, "0100000000000000"}})), "OK");
    EXPECT_EQ(target.written_registers, (std::vector<std::pair<std::uint64_t, std::uint32_t>>{{1, 10}}));
}

TEST_F(Registers, BelongToTheSelectedThread) {
    target.values[{2, 1}] = 0x22;
    EXPECT_EQ(ask("Hg2"), "OK");
    EXPECT_EQ(ask("p1"), "2200000000000000");
    EXPECT_EQ(ask("p1;thread:1;"), "0000000000000000");
    EXPECT_EQ(ask("P1=3300000000000000;thread:0001;"), "OK");
    EXPECT_EQ((target.values[{1, 1}]), 0x33u);
    EXPECT_EQ(ask("g;thread:2;"), hex_registers({{1, "2200000000000000"}}));
    EXPECT_EQ(ask("p1;thread:9;"), "E03");
}

TEST_F(Registers, RefusesWhatDoesNotExistOrIsMalformed) {
    EXPECT_EQ(ask("p23"), "E16");
    EXPECT_EQ(ask("pffffffffffffffffff"), "E16");
    EXPECT_EQ(ask("p1,2"), "E16");
    EXPECT_EQ(ask("P99=00"), "E.no register has the number 153");
    for (const char* packet :
         {"P1=00", "P1=000000000000000", "P1=zz00000000000000", "P1", "P", "G00", "Gz"}) {
        EXPECT_EQ(ask(packet), "E.malformed packet") << packet;
    }
    EXPECT_TRUE(target.written_registers.empty());
}

TEST_F(Registers, PassOnTheTargetsRefusalInWords) {
    target.refuse_writes = Refused{errno_value::read_only, "registers are read-only in the past"};
    EXPECT_EQ(ask("P1=0000000000000000"), "E.registers are read-only in the past");
    EXPECT_EQ(ask("G" + hex_registers({{1, "0100000000000000"}})), "E.registers are read-only in the past");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
