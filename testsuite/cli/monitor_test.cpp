// What a person types behind `monitor`: names, help, and what each command says and does.
#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/debug/causes.hpp"
#include "cli/debug/csr_text.hpp"
#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/look_up.hpp"
#include "testsuite/cli/debuggee_of.hpp"

namespace backspin::cli {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- names and help -----------------------------------------------------------------------------

std::string found(std::string_view line) {
    const auto result = monitor::look_up(line);
    if (const auto* none = std::get_if<monitor::NotFound>(&result)) return none->why;
    const auto& one = std::get<monitor::Found>(result);
    return std::string(one.command->name) + "|" + std::string(one.arguments);
}

TEST(Monitor, FindsCommandsByTheirNames) {
    EXPECT_EQ(found("when"), "when|");
    EXPECT_EQ(found("goto  +5 "), "goto|+5");
    EXPECT_EQ(found("info harts"), "info harts|");
    EXPECT_EQ(found("info csr  mstatus"), "info csr|mstatus");
    EXPECT_EQ(found("last-write counter:4 end"), "last-write|counter:4 end");
    EXPECT_EQ(found("stop"), "stop|") << "not stop-hart";
    EXPECT_EQ(found("bookmark here"), "bookmark|here") << "not bookmarks";
}

TEST(Monitor, TakesTheBeginningOfANameThatNoOtherHas) {
    EXPECT_EQ(found("w"), "'w' may be when, writes");
    EXPECT_EQ(found("wh"), "when|");
    EXPECT_EQ(found("g 5"), "goto|5");
    EXPECT_EQ(found("i ha"), "info harts|");
    EXPECT_EQ(found("inf re"), "'info re' may be info recording, info registers");
}

TEST(Monitor, NamesWhatMayBeMeant) {
    EXPECT_EQ(found("gtoo 5"), "unknown command 'gtoo': did you mean goto? 'monitor help' lists them");
    EXPECT_EQ(found("bookmrak"),
              "unknown command 'bookmrak': did you mean bookmark? 'monitor help' lists them");
    EXPECT_EQ(found("xyzzy"), "unknown command 'xyzzy': 'monitor help' lists them");
    EXPECT_EQ(found(""), "'monitor help' lists the commands");
    EXPECT_THAT(found("info nothing"), HasSubstr("info wants one of: harts, registers, csr, devices"));
    EXPECT_THAT(found("info"), HasSubstr("info wants one of: harts"));
    EXPECT_THAT(found(std::string(100'000, 'x')), HasSubstr("unknown command"));
}

TEST(Monitor, EveryCommandHasItsNameOnceAndALineOfHelp) {
    std::set<std::string_view> names;
    for (const auto& family : monitor::families()) {
        EXPECT_FALSE(family.title.empty());
        for (const auto& command : family.commands) {
            EXPECT_TRUE(names.insert(command.name).second) << command.name;
            EXPECT_FALSE(command.help.empty()) << command.name;
            EXPECT_NE(command.run, nullptr) << command.name;
            EXPECT_LE(command.help.size(), 80u) << command.name;
            EXPECT_THAT(monitor::list_of_commands(), HasSubstr(std::string(command.help)));
        }
    }
    EXPECT_GT(names.size(), 40u);
}

TEST(Monitor, HelpsWithOneCommand) {
    DebuggeeOf it("rv64");
    EXPECT_THAT(it.monitor("help"),
                AllOf(HasSubstr("\nStops:\n"), HasSubstr("goto PLACE"), HasSubstr("last-write")));
    EXPECT_EQ(it.monitor("help when"), "when\n  the position, and the guest's own time\n");
    EXPECT_THAT(it.monitor("help catch"), HasSubstr("load-page-fault"));
    EXPECT_THAT(it.monitor("help info"), AllOf(HasSubstr("info harts\n"), HasSubstr("info tlb [ADDRESS]\n")));
    EXPECT_THAT(it.monitor("help wehn"), HasSubstr("did you mean when?"));
    EXPECT_EQ(it.monitor("complete book"), "bookmark\nbookmarks\n");
    EXPECT_THAT(it.monitor("complete info s"), "info snapshots\n");
    EXPECT_EQ(it.monitor("complete nothing"), "");
}

TEST(Monitor, RefusesWordsBehindACommandThatTakesNone) {
    DebuggeeOf it("rv64");
    EXPECT_EQ(it.monitor("when now"), "when takes nothing behind its name");
    EXPECT_EQ(it.monitor("catch me"), "catch wants: catch [trap CAUSE|delete N|delete all]");
}

TEST(Monitor, TakesTheHabitsOfOtherMonitors) {
    DebuggeeOf it("rv64");
    it.timeline().go_on({}, {.limit = StepCount{5}});
    for (const auto* command : {"reset", "reset halt", "reset init", "system_reset"}) {
        it.timeline().seek(it.timeline().frontier());
        EXPECT_THAT(it.monitor(command), HasSubstr("position 0 of 5")) << command;
    }
    EXPECT_THAT(it.monitor("reset run"), HasSubstr("'continue'"));
    for (const auto* command : {"halt", "halt 500", "stop", "adapter speed 4000", "speed 1000"})
        EXPECT_EQ(it.monitor(command), "") << command;
    EXPECT_THAT(it.monitor("cont"), HasSubstr("type continue"));
    EXPECT_THAT(it.monitor("resume"), HasSubstr("type continue"));
    EXPECT_THAT(it.monitor("quit"), HasSubstr("'kill'"));
    EXPECT_THAT(it.monitor("reset hard"), HasSubstr("reset wants: reset [halt|init|run]"));
}

// ---- what there is ------------------------------------------------------------------------------

TEST(MonitorInfo, TellsOfTheHarts) {
    DebuggeeOf it("rv64", 2);
    it.set(1, emu::kPrivilegeRegister, kSupervisor);
    EXPECT_THAT(it.monitor("info harts", 2),
                AllOf(HasSubstr("  0  M mode  pc 0x1000"), HasSubstr("* 1  S mode  pc 0x1000"),
                      HasSubstr("moves next")));
    it.timeline().go_on({}, {.limit = StepCount{100'000}});
    EXPECT_THAT(it.monitor("info harts"), HasSubstr("* 0  M mode  pc 0x80000004, waits for an interrupt"));
    EXPECT_THAT(it.monitor("info registers"), HasSubstr("\n  pc 0x0000000080000004  M mode\n"));
}

TEST(MonitorInfo, TellsWhatIsOnTheBus) {
    DebuggeeOf it("rv64");
    const auto map = it.monitor("info mtree");
    EXPECT_THAT(map, AllOf(HasSubstr("0x0000000080000000-0x0000000080ffffff  RAM, 16 MiB\n"),
                           HasSubstr("0x0000000010000000-0x00000000100000ff  uart, interrupt 10\n"),
                           HasSubstr("virtio0: nothing behind it")));
    const auto devices = it.monitor("info devices");
    EXPECT_THAT(devices, AllOf(HasSubstr("uart               0x10000000\n"), HasSubstr("clock\n"),
                               HasSubstr("hart0\n")));
    EXPECT_THAT(it.monitor("info devices hart0"), HasSubstr("mtvec"));
    EXPECT_THAT(it.monitor("info devices gpu"), HasSubstr("there is no device 'gpu'"));
}

TEST(MonitorInfo, TellsWhatRegistersMean) {
    DebuggeeOf it("rv64", 2);
    it.set_csr(1, 0x342, std::uint64_t{1} << 63 | 7);
    it.set_csr(1, 0x180, kSv39 | kRoot >> 12);
    EXPECT_EQ(it.monitor("info csr mcause", 2), "0x342 mcause         0x8000000000000007  machine-timer\n");
    EXPECT_EQ(it.monitor("info csr satp", 2),
              "0x180 satp           0x8000000000080100  Sv39 root 0x80100000 asid 0\n");
    EXPECT_THAT(it.monitor("info csr nonsense"), HasSubstr("this hart has no register 'nonsense'"));
    const auto some = it.monitor("info csr"), all = it.monitor("info csr all");
    EXPECT_THAT(some, AllOf(HasSubstr("mstatus"), HasSubstr("mtvec"), Not(HasSubstr("hpmcounter"))));
    EXPECT_THAT(all, AllOf(HasSubstr("mhpmcounter3"), HasSubstr("pmpaddr15")));
    DebuggeeOf narrow("rv32imac");
    EXPECT_THAT(narrow.monitor("info csr all"), AllOf(HasSubstr("mstatush"), Not(HasSubstr("fcsr"))));
    EXPECT_EQ(narrow.monitor("info csr misa"), "0x301 misa           0x40141105  rv32acimsu\n");
}

TEST(CsrText, NamesFields) {
    EXPECT_EQ(describe_csr("mstatus", 0xa0000'1888, 64), "MIE MPIE MPP=M FS=off");
    EXPECT_EQ(describe_csr("sstatus", 0x4'6122, 64), "SIE SPIE SPP=S FS=dirty SUM");
    EXPECT_EQ(describe_csr("mie", 0x88, 64), "machine-software machine-timer");
    EXPECT_EQ(describe_csr("medeleg", 0x100, 64), "ecall-from-u");
    EXPECT_EQ(describe_csr("mtvec", 0x8000'0101, 64), "0x80000100 vectored");
    EXPECT_EQ(describe_csr("satp", 0x8040'0123, 32), "Sv32 root 0x123000 asid 1");
    EXPECT_EQ(describe_csr("satp", 0, 64), "bare");
    EXPECT_EQ(describe_csr("scause", 13, 64), "load-page-fault");
    EXPECT_EQ(describe_csr("mcause", 0x8000'000b, 32), "machine-external");
    EXPECT_EQ(describe_csr("mcause", 24, 64), "exception 24");
    EXPECT_EQ(describe_csr("fcsr", 0x31, 64), "RTZ NV NX");
    EXPECT_EQ(describe_csr("mscratch", 5, 64), "");
}

TEST(MonitorInfo, TellsOfTranslation) {
    DebuggeeOf it("rv64", 2);
    it.set_csr(1, 0x180, kSv39 | kRoot >> 12);
    it.set(1, emu::kPrivilegeRegister, kSupervisor);
    EXPECT_THAT(it.monitor("info tlb"),
                AllOf(HasSubstr("hart 0: bare"), HasSubstr("hart 1: Sv39 root 0x80100000")));
    EXPECT_EQ(it.monitor("info tlb 0x1000", 2), it.monitor("translate 0x1000 1"));
    EXPECT_THAT(it.monitor("info tlb nothing"), HasSubstr("no symbol 'nothing'"));
}

TEST(MonitorInfo, TellsOfTheHistory) {
    DebuggeeOf it("rv64");
    it.timeline().go_on({}, {.limit = StepCount{3}});
    it.set(0, RegisterId{10}, 5);
    it.monitor("bookmark here");
    EXPECT_THAT(it.monitor("info recording"),
                AllOf(HasSubstr("history: positions 0 to 4, live\n"), HasSubstr("inputs: 1\n"),
                      HasSubstr("branches: 1\n"), HasSubstr("bookmarks: 1\n")));
    EXPECT_THAT(it.monitor("bookmarks"), HasSubstr("4  here\n"));
}

// ---- code and memory ----------------------------------------------------------------------------

TEST(MonitorMemory, Disassembles) {
    DebuggeeOf it("rv64");
    it.timeline().go_on({}, {.limit = StepCount{100'000}});
    EXPECT_EQ(it.monitor("disassemble 0x80000000 2"),
              "   0x80000000:  10500073  wfi\n=> 0x80000004:  ffdff06f  j -4\n");
    EXPECT_THAT(it.monitor("disassemble"), HasSubstr("=> 0x80000004"));
    EXPECT_THAT(it.monitor("disassemble 0x40"), HasSubstr("sees nothing at 0x40"));
    EXPECT_THAT(it.monitor("disassemble nowhere"), HasSubstr("no symbol 'nowhere'"));
    EXPECT_THAT(it.monitor("disassemble 0x80000000 5000"), HasSubstr("a count up to 1000"));
}

class PhysicalMemory : public ::testing::Test {
  protected:
    PhysicalMemory() {
        it.put(kRoot, entry(kRam, kV | kR | kW | kAD));  // 1 GiB: address 0 is the start of RAM
        it.put<std::uint32_t>(kRam + 0x1000, 0xabcd);
        for (std::uint32_t hart = 0; hart < 2; ++hart) it.set_csr(hart, 0x180, kSv39 | kRoot >> 12);
        it.set(1, emu::kPrivilegeRegister, kSupervisor);
    }
    std::optional<std::uint16_t> half(std::uint64_t thread, std::uint64_t at) {
        std::uint16_t value = 0;
        const auto bytes = std::as_writable_bytes(std::span(&value, 1));
        const auto read = it.target().read_memory(gdbstub::ThreadId{thread}, gdbstub::Address{at}, bytes);
        return read && *read.value() == sizeof value ? std::optional(value) : std::nullopt;
    }
    gdbstub::Outcome<gdbstub::Done> write(std::uint64_t thread, std::uint64_t at) {
        static constexpr std::array<std::byte, 2> kNew{std::byte{0x34}, std::byte{0x12}};
        return it.target().write_memory(gdbstub::ThreadId{thread}, gdbstub::Address{at}, kNew);
    }

    DebuggeeOf it{"rv64", 2};
};

TEST_F(PhysicalMemory, IsReadPastTheTablesWhileItIsOn) {
    EXPECT_EQ(half(2, 0x1000), 0xabcd);
    EXPECT_EQ(half(2, kRam + 0x1000), std::nullopt);
    EXPECT_THAT(it.monitor("phys"), HasSubstr("those that the hart uses"));
    EXPECT_THAT(it.monitor("phys on"), HasSubstr("physical"));
    EXPECT_EQ(half(2, kRam + 0x1000), 0xabcd);
    EXPECT_NE(half(2, 0x1000), 0xabcd) << "the ROM";
    EXPECT_EQ(half(2, 0x40), std::nullopt);
    it.monitor("phys off");
    EXPECT_EQ(half(2, 0x1000), 0xabcd);
    EXPECT_THAT(it.monitor("phys maybe"), HasSubstr("on or off"));
}

TEST_F(PhysicalMemory, IsWrittenThroughAHartThatTranslatesNothing) {
    it.monitor("phys on");
    EXPECT_TRUE(write(2, kRam + 0x1000)) << "hart 0 is in M mode";
    EXPECT_EQ(half(2, kRam + 0x1000), 0x1234);
    EXPECT_FALSE(write(2, 0x40)) << "nothing is there";
    it.set(0, emu::kPrivilegeRegister, kUser);
    const auto refused = write(2, kRam + 0x1000);
    ASSERT_NE(refused.refused(), nullptr);
    EXPECT_THAT(refused.refused()->text, HasSubstr("'monitor phys off'"));
}

TEST_F(PhysicalMemory, EndsWithTheClient) {
    it.monitor("phys on");
    it.monitor("stop-hart 1");
    it.monitor("catch trap all");
    it.target().breakpoints()->remove_all();
    EXPECT_EQ(half(2, 0x1000), 0xabcd);
    EXPECT_THAT(it.monitor("stop-hart"), HasSubstr("every hart"));
    EXPECT_EQ(it.monitor("catch"), "no catches\n");
}

// ---- stops --------------------------------------------------------------------------------------

gdbstub::Breakpoint breakpoint(std::uint64_t at) {
    return {gdbstub::BreakpointKind::software, gdbstub::Address{at}, 4};
}

// ecall; ecall; .word 0; j .-12: with mtvec at 0, which is nothing, it would trap for ever.
// So the handler, at kRam + 0x40, steps over what trapped.
constexpr std::array<std::uint32_t, 24> kTrapping{
    0x00000297,  // auipc t0, 0
    0x04028293,  // addi t0, t0, 0x40
    0x30529073,  // csrw mtvec, t0
    0x00000073,  // ecall
    0x00000013,  // nop
    0x00000000,  // illegal
    0x00000013,  // nop
    0x00000073,  // ecall
    0x0000006f,  // j .
    0, 0, 0, 0, 0, 0, 0,
    // handler
    0x34102373,  // csrr t1, mepc
    0x00430313,  // addi t1, t1, 4
    0x34131073,  // csrw mepc, t1
    0x30200073,  // mret
};

class Catching : public ::testing::Test {
  protected:
    std::uint64_t pc() const { return it.machine().context(HartId{0}).pc.value; }
    /// Goes on and says where it came to a stop.
    std::uint64_t go_on() {
        it.perform(gdbstub::Continue{});
        return pc();
    }
    std::uint64_t go_back() {
        it.perform(gdbstub::ReverseContinue{gdbstub::ThreadId{1}});
        return pc();
    }
    DebuggeeOf mutable it{"rv64", 1, kTrapping};
    static constexpr std::uint64_t kFirst = kRam + 12, kIllegal = kRam + 20, kSecond = kRam + 28,
                                   kHandler = kRam + 0x40;
};

TEST_F(Catching, StopsBeforeATrapForwardAndAfterItBackward) {
    EXPECT_EQ(it.monitor("catch"), "no catches\n");
    EXPECT_EQ(it.monitor("catch trap ecall-from-m"), "catch 1: trap ecall-from-m\n");
    EXPECT_EQ(go_on(), kFirst);
    EXPECT_EQ(it.printed(), "caught ecall-from-m of hart 0: the next step takes it\n");
    const auto first = it.position();
    EXPECT_EQ(go_on(), kSecond);
    const auto second = it.position();
    it.timeline().go_on({}, {.limit = StepCount{second + 20}});
    EXPECT_EQ(go_back(), kHandler);
    EXPECT_EQ(it.position(), second + 1);
    EXPECT_THAT(it.printed(), HasSubstr("the step before here took it\n"));
    EXPECT_EQ(go_back(), kHandler);
    EXPECT_EQ(it.position(), first + 1);
    go_back();
    EXPECT_EQ(it.position(), 0u);
    EXPECT_EQ(go_on(), kFirst) << "again";
}

TEST_F(Catching, IsOfTheCausesThatWereNamed) {
    it.monitor("catch trap 2");
    EXPECT_EQ(it.monitor("catch"), "  1  trap illegal-instruction\n");
    EXPECT_EQ(go_on(), kIllegal);
    EXPECT_EQ(it.monitor("catch trap exceptions"), "catch 2: trap exceptions\n");
    it.monitor("start");
    EXPECT_EQ(go_on(), kFirst);
    EXPECT_EQ(it.monitor("catch delete 2"), "  1  trap illegal-instruction\n");
    it.monitor("start");
    EXPECT_EQ(go_on(), kIllegal);
    EXPECT_EQ(it.monitor("catch delete all"), "no catches\n");
    EXPECT_THAT(it.monitor("catch delete 1"), HasSubstr("there is no catch '1'"));
    EXPECT_THAT(it.monitor("catch trap nonsense"), HasSubstr("there is no cause 'nonsense'"));
    it.monitor("catch trap all");
    EXPECT_THAT(it.monitor("catch trap all"), HasSubstr("caught already"));
}

TEST_F(Catching, StandsBesideBreakpoints) {
    it.monitor("catch trap all");
    ASSERT_TRUE(it.target().breakpoints()->insert(breakpoint(kFirst), {}));
    EXPECT_TRUE(
        std::holds_alternative<gdbstub::HitSoftwareBreakpoint>(it.perform(gdbstub::Continue{}).reason));
    EXPECT_EQ(pc(), kFirst);
    EXPECT_EQ(it.printed(), "");
    ASSERT_TRUE(it.target().breakpoints()->remove(breakpoint(kFirst)));
    EXPECT_EQ(go_on(), kFirst) << "the trap of the instruction that has the breakpoint";
    EXPECT_THAT(it.printed(), HasSubstr("ecall-from-m"));
    EXPECT_EQ(go_on(), kIllegal);
}

TEST(Causes, AreNamed) {
    EXPECT_EQ(describe_causes(*parse_causes("interrupt:7")), "machine-timer");
    EXPECT_EQ(describe_causes(*parse_causes("24")), "24");
    EXPECT_EQ(describe_causes(*parse_causes("interrupt:24")), "interrupt:24");
    for (const auto* group : {"all", "exceptions", "interrupts"})
        EXPECT_EQ(describe_causes(*parse_causes(group)), group);
    for (const auto* wrong : {"", "64", "interrupt:", "interrupt:x", "-1", "page-fault"})
        EXPECT_FALSE(parse_causes(wrong)) << wrong;
}

/// All harts run the same loop.
TEST(StopHart, LetsOneHartStopBothWays) {
    static constexpr std::array<std::uint32_t, 3> kLoop{0x00000013, 0x00000013, 0xff9ff06f};
    DebuggeeOf it("rv64", 3, kLoop);
    ASSERT_TRUE(it.target().breakpoints()->insert(breakpoint(kRam + 4), {}));
    EXPECT_EQ(it.perform(gdbstub::Continue{}).thread, gdbstub::ThreadId{1});
    EXPECT_THAT(it.monitor("stop-hart 2"), HasSubstr("hart 2 only"));
    auto report = it.perform(gdbstub::Continue{});
    EXPECT_EQ(report.thread, gdbstub::ThreadId{3});
    EXPECT_TRUE(std::holds_alternative<gdbstub::HitSoftwareBreakpoint>(report.reason));
    const auto first = it.position();
    it.perform(gdbstub::Step{gdbstub::ThreadId{3}});
    report = it.perform(gdbstub::Continue{});
    EXPECT_EQ(report.thread, gdbstub::ThreadId{3});
    EXPECT_GT(it.position(), first);
    report = it.perform(gdbstub::ReverseContinue{gdbstub::ThreadId{3}});
    EXPECT_EQ(report.thread, gdbstub::ThreadId{3});
    EXPECT_EQ(it.position(), first);
    report = it.perform(gdbstub::ReverseContinue{gdbstub::ThreadId{3}});
    EXPECT_TRUE(std::holds_alternative<gdbstub::ReachedHistoryEnd>(report.reason)) << "hart 0 had passed it";

    it.timeline().seek({{}, StepCount{first}});
    EXPECT_THAT(it.monitor("stop-hart all"), HasSubstr("every hart"));
    EXPECT_NE(it.perform(gdbstub::ReverseContinue{gdbstub::ThreadId{3}}).thread, gdbstub::ThreadId{3})
        << "what is remembered of the search is of the other question";
    EXPECT_THAT(it.monitor("stop-hart 3"), HasSubstr("the harts are 0 to 2"));
}

}  // namespace
}  // namespace backspin::cli
