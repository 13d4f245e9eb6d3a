// How a run ends and how it begins again: switched off, asleep, rebooted; and deadlines however far away.
#include <gtest/gtest.h>

#include <vector>

#include "emu/input.hpp"
#include "emu/riscv_machine.hpp"
#include "testsuite/emu/guest.hpp"
#include "testsuite/emu/small_machine.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kRam = memory_map::kRamBase.value;
constexpr std::uint64_t kAclint = memory_map::kAclint.base.value;
constexpr std::uint64_t kFinisher = memory_map::kFinisher.base.value;
constexpr HartId kHart{0};

std::uint64_t reg(const RiscvMachine& machine, unsigned x) {
    return *machine.read_register(kHart, RegisterId{x});
}

// ---- switched off -------------------------------------------------------------------------------

TEST(PowerOff, EndsTheRunAfterItsStep) {
    Guest guest{store(Opcode::sw, a1, 0, a0), addi(a2, zero, 1)};
    guest.set(a0, kFinisher);
    guest.set(a1, 0x5555);
    guest.run(1);
    EXPECT_TRUE(guest.board().powered_off());
    EXPECT_FALSE(guest.step());
    auto& machine = guest.machine();
    EXPECT_EQ(machine.run(RunOptions{}), RunEnd::powered_off);
    EXPECT_EQ(machine.room_for_input(kConsoleChannel), 0u) << "nobody is there to read it";
    EXPECT_EQ(machine.now(), StepCount{1});
    EXPECT_EQ(reg(machine, a2), 0u);
    ASSERT_TRUE(machine.power_request());
    RunOptions reached;
    reached.until = StepCount{1};
    EXPECT_EQ(machine.run(reached), RunEnd::reached) << "where it already is";
}

/// Even what is due or pending does not happen any more.
TEST(PowerOff, NothingHappensAfterwards) {
    Guest guest{store(Opcode::sw, a1, 0, a0)};
    guest.set(a0, kFinisher);
    guest.set(a1, 0x5555);
    raise_software(guest);
    enable(guest, {Interrupt::machine_software}, false);
    guest.run(1);
    guest.edit([](Hart& hart) { hart.mstatus |= mstatus::kMie; });
    EXPECT_FALSE(guest.step());
    // A debugger still may write: an input is a step, and nothing else moves.
    guest.apply(RegisterWrite{kHart, RegisterId{a2}, 5});
    EXPECT_EQ(guest.x(a2), 5u);
    EXPECT_EQ(guest.now(), StepCount{2});
    EXPECT_FALSE(guest.step());
}

/// A guest may ask for any deadline, up to the end of 64 bits; the run still ends where it should.
TEST(Deadlines, AreReachedExactlyHoweverFarTheGuestPutsThem) {
    for (const std::uint64_t ns : {1u, 10u, 10'000u}) {
        for (const std::uint64_t ticks : {~std::uint64_t{0}, ~std::uint64_t{0} / 100, ~std::uint64_t{0} / 200,
                                          (std::uint64_t{1} << 62) / 100, std::uint64_t{1000}}) {
            Guest guest({store(Opcode::sd, a1, 0, a0), op(Opcode::wfi), addi(a2, a2, 1), jal(zero, -4)}, ns);
            guest.set(a0, kAclint + Aclint::kMtimecmpOffset);
            guest.set(a1, ticks);
            guest.edit([](Hart& hart) { hart.mie = bit(Interrupt::machine_timer); });
            guest.run(2);
            if (!guest.machine().idle_deadline()) continue;  // too far away: asleep
            EXPECT_LE(ticks, (std::uint64_t{1} << 62) / 100);
            guest.run(500);
            EXPECT_EQ(guest.x(a2), 250u);
        }
    }
}

// ---- reboot -------------------------------------------------------------------------------------

/// As at power-on but for the clock: what was written to memory, code included, and every register are gone.
TEST(Reboot, StartsTheSameProgramAgain) {
    const Program writer{
        encode(Opcode::auipc, {a2, 0, 0, 0}),  // where this is
        load(Opcode::lw, t0, 36, a2),          // one more than the last time?
        addi(t0, t0, 1),                       //
        store(Opcode::sw, t0, 36, a2),         // data beside the code
        store(Opcode::sw, t0, 28, a2),         // and over the code
        load(Opcode::lw, t1, 36, a2),          // known again, as it is now
        jal(zero, 4),                          //
        nop(),                                 // overwritten: 2 is a nop of its own
        jal(zero, 0),                          //
        0x0000'0001,                           // counted up to 2
        store(Opcode::sw, a4, 0, a3),          // the finisher, once a debugger has set a3 and a4
        jal(zero, 0),
    };
    auto options = small();
    options.board.harts = 2;
    options.board.quantum = 7;
    RiscvMachine machine(options, writer.files()), fresh(options, writer.files());
    const auto described = [](const RiscvMachine& m) {
        std::vector<std::vector<FieldValue>> all;
        for (std::size_t i = 1; i < m.component_names().size(); ++i) all.push_back(m.board().describe(i));
        return all;
    };
    const auto at_power_on = described(fresh);
    const auto memory_at_power_on = fresh.save().pages.digest();
    RunOptions run;
    run.until = StepCount{60};
    ASSERT_EQ(machine.run(run), RunEnd::reached);
    ASSERT_NE(machine.save().pages.digest(), memory_at_power_on);
    machine.apply(RegisterWrite{kHart, RegisterId{a4}, 0x7777});
    machine.apply(RegisterWrite{kHart, RegisterId{a3}, kFinisher});
    machine.apply(RegisterWrite{kHart, kPcRegister, kRam + 40});
    while (!machine.board().reset_is_due()) ASSERT_TRUE(machine.step());
    const auto before = machine.now();
    const auto info = machine.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::device_event);
    EXPECT_EQ(described(machine), at_power_on);
    EXPECT_EQ(machine.save().pages.digest(), memory_at_power_on);
    EXPECT_EQ(machine.now(), before + StepCount{1}) << "the clock goes on";
    // The way from there is the way from power-on, whatever the engine has kept decoded of the first time.
    for (std::uint64_t steps : {1u, 5u, 20u, 60u}) {
        RunOptions again;
        again.until = before + StepCount{1 + steps};
        ASSERT_EQ(machine.run(again), RunEnd::reached);
        again.until = StepCount{steps};
        ASSERT_EQ(fresh.run(again), RunEnd::reached);
        EXPECT_EQ(described(machine), described(fresh)) << steps;
        EXPECT_EQ(machine.save().pages.digest(), fresh.save().pages.digest()) << steps;
    }
}

/// One step at a time and in one run, on reference and machine.
TEST(Reboot, IsAStepOfItsOwn) {
    Guest guest{store(Opcode::sw, a1, 0, a0), addi(a2, zero, 1)};
    guest.set(a0, kFinisher);
    guest.set(a1, 0x7777);
    set_timer(guest, 1000);
    guest.run(1);
    EXPECT_FALSE(guest.board().powered_off());
    const auto info = guest.step();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->kind, StepKind::device_event);
    EXPECT_EQ(guest.pc(), 0x1000u);
    EXPECT_EQ(guest.board().next_deadline(), std::nullopt) << "the timer is silent again";
    EXPECT_EQ(guest.now(), StepCount{2});
    guest.run(20);
}

TEST(Reboot, MaySwitchOffInstead) {
    auto options = Guest::board_options();
    options.reboots = false;
    Guest guest(options, {store(Opcode::sw, a1, 0, a0), addi(a2, zero, 1)});
    guest.set(a0, kFinisher);
    guest.set(a1, 0x7777);
    guest.run(1);
    EXPECT_TRUE(guest.board().powered_off());
    EXPECT_FALSE(guest.step());
    EXPECT_EQ(guest.machine().run(RunOptions{}), RunEnd::powered_off);
    ASSERT_TRUE(guest.machine().power_request());
    EXPECT_EQ(guest.machine().power_request()->kind, PowerRequest::Kind::reset);
}

// ---- asleep -------------------------------------------------------------------------------------

/// A machine is asleep when every hart waits and no deadline will come; one hart that works keeps it awake.
TEST(Asleep, NeedsEveryHart) {
    auto options = Guest::board_options();
    options.harts = 2;
    options.quantum = 5;
    Guest guest(options, {op(Opcode::wfi), jal(zero, -4)});
    guest.put(Guest::kData, {addi(a0, a0, 1), addi(a1, a0, -20), branch(Opcode::bne, a1, zero, -8),
                             op(Opcode::wfi), jal(zero, -4)});
    guest.go_to(Guest::kData, Privilege::machine, 1);
    RunOptions forever;
    auto& machine = guest.machine();
    const auto start = machine.save();
    EXPECT_EQ(machine.run(forever), RunEnd::asleep);
    EXPECT_EQ(machine.now(), StepCount{1 + 3 * 20 + 1});
    EXPECT_EQ(machine.run(forever), RunEnd::asleep) << "and stays so";
    EXPECT_EQ(machine.idle_deadline(), std::nullopt);
    EXPECT_FALSE(machine.step());
    machine.load(start);
    guest.run(1 + 3 * 20 + 1);
    EXPECT_FALSE(guest.step());
    EXPECT_EQ(guest.x(a0, 1), 20u);
}

/// An input wakes it: here, a hart that another hart's line wakes.
TEST(Asleep, ADebuggerMayWakeOneHart) {
    auto options = Guest::board_options();
    options.harts = 2;
    Guest guest(options, {op(Opcode::wfi), addi(a0, a0, 1), jal(zero, -8)});
    raise_software(guest, 1);
    guest.run(2);
    EXPECT_FALSE(guest.step());
    guest.apply(RegisterWrite{HartId{1}, RegisterId{65 + 0x304}, 8});
    guest.run(3);
    EXPECT_EQ(guest.x(a0, 1), 1u);
    EXPECT_TRUE(guest.hart(0).waiting);
    EXPECT_EQ(guest.machine().current_hart(), HartId{1});
}

}  // namespace
}  // namespace backspin::emu
