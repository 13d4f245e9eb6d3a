#include <gtest/gtest.h>

#include <string>

#include "gdbstub/description.hpp"
#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

// What GDB and LLDB read: kept word for word.
constexpr std::string_view kGolden = R"xml(<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>riscv:rv64</architecture>
  <osabi>none</osabi>
  <feature name="org.gnu.gdb.riscv.cpu">
    <reg name="zero" bitsize="64" type="int" regnum="0" group="general"/>
    <reg name="ra" bitsize="64" type="code_ptr" regnum="1" group="general"/>
    <reg name="sp" bitsize="64" type="data_ptr" regnum="2" group="general"/>
    <reg name="gp" bitsize="64" type="data_ptr" regnum="3" group="general"/>
    <reg name="tp" bitsize="64" type="data_ptr" regnum="4" group="general"/>
    <reg name="t0" bitsize="64" type="int" regnum="5" group="general"/>
    <reg name="t1" bitsize="64" type="int" regnum="6" group="general"/>
    <reg name="t2" bitsize="64" type="int" regnum="7" group="general"/>
    <reg name="fp" bitsize="64" type="data_ptr" regnum="8" group="general"/>
    <reg name="s1" bitsize="64" type="int" regnum="9" group="general"/>
    <reg name="a0" bitsize="64" type="int" regnum="10" group="general"/>
    <reg name="a1" bitsize="64" type="int" regnum="11" group="general"/>
    <reg name="a2" bitsize="64" type="int" regnum="12" group="general"/>
    <reg name="a3" bitsize="64" type="int" regnum="13" group="general"/>
    <reg name="a4" bitsize="64" type="int" regnum="14" group="general"/>
    <reg name="a5" bitsize="64" type="int" regnum="15" group="general"/>
    <reg name="a6" bitsize="64" type="int" regnum="16" group="general"/>
    <reg name="a7" bitsize="64" type="int" regnum="17" group="general"/>
    <reg name="s2" bitsize="64" type="int" regnum="18" group="general"/>
    <reg name="s3" bitsize="64" type="int" regnum="19" group="general"/>
    <reg name="s4" bitsize="64" type="int" regnum="20" group="general"/>
    <reg name="s5" bitsize="64" type="int" regnum="21" group="general"/>
    <reg name="s6" bitsize="64" type="int" regnum="22" group="general"/>
    <reg name="s7" bitsize="64" type="int" regnum="23" group="general"/>
    <reg name="s8" bitsize="64" type="int" regnum="24" group="general"/>
    <reg name="s9" bitsize="64" type="int" regnum="25" group="general"/>
    <reg name="s10" bitsize="64" type="int" regnum="26" group="general"/>
    <reg name="s11" bitsize="64" type="int" regnum="27" group="general"/>
    <reg name="t3" bitsize="64" type="int" regnum="28" group="general"/>
    <reg name="t4" bitsize="64" type="int" regnum="29" group="general"/>
    <reg name="t5" bitsize="64" type="int" regnum="30" group="general"/>
    <reg name="t6" bitsize="64" type="int" regnum="31" group="general"/>
    <reg name="pc" bitsize="64" type="code_ptr" regnum="32" group="general"/>
  </feature>
  <feature name="org.gnu.gdb.riscv.csr">
    <reg name="mstatus" bitsize="64" type="int" regnum="33" group="csr"/>
  </feature>
  <feature name="org.gnu.gdb.riscv.virtual">
    <reg name="priv" bitsize="64" regnum="34"/>
  </feature>
</target>
)xml";

TEST(TargetXml, IsGeneratedFromTheRegisterTable) {
    EXPECT_EQ(target_xml(mock_description()), kGolden);
}

TEST(TargetXml, KeepsAFeatureInOnePieceAndTheNumbersOfTheTable) {
    TargetDescription description;
    description.registers = {{.name = "a", .bits = 32, .feature = "one"},
                             {.name = "b", .bits = 8, .feature = "two & <more>"},
                             {.name = "c", .bits = 32, .feature = "one"}};
    EXPECT_EQ(target_xml(description), R"(<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <osabi>none</osabi>
  <feature name="one">
    <reg name="a" bitsize="32" regnum="0"/>
    <reg name="c" bitsize="32" regnum="2"/>
  </feature>
  <feature name="two &amp; &lt;more&gt;">
    <reg name="b" bitsize="8" regnum="1"/>
  </feature>
</target>
)");
}

class TargetXmlTransfer : public SessionTest {};

TEST_F(TargetXmlTransfer, ArrivesWholeInPieces) {
    std::string document;
    std::string piece;
    do {
        char offset[17];
        std::snprintf(offset, sizeof offset, "%zx", document.size());
        piece = ask("qXfer:features:read:target.xml:" + std::string(offset) + ",3f");
        ASSERT_FALSE(piece.empty());
        document += piece.substr(1);
    } while (piece.front() == 'm');
    EXPECT_EQ(piece.front(), 'l');
    EXPECT_EQ(document, kGolden);
}

}  // namespace
}  // namespace backspin::gdbstub::testing
