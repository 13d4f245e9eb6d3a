// Entry to and return from exceptions, priorities, and what cannot be handled: ARM DDI 0419, B1.5.
#include <gtest/gtest.h>

#include "testsuite/embedding/guest.hpp"

namespace backspin::m0 {
namespace {

constexpr std::uint16_t kNop = 0x46c0, kSvc = 0xdf00, kWfi = 0xbf30, kReturn = 0x4770, kCpsid = 0xb672;
constexpr std::uint16_t kStore = 0x6008;  // str r0, [r1]

std::uint32_t scs(std::uint32_t offset) {
    return kSystemControl + offset;
}

TEST(Exception, StacksAFrameAndComesBack) {
    for (const std::uint32_t sp : {kStackTop, kStackTop - 4}) {
        Guest guest(Program().code(kMain, {kSvc, kNop}).code(handler_of(kSvcall), {kReturn}));
        for (std::uint32_t i = 0; i <= 12; ++i) guest.set(i, 0x100 + i);
        guest.set(Reg::lr, 0x777).set(Reg::sp, sp).set(Reg::xpsr, 0xa000'0000).steps(1);
        const auto frame = (sp - 32) & ~7u;
        EXPECT_EQ(guest.reg(Reg::sp), frame);
        EXPECT_EQ(guest.reg(Reg::pc), handler_of(kSvcall));
        EXPECT_EQ(guest.reg(Reg::lr), 0xffff'fff9u);
        EXPECT_EQ(guest.state().cpu.ipsr, kSvcall);
        const std::array<std::uint32_t, 8> words{
            0x100, 0x101, 0x102, 0x103, 0x10c, 0x777, kMain + 2, 0xa100'0000 | (sp % 8 != 0 ? 1u << 9 : 0)};
        for (std::uint32_t i = 0; i < 8; ++i) EXPECT_EQ(guest.peek(frame + 4 * i), words.at(i)) << i;

        guest.set(0, 0).set(12, 0).set(Reg::xpsr, 0).steps(1);
        EXPECT_EQ(guest.reg(Reg::pc), kMain + 2);
        EXPECT_EQ(guest.reg(Reg::sp), sp);
        EXPECT_EQ(guest.reg(0), 0x100u);
        EXPECT_EQ(guest.reg(12), 0x10cu);
        EXPECT_EQ(guest.reg(Reg::lr), 0x777u);
        EXPECT_EQ(guest.reg(Reg::xpsr), 0xa100'0000u);
        EXPECT_EQ(guest.state().nvic.active_count(), 0u);
    }
}

TEST(Exception, UsesTheProcessStackOfAThread) {
    Guest guest(Program().code(kMain, {kSvc}).code(handler_of(kSvcall), {kReturn}));
    guest.set(Reg::psp, kRam + 0x800).set(Reg::control, 2).steps(1);
    EXPECT_EQ(guest.reg(Reg::lr), 0xffff'fffdu);
    EXPECT_EQ(guest.reg(Reg::psp), kRam + 0x800 - 32);
    EXPECT_EQ(guest.reg(Reg::sp), kStackTop);
    guest.steps(1);
    EXPECT_EQ(guest.reg(Reg::sp), kRam + 0x800);
    EXPECT_EQ(guest.reg(Reg::control), 2u);
}

TEST(Exception, AnInterruptIsAStepOfItsOwn) {
    Guest guest(Program().code(kMain, {kStore, kNop}).code(handler_of(kPendsv), {kReturn}));
    guest.set(0, 1u << 28).set(1, scs(Nvic::ICSR));
    EXPECT_EQ(guest.step()->kind, StepKind::attempt);
    const auto interrupt = guest.step();
    EXPECT_EQ(interrupt->kind, StepKind::interrupt);
    EXPECT_EQ(guest.reg(Reg::pc), handler_of(kPendsv));
    const auto back = guest.step();
    EXPECT_TRUE(back->returned_from_trap);
    EXPECT_EQ(guest.reg(Reg::pc), kMain + 2);
}

TEST(Exception, TheMoreUrgentIsTakenFirstAndInterruptsTheOther) {
    Guest guest(Program()
                    .code(kMain, {kStore, kNop, kNop})
                    .code(handler_of(kIrq0 + 3), {kNop, kNop, kReturn})
                    .code(handler_of(kIrq0 + 5), {kReturn}));
    guest.set(0, 1u << 3 | 1u << 5).set(1, scs(Nvic::NVIC_ISER)).steps(1);
    // Of equals the lower number first: it is not interrupted by the other.
    guest.set(Reg::pc, kMain).set(1, scs(Nvic::NVIC_ISPR)).steps(2);
    EXPECT_EQ(guest.state().cpu.ipsr, kIrq0 + 3);
    EXPECT_EQ(guest.steps(1).state().cpu.ipsr, kIrq0 + 3);
    guest.steps(3);
    EXPECT_EQ(guest.state().cpu.ipsr, kIrq0 + 5);
    guest.steps(1);
    EXPECT_EQ(guest.state().cpu.ipsr, 0u);
    // With a lower urgency it is.
    guest.set(Reg::pc, kMain).set(0, 0x4000'0000).set(1, scs(Nvic::NVIC_IPR0)).steps(1);  // interrupt 3: 0x40
    guest.set(Reg::pc, kMain).set(0, 1u << 3).set(1, scs(Nvic::NVIC_ISPR)).steps(2);
    EXPECT_EQ(guest.state().cpu.ipsr, kIrq0 + 3);
    guest.set(Reg::pc, kMain).set(0, 1u << 5).set(1, scs(Nvic::NVIC_ISPR)).steps(2);
    EXPECT_EQ(guest.state().cpu.ipsr, kIrq0 + 5);
    EXPECT_EQ(guest.reg(Reg::lr), 0xffff'fff1u);
    guest.steps(1);
    EXPECT_EQ(guest.state().cpu.ipsr, kIrq0 + 3);
}

TEST(Exception, PrimaskHoldsInterruptsBackAndWfiWakesAllTheSame) {
    Guest guest(Program().code(kMain, {kCpsid, kStore, kWfi, kNop}));
    guest.set(0, 1u << 26).set(1, scs(Nvic::ICSR)).steps(4);
    EXPECT_EQ(guest.reg(Reg::pc), kMain + 8);
    EXPECT_EQ(guest.state().cpu.ipsr, 0u);
}

TEST(Exception, WfiSleepsForEverIfNothingIsToCome) {
    Guest guest({kWfi, kNop});
    EXPECT_EQ(guest.run({.until = {100}}), RunEnd::asleep);
    EXPECT_EQ(guest.now(), StepCount{1});
    EXPECT_FALSE(guest.step());
    EXPECT_FALSE(guest.idle_deadline());
}

TEST(Exception, ACallThatMayNotBeTakenIsAHardFault) {
    Guest guest({kCpsid, kSvc});
    guest.steps(2);
    EXPECT_EQ(guest.state().cpu.ipsr, kHardFault);
    EXPECT_EQ(guest.peek(guest.reg(Reg::sp) + 24), kMain + 2);
}

TEST(Exception, AFaultInItsHandlerLocksTheProcessorUp) {
    Guest guest(Program().code(kMain, {0xde00}).code(handler_of(kHardFault), {0xde00}));
    guest.steps(2);
    EXPECT_TRUE(guest.state().cpu.locked_up);
    EXPECT_FALSE(guest.step());
    EXPECT_EQ(guest.run({.until = {100}}), RunEnd::powered_off);
}

TEST(Exception, AStackThatIsNotThereLeadsToTheHardFaultInstead) {
    Guest guest(Program().code(kMain, {kSvc}));
    guest.set(Reg::sp, kRam + 16).steps(1);
    EXPECT_EQ(guest.state().cpu.ipsr, kHardFault);
    EXPECT_EQ(guest.reg(Reg::pc), handler_of(kHardFault));
    Guest fault({0xde00});
    fault.set(Reg::sp, kRam + 16).steps(1);
    EXPECT_TRUE(fault.state().cpu.locked_up);
}

TEST(Exception, AReturnThatFitsNothingIsAHardFault) {
    for (const std::uint32_t link : {0xffff'fff1u, 0xffff'fff5u, 0xf000'0000u}) {
        Guest guest(Program().code(kMain, {kSvc}).code(handler_of(kSvcall), {kReturn}));
        guest.steps(1).set(Reg::lr, link).steps(1);
        EXPECT_EQ(guest.state().cpu.ipsr, kHardFault) << link;
    }
}

TEST(Exception, SleepsOnExit) {
    Guest guest(Program().code(kMain, {kStore, kSvc, kNop}).code(handler_of(kSvcall), {kReturn}));
    guest.set(0, 2).set(1, scs(Nvic::SCR)).steps(3);
    EXPECT_TRUE(guest.state().cpu.waiting);
    EXPECT_EQ(guest.reg(Reg::pc), kMain + 4);
}

TEST(Exception, AResetStartsAgainAndKeepsTheRam) {
    Guest guest(Program().code(kMain, {kStore}));
    guest.poke(kRam, 5).set(0, 0x05fa'0004).set(1, scs(Nvic::AIRCR)).set(Reg::primask, 1);
    const auto before = guest.now();
    guest.steps(1);
    EXPECT_EQ(guest.reg(Reg::pc), kMain);
    EXPECT_EQ(guest.reg(0), 0u);
    EXPECT_EQ(guest.reg(Reg::primask), 0u);
    EXPECT_EQ(guest.peek(kRam), 5u);
    EXPECT_EQ(guest.now(), before + StepCount{1});
}

}  // namespace
}  // namespace backspin::m0
