// What a debugger sees of a machine besides its program: harts, address spaces, writes.
#include "cli/debug/debuggee.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testsuite/cli/debuggee_of.hpp"

namespace backspin::cli {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

// ---- conditions ---------------------------------------------------------------------------------

/// Counts in t0 for ever.
constexpr std::array<std::uint32_t, 2> kCounts{0x0012'8293, 0xffdf'f06f};  // addi t0, t0, 1; j .-4
const gdbstub::Breakpoint kAtTheCount{gdbstub::BreakpointKind::software, gdbstub::Address{kRam}, 4};

/// With this condition.
void insert(DebuggeeOf& it, const gdbstub::Breakpoint& breakpoint, std::initializer_list<int> bytecode) {
    gdbstub::AgentExpression::Bytecode code;
    for (const int byte : bytecode) code.push_back(static_cast<std::byte>(byte));
    ASSERT_TRUE(it.target().breakpoints()->insert(breakpoint, {{gdbstub::AgentExpression(code)}, {}}));
}

std::uint64_t count_of(DebuggeeOf& it) {
    std::uint64_t value = 0;
    EXPECT_TRUE(it.target().read_register(gdbstub::ThreadId{1}, gdbstub::RegisterNumber{5},
                                          std::as_writable_bytes(std::span(&value, 1))));
    return value;
}

/// As clients go on from a breakpoint: over it first.
void go_on(DebuggeeOf& it) {
    it.perform(gdbstub::Step{gdbstub::ThreadId{1}});
    it.perform(gdbstub::Continue{});
}

TEST(Debuggee, KeepsWhatAConditionAssignsWhereItStops) {
    DebuggeeOf it("rv64", 1, kCounts);
    auto& breakpoints = *it.target().breakpoints();
    EXPECT_EQ(breakpoints.variable(1), 0U);
    // ($1 = $t0) % 256 == 32
    insert(it, kAtTheCount, {0x26, 0, 5, 0x2d, 0, 1, 0x22, 0xff, 0x0f, 0x22, 32, 0x13, 0x27});
    go_on(it);
    const auto first = count_of(it);
    EXPECT_EQ(first % 256, 32U);
    EXPECT_EQ(breakpoints.variable(1), first);
    go_on(it);
    EXPECT_EQ(breakpoints.variable(1), first + 256);
    it.perform(gdbstub::ReverseContinue{});
    EXPECT_EQ(count_of(it), first);
    EXPECT_EQ(breakpoints.variable(1), first);
    // $t0 == $1 + 3, before and after another value of the variable.
    insert(it, kAtTheCount, {0x26, 0, 5, 0x2c, 0, 1, 0x22, 3, 0x02, 0x13, 0x27});
    go_on(it);
    EXPECT_EQ(count_of(it), first + 3);
    insert(it, kAtTheCount, {0x26, 0, 5, 0x2d, 0, 1, 0x29, 0x22, 1, 0x27});
    go_on(it);
    EXPECT_EQ(breakpoints.variable(1), first + 4) << "any stop";
    insert(it, kAtTheCount, {0x26, 0, 5, 0x2c, 0, 1, 0x22, 3, 0x02, 0x13, 0x27});
    go_on(it);
    EXPECT_EQ(count_of(it), first + 7) << "what was known of the hits does not hold for another value";
    EXPECT_EQ(breakpoints.variable(1024), std::nullopt);
    breakpoints.remove_all();
    EXPECT_EQ(breakpoints.variable(1), 0U) << "the next client begins anew";
}

TEST(Debuggee, ForgetsWhatAConditionAssignsWhereItGoesOn) {
    DebuggeeOf it("rv64", 1, kCounts);
    auto& breakpoints = *it.target().breakpoints();
    // ($1 = $1 + 1) == 2 never holds; the end of the program of the next breakpoint does.
    insert(it, kAtTheCount, {0x2c, 0, 1, 0x22, 1, 0x02, 0x2d, 0, 1, 0x22, 2, 0x13, 0x27});
    const gdbstub::Breakpoint jump{gdbstub::BreakpointKind::software, gdbstub::Address{kRam + 4}, 4};
    insert(it, jump, {0x26, 0, 5, 0x22, 0xff, 0x0f, 0x22, 99, 0x13, 0x27});
    it.perform(gdbstub::Continue{});
    EXPECT_EQ(count_of(it) % 256, 99U);
    EXPECT_EQ(breakpoints.variable(1), 0U);
}

// ---- harts --------------------------------------------------------------------------------------

TEST(Debuggee, TellsHowEachHartStands) {
    DebuggeeOf it("rv64", 3);
    it.timeline().go_on({}, {.limit = StepCount{100'000}});
    it.set(1, emu::kPrivilegeRegister, kSupervisor);
    it.set(2, emu::kPrivilegeRegister, kUser);
    const auto threads = it.target().threads();
    ASSERT_EQ(threads.size(), 3u);
    EXPECT_EQ(threads[0].name, "hart0");
    EXPECT_EQ(threads[0].state, "M-mode, waiting for an interrupt");
    EXPECT_EQ(threads[1].id, gdbstub::ThreadId{2});
    EXPECT_EQ(threads[1].state, "S-mode, waiting for an interrupt");
    EXPECT_EQ(threads[2].state, "U-mode, waiting for an interrupt");
    EXPECT_EQ(threads[2].core, 2u);
}

TEST(Debuggee, OfRv32TakesAddressesOfAnyWidth) {
    DebuggeeOf it("rv32");
    it.put<std::uint32_t>(kRam + 0x1000, 0x1234'5678);
    std::array<std::byte, 4> bytes{};
    ASSERT_TRUE(
        it.target().read_memory(gdbstub::ThreadId{1}, gdbstub::Address{0xffff'ffff'8000'1000}, bytes));
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    EXPECT_EQ(value, 0x1234'5678u);
    EXPECT_EQ(it.target().host_info()->triple(), "riscv32-unknown-elf");
}

TEST(Debuggee, ReadsMemoryAsTheThreadSeesIt) {
    DebuggeeOf it("rv64", 2);
    it.put(kRoot, entry(kRam, kV | kR | kAD));  // a page of 1 GiB: address 0 is the start of RAM
    it.put<std::uint32_t>(kRam + 0x1000, 0xabcd);
    it.set_csr(1, 0x180, kSv39 | kRoot >> 12);
    it.set(1, emu::kPrivilegeRegister, kSupervisor);
    std::array<std::byte, 2> bytes{};
    EXPECT_FALSE(it.target().read_memory(gdbstub::ThreadId{1}, gdbstub::Address{0x1'0000'1000}, bytes));
    ASSERT_TRUE(it.target().read_memory(gdbstub::ThreadId{2}, gdbstub::Address{0x1000}, bytes));
    EXPECT_EQ(bytes[1], std::byte{0xab});
}

TEST(Debuggee, PushesButtonsAtTheEndOfHistoryOnly) {
    DebuggeeOf rv64("rv64");
    EXPECT_THAT(rv64.monitor("button"), HasSubstr("reset or power"));
    rv64.timeline().go_on({}, {.limit = StepCount{3}});
    EXPECT_THAT(rv64.monitor("button reset"), HasSubstr("starts anew"));
    EXPECT_EQ(rv64.timeline().position().step, StepCount{4});
    const auto& log = rv64.timeline().log();
    ASSERT_EQ(log.size(), 1U);
    const DeviceInput reset{emu::kPowerChannel, {static_cast<std::byte>(emu::PowerButton::reset)}};
    EXPECT_EQ(log.events({}).back().input, Input{reset});
    rv64.timeline().go_on({}, {.limit = StepCount{5}});
    EXPECT_EQ(rv64.machine().board().harts[0].pc, emu::memory_map::kMaskRom.base.value);

    rv64.timeline().seek({{}, StepCount{2}});
    EXPECT_THAT(rv64.monitor("button power"), HasSubstr("the past cannot be changed"));
    rv64.timeline().seek(rv64.timeline().frontier());
    EXPECT_THAT(rv64.monitor("system_powerdown"), HasSubstr("is off"));
    EXPECT_TRUE(rv64.machine().board().powered_off());
    EXPECT_EQ(rv64.timeline().go_on({}).why, replay::StopReason::powered_off);
    EXPECT_EQ(rv64.timeline().go_on({}).why, replay::StopReason::history_end);
    EXPECT_THAT(rv64.monitor("button reset"), HasSubstr("switched the machine off"));
}

/// The clock's question and its answer lie between two attempts: a step over the load crosses both.
TEST(Debuggee, StepsOverALoadOfTheHostsClock) {
    static constexpr std::array<std::uint32_t, 3> kLoads{0x001012b7, 0x0002a503, 0x0002a583};
    emu::MachineOptions options;
    options.ram_bytes = 1 << 20;
    options.board.rtc_is_hosts = true;
    emu::BootFiles files;
    files.program = {"loads", std::as_bytes(std::span(kLoads))};
    emu::RiscvMachine machine(options, files);
    replay::Timeline timeline(machine, replay::TimelineOptions{});
    class Clock final : public replay::InputPort {
      public:
        std::optional<DeviceInput> next(const Machine& asking) override {
            if (asking.room_for_input(emu::kRtcChannel) == 0) return std::nullopt;
            return DeviceInput{emu::kRtcChannel, std::vector<std::byte>(8, std::byte{7})};
        }
        void wait(std::chrono::nanoseconds) override {}
        bool interactive() const override { return false; }
    } clock;
    timeline.set_host({.input = &clock, .interrupted = nullptr, .progress = nullptr, .clock = nullptr});
    const replay::Stops at_load{.points = {{StopKind::execute, VirtualAddress{kRam + 4}, 1}}};
    EXPECT_EQ(timeline.go_on(at_load).why, replay::StopReason::stop_point);
    const auto before = timeline.position().step;
    EXPECT_EQ(machine.context(HartId{0}).pc.value, kRam + 4);
    timeline.step(HartId{0}, {}, at_load);
    EXPECT_EQ(machine.context(HartId{0}).pc.value, kRam + 8);
    EXPECT_EQ(*machine.read_register(HartId{0}, RegisterId{10}), 0x07070707U);
    EXPECT_EQ(timeline.position().step, before + StepCount{1});
    // The question, the answer and the attempt.
    timeline.step(HartId{0}, {});
    EXPECT_EQ(machine.context(HartId{0}).pc.value, kRam + 12);
    EXPECT_EQ(timeline.position().step, before + StepCount{4});
    timeline.step_back(HartId{0}, {});
    EXPECT_EQ(machine.context(HartId{0}).pc.value, kRam + 8);
    EXPECT_EQ(timeline.position().step, before + StepCount{1});
}

TEST(Debuggee, AWriteThatChangesNothingIsNoStep) {
    DebuggeeOf it("rv64imafc");
    const auto& registers = it.target().description().registers;
    const auto fa0 = std::ranges::find(registers, "fa0", &gdbstub::RegisterDescription::name);
    const gdbstub::RegisterNumber number{static_cast<std::uint32_t>(fa0 - registers.begin())};
    const std::array<std::byte, 4> one{std::byte{0}, std::byte{0}, std::byte{0x80}, std::byte{0x3f}};
    for (int n = 0; n < 2; ++n) {
        ASSERT_TRUE(it.target().write_register(gdbstub::ThreadId{1}, number, one));
        EXPECT_EQ(it.timeline().position().step, StepCount{1});
    }
    EXPECT_EQ(it.machine().read_register(HartId{0}, RegisterId{emu::kFirstFloatRegister + 10}),
              0xffff'ffff'3f80'0000);
}

// ---- monitor translate --------------------------------------------------------------------------

/// Hart 0 in S mode with Sv39: 0x40000000 is RAM through three levels, the first page readable and
/// executable.
class TranslateRv64 : public ::testing::Test {
  protected:
    TranslateRv64() {
        it.set_csr(0, 0x3b0, ~std::uint64_t{0});
        it.set_csr(0, 0x3a0, 0x1f);
        it.put(kRoot + 8, entry(kMiddle, kV));
        it.put(kMiddle, entry(kLast, kV));
        it.put(kLast, entry(kRam + 0x5000, kV | kR | kX | kAD));
        it.put(kMiddle + 8, entry(kRam + 0x20'0000, kV | kR | kW | kAD));  // 2 MiB
        it.put(kMiddle + 16, entry(kRam + 0x1000, kV | kR | kAD));         // not at a place of 2 MiB
        it.put(kMiddle + 24, entry(kRam, kV | kW));
        it.put(kMiddle + 32, entry(0x7000'0000, kV));
        it.put(kLast + 8, entry(kRam, kV));
        it.put(kLast + 16, entry(kRam, kV | kR | kAD) | std::uint64_t{1} << 54);
        it.set_csr(0, 0x180, kSv39 | kRoot >> 12);
        it.set(0, emu::kPrivilegeRegister, kSupervisor);
    }
    std::string translate(const std::string& arguments) { return it.monitor("translate " + arguments); }

    DebuggeeOf it{"rv64"};
};

TEST_F(TranslateRv64, TellsWhereAnAddressIs) {
    EXPECT_EQ(translate("0x40000123"),
              "0x40000123 is at 0x80005123 (hart 0, S mode, Sv39); allowed: read, execute\n"
              "  level 2: 0x80100008 holds 0x20040401\n"
              "  level 1: 0x80101000 holds 0x20040801\n"
              "  level 0: 0x80102000 holds 0x200014cb\n");
    EXPECT_THAT(translate("0x40234567"),
                HasSubstr("is at 0x80234567 (hart 0, S mode, Sv39); allowed: read, write\n"));
    EXPECT_EQ(translate("1073742115"), translate("0x40000123")) << "decimal";
}

TEST_F(TranslateRv64, TellsWhyAnAddressIsNowhere) {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"0x0", "the entry of level 2 at 0x80100000 holds 0x0, which is not valid"},
        {"0x40003000", "the entry of level 0 at 0x80102018 holds 0x0, which is not valid"},
        {"0x4000000000", "its upper bits are not copies"},
        {"0x40400000", "which sets reserved bits, or is of a large page at a place that is not one's"},
        {"0x40600000", "which is writable but not readable"},
        {"0x40800000", "the entry of level 0 at 0x70000000 is not in memory"},
        {"0x40001000", "which should be of a page, and is of another table"},
        {"0x40002000", "which sets reserved bits"},
    };
    for (const auto& [address, why] : cases) {
        const auto text = translate(address);
        EXPECT_THAT(text, AllOf(HasSubstr(std::string(address) + " is not mapped (hart 0, S mode, Sv39): "),
                                HasSubstr(why)));
    }
}

TEST_F(TranslateRv64, TellsWhatProtectionLeaves) {
    it.set_csr(0, 0x3a0, 0x19);  // read only
    EXPECT_THAT(translate("0x40234567"), HasSubstr("allowed: read\n"));
}

TEST_F(TranslateRv64, OfMachineModeIsNone) {
    it.set(0, emu::kPrivilegeRegister, 3);
    EXPECT_THAT(translate("0x40000000"),
                HasSubstr("0x40000000 is physical: nothing is translated (hart 0, M mode)"));
}

TEST(Translate, OfRv32) {
    DebuggeeOf it("rv32");
    it.put(kRoot + 0xc00, static_cast<std::uint32_t>(entry(kRam, kV | kR | kW | kAD)));  // 4 MiB
    it.set_csr(0, 0x180, 0x8000'0000 | kRoot >> 12);
    it.set(0, emu::kPrivilegeRegister, kSupervisor);
    EXPECT_THAT(it.monitor("translate 0xffffffffc0001000"),
                HasSubstr("0xc0001000 is at 0x80001000 (hart 0, S mode, Sv32); allowed: nothing"));
    EXPECT_THAT(it.monitor("translate 0"), HasSubstr("level 1 at 0x80100000"));
}

TEST(Translate, IsAboutTheHartThatTheUserLooksAt) {
    DebuggeeOf it("rv64", 2);
    it.set_csr(1, 0x180, kSv39 | kRoot >> 12);
    it.set(1, emu::kPrivilegeRegister, kUser);
    EXPECT_THAT(it.monitor("translate 0x1000"), HasSubstr("is physical"));
    EXPECT_THAT(it.monitor("translate 0x1000", 2), HasSubstr("is not mapped (hart 1, U mode, Sv39)"));
    EXPECT_THAT(it.monitor("translate 0x1000 1"), HasSubstr("hart 1"));
    EXPECT_THAT(it.monitor("translate 0x1000 0", 2), HasSubstr("hart 0"));
    EXPECT_THAT(it.monitor("translate 0x1000 2"), HasSubstr("harts are 0 to 1"));
    for (const auto* nonsense :
         {"translate", "translate x", "translate 0x", "translate 0x1g", "translate 1 x"})
        EXPECT_THAT(it.monitor(nonsense), HasSubstr("translate wants an address")) << nonsense;
}

}  // namespace
}  // namespace backspin::cli
