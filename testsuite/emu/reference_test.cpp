// The one plain step: its five kinds, and which of them comes first when several could. What each kind does
// is in the tests of traps, devices and instructions; here is the order, and that a step is always exactly
// one of them.
#include "emu/reference.hpp"

#include <gtest/gtest.h>

#include <random>

#include "emu/trap.hpp"
#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kCode = memory_map::kRamBase.value;

/// Everything that a step works on, with a program of nops.
struct ReferenceTest : ::testing::Test {
    static BoardOptions options() {
        BoardOptions options;
        options.ns_per_step = 100;
        return options;
    }
    Board board{options()};
    Memory memory{PageStore::create(), 1 << 20};
    Hart& hart() { return board.harts.front(); }

    ReferenceTest() {
        for (std::uint64_t i = 0; i < 64; ++i) put(kCode + 4 * i, nop());
        hart().pc = kCode;
        hart().mtvec = kCode + 0x400;
        open_protection(hart());
    }
    void put(std::uint64_t at, Word word) {
        ASSERT_TRUE(memory.load(PhysicalAddress{at}, std::as_bytes(std::span(&word, 1))));
    }
    std::optional<StepKind> step(const Input* input = nullptr) {
        const auto before = board.steps;
        const auto info = reference::step(board, memory, input);
        EXPECT_EQ(board.steps, before + StepCount{info ? 1u : 0u});
        return info ? std::optional(info->kind) : std::nullopt;
    }

    void write_device(const BusRange& device, std::uint64_t offset, AccessSize size, std::uint64_t value) {
        ASSERT_TRUE(board.write_device(PhysicalAddress{device.base.value + offset}, size, value));
    }
    void make_interrupt_pending() {
        write_device(memory_map::kAclint, 0, AccessSize::word, 1);
        hart().mie = bit(Interrupt::machine_software);
        hart().mstatus |= mstatus::kMie;
    }
    void make_device_event_due() {
        write_device(memory_map::kUart, Uart16550::FCR, AccessSize::byte, 0x81);
        const std::byte character{'x'};
        board.uart.input(std::span(&character, 1), {board.time(), nullptr});
        board.idle = board.idle + (*board.uart.next_event() - board.time());
    }
    void write_finisher(std::uint64_t value) {
        write_device(memory_map::kFinisher, 0, AccessSize::word, value);
    }
    const Input warp = IdleWarp{VirtualTime{1}};
};

TEST_F(ReferenceTest, AnInputComesBeforeEverythingElse) {
    make_device_event_due();
    make_interrupt_pending();
    const auto before = hart().pc;
    EXPECT_EQ(step(&warp), StepKind::input);
    EXPECT_EQ(hart().pc, before);
    EXPECT_EQ(hart().mcycle, 0u) << "not a step of the hart";
    write_finisher(0x5555);
    EXPECT_EQ(step(&warp), StepKind::input) << "even after power-off";
}

TEST_F(ReferenceTest, ADueDeviceEventComesBeforeAnInterrupt) {
    make_interrupt_pending();
    make_device_event_due();
    EXPECT_EQ(step(), StepKind::device_event);
    EXPECT_EQ(hart().mcycle, 0u);
    EXPECT_EQ(step(), StepKind::interrupt);
    EXPECT_EQ(step(), StepKind::attempt);
}

TEST_F(ReferenceTest, AnInterruptComesBeforeAnAttempt) {
    make_interrupt_pending();
    EXPECT_EQ(step(), StepKind::interrupt);
    EXPECT_EQ(hart().mepc, kCode);
    EXPECT_EQ(hart().pc, kCode + 0x400);
    EXPECT_EQ(hart().mcycle, 1u);
    EXPECT_EQ(hart().minstret, 0u);
}

TEST_F(ReferenceTest, AnAttemptRetiresOrTraps) {
    EXPECT_EQ(step(), StepKind::attempt);
    EXPECT_EQ(hart().minstret, 1u);
    put(kCode + 4, op(Opcode::ecall));
    EXPECT_EQ(step(), StepKind::attempt);
    EXPECT_EQ(hart().mcycle, 2u);
    EXPECT_EQ(hart().minstret, 1u);
    EXPECT_EQ(hart().mcause, 11u);
}

TEST_F(ReferenceTest, AnIdleJumpComesOnlyWhenNobodyCanMove) {
    write_device(memory_map::kAclint, Aclint::kMtimecmpOffset, AccessSize::doubleword, 10);
    EXPECT_EQ(step(), StepKind::attempt) << "there is a deadline, but the hart can move";
    hart().waiting = true;
    EXPECT_EQ(step(), StepKind::idle_jump);
    EXPECT_EQ(board.idle, VirtualTime{900});
    EXPECT_EQ(hart().mcycle, 1u);
    EXPECT_EQ(step(), std::nullopt) << "the timer does not wake a hart that has not enabled it";
}

TEST_F(ReferenceTest, AfterPowerOffNothingMoves) {
    make_device_event_due();
    make_interrupt_pending();
    write_finisher(0x5555);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(step(), std::nullopt);
    EXPECT_EQ(hart().pc, kCode);
}

/// The power switch is a device: what it does is a step of its own, before anything else but an input.
TEST_F(ReferenceTest, ARebootComesBeforeEveryOtherDeviceEvent) {
    memory.keep_as_power_on();
    put(kCode, addi(a0, zero, 1));
    make_device_event_due();
    make_interrupt_pending();
    write_finisher(0x7777);
    EXPECT_EQ(step(&warp), StepKind::input);
    const auto idle = board.idle;
    EXPECT_EQ(step(), StepKind::device_event);
    EXPECT_EQ(hart().pc, memory_map::kMaskRom.base.value);
    EXPECT_EQ(hart().mie, 0u);
    EXPECT_EQ(board.idle, idle) << "the clock goes on";
    EXPECT_EQ(board.uart.next_event(), std::nullopt);
    Word word = 0;
    ASSERT_TRUE(memory.read(PhysicalAddress{kCode}, std::as_writable_bytes(std::span(&word, 1))));
    EXPECT_EQ(word, nop()) << "memory is as it was at power-on";
    EXPECT_EQ(step(), StepKind::attempt);
}

TEST_F(ReferenceTest, AnXretSaysSo) {
    put(kCode, op(Opcode::mret));
    hart().mepc = kCode + 8;
    hart().mstatus |= mstatus::kMpp;
    const auto info = reference::step(board, memory);
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->returned_from_trap);
    const auto next = reference::step(board, memory);
    ASSERT_TRUE(next);
    EXPECT_FALSE(next->returned_from_trap);
    // One that traps has not returned.
    put(kCode + 12, op(Opcode::mret));
    hart().privilege = Privilege::user;
    const auto refused = reference::step(board, memory);
    ASSERT_TRUE(refused);
    EXPECT_FALSE(refused->returned_from_trap);
    EXPECT_EQ(hart().mcause, 2u);
}

/// Each step reads the clock of the position before it.
TEST_F(ReferenceTest, AStepSeesTheTimeAtWhichItStarts) {
    for (std::uint64_t i = 0; i < 3; ++i)
        put(kCode + 4 * i, csr(Opcode::csrrs, a0 + static_cast<unsigned>(i), 0xc01, zero));
    for (int i = 0; i < 3; ++i) step();
    EXPECT_EQ(hart().x[a0], 0u);
    EXPECT_EQ(hart().x[a1], 1u);
    EXPECT_EQ(hart().x[a2], 2u);
}

/// A step depends on board and memory alone: from equal states, equal states follow.
TEST_F(ReferenceTest, IsAFunctionOfTheState) {
    std::mt19937_64 random(1);
    for (std::uint64_t i = 0; i < 1000; ++i) put(kCode + 4 * i, static_cast<Word>(random()));
    for (unsigned x = 1; x < 32; ++x) hart().x[x] = random() % 2 ? kCode + random() % 4096 : random();
    Board other{options()};
    Memory other_memory{PageStore::create(), 1 << 20};
    SavedState state, twin;
    for (int i = 0; i < 500; ++i) {
        board.save(state);
        other.load(state);
        other_memory.pages().restore(memory.pages().share());
        ASSERT_TRUE(reference::step(board, memory));
        ASSERT_TRUE(reference::step(other, other_memory));
        board.save(state);
        other.save(twin);
        ASSERT_EQ(state.fields, twin.fields);
        ASSERT_EQ(memory.pages().share().digest(), other_memory.pages().share().digest());
    }
}

}  // namespace
}  // namespace backspin::emu
