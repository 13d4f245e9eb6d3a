#include "cli/debug/registers.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "emu/input.hpp"

namespace backspin::cli {
namespace {

using gdbstub::RegisterDescription;
using gdbstub::RegisterNumber;

class Registers : public ::testing::TestWithParam<const char*> {};

const RegisterDescription* find(const RegisterTable& table, const std::string& name) {
    const auto& registers = table.description().registers;
    const auto found = std::ranges::find(registers, name, &RegisterDescription::name);
    return found == registers.end() ? nullptr : &*found;
}

RegisterNumber number_of(const RegisterTable& table, const std::string& name) {
    return {static_cast<std::uint32_t>(find(table, name) - table.description().registers.data())};
}

RegisterTable table_for(const char* isa) {
    return RegisterTable(emu::Isa::parse(isa));
}

// GDB refuses a whole description for each of these.
TEST_P(Registers, KeepGdbsRules) {
    const auto isa = emu::Isa::parse(GetParam());
    const RegisterTable table(isa);
    const auto& description = table.description();
    EXPECT_EQ(description.architecture, isa.xlen() == 32 ? "riscv:rv32" : "riscv:rv64");
    std::set<std::string> names;
    std::set<std::uint32_t> float_widths;
    for (const auto& entry : description.registers) {
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name << " is there twice";
        if (entry.group == "float" && entry.name.starts_with("f") && entry.type != "int") {
            float_widths.insert(entry.bits);
        } else {
            EXPECT_EQ(entry.bits, isa.xlen()) << entry.name;
        }
    }
    EXPECT_EQ(float_widths.size(), isa.has(emu::Extension::F) ? 1u : 0u);
    const auto general = std::ranges::count_if(description.registers, &RegisterDescription::general);
    EXPECT_EQ(general, 33);
    for (std::uint32_t i = 0; i < 33; ++i) {
        EXPECT_TRUE(description.registers[i].general) << "general ones come first";
        EXPECT_EQ(table.id(RegisterNumber{i}), RegisterId{i});
    }
}

INSTANTIATE_TEST_SUITE_P(Isas, Registers,
                         ::testing::Values("rv64", "rv32", "rv64imac", "rv32imac", "rv64imafc", "rv32imafc",
                                           "rv32imafdc"),
                         [](const auto& each) { return std::string(each.param); });

TEST(RegisterTable, HasWhatTheHartHas) {
    const auto with = table_for("rv64");
    for (const auto* name : {"zero", "fp", "pc", "ft0", "fs0", "fa7", "ft11", "fflags", "frm", "fcsr", "satp",
                             "sstatus", "stimecmp", "mstatus", "pmpcfg0", "pmpaddr15", "priv"}) {
        EXPECT_NE(find(with, name), nullptr) << name;
    }
    for (const auto* name : {"mstatush", "pmpcfg1", "mcycleh", "stimecmph"})
        EXPECT_EQ(find(with, name), nullptr) << name;

    const auto narrow = table_for("rv32imac");
    for (const auto* name : {"mstatush", "pmpcfg1", "mcycleh"})
        EXPECT_NE(find(narrow, name), nullptr) << name;
    for (const auto* name : {"ft0", "fcsr", "stimecmp"}) EXPECT_EQ(find(narrow, name), nullptr) << name;
}

TEST(RegisterTable, LeadsToTheMachinesRegisters) {
    const auto table = table_for("rv64");
    EXPECT_EQ(table.id(number_of(table, "fa0")), RegisterId{emu::kFirstFloatRegister + 10});
    EXPECT_EQ(table.id(number_of(table, "satp")), RegisterId{emu::kFirstCsrRegister + 0x180});
    EXPECT_EQ(table.id(number_of(table, "fcsr")), RegisterId{emu::kFirstCsrRegister + 3});
    EXPECT_EQ(table.id(number_of(table, "priv")), emu::kPrivilegeRegister);
    const auto size = static_cast<std::uint32_t>(table.description().registers.size());
    EXPECT_EQ(table.id(RegisterNumber{size}), std::nullopt);
}

TEST(RegisterTable, FloatingPointStatusIsBesideTheRegisters) {
    const auto table = table_for("rv64");
    for (const auto* name : {"ft0", "fflags", "frm", "fcsr"})
        EXPECT_EQ(find(table, name)->feature, "org.gnu.gdb.riscv.fpu") << name;
    EXPECT_EQ(find(table, "satp")->feature, "org.gnu.gdb.riscv.csr");
    EXPECT_EQ(find(table, "ft0")->type, "ieee_double");
    EXPECT_EQ(find(table_for("rv32imafc"), "ft0")->type, "ieee_single");
}

TEST(RegisterTable, ASingleIsBoxedInTheMachine) {
    const auto bytes = [](std::uint8_t value, std::size_t count) {
        return std::vector<std::byte>(count, std::byte{value});
    };
    const auto single = table_for("rv64imafc");
    EXPECT_EQ(single.value_of(number_of(single, "fa0"), bytes(0x11, 4)), 0xffff'ffff'1111'1111);
    EXPECT_EQ(single.value_of(number_of(single, "a0"), bytes(0x11, 8)), 0x1111'1111'1111'1111);
    const auto narrow = table_for("rv32imafdc");
    EXPECT_EQ(narrow.value_of(number_of(narrow, "fa0"), bytes(0x11, 8)), 0x1111'1111'1111'1111);
    EXPECT_EQ(narrow.value_of(number_of(narrow, "a0"), bytes(0x11, 4)), 0x1111'1111u);
    EXPECT_EQ(narrow.value_of(number_of(narrow, "fcsr"), bytes(0x11, 4)), 0x1111'1111u);
}

}  // namespace
}  // namespace backspin::cli
