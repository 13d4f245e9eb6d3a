// SysTick on the virtual clock, and the UART.
#include <vector>

#include <gtest/gtest.h>

#include "testsuite/embedding/guest.hpp"

namespace backspin::m0 {
namespace {

constexpr std::uint32_t kEnable = 1, kTickint = 2;

TEST(SysTick, CountsDownFromTheReloadValueAndComesAround) {
    SysTick systick;
    systick.write(SysTick::SYST_RVR, 9, 100);
    systick.write(SysTick::SYST_CVR, 0, 100);
    systick.write(SysTick::SYST_CSR, kEnable, 100);
    EXPECT_EQ(systick.peek(SysTick::SYST_CVR, 101), 9u) << "the clock after";
    EXPECT_EQ(systick.peek(SysTick::SYST_CVR, 109), 1u);
    EXPECT_EQ(systick.due(), 110u);
    EXPECT_FALSE(systick.expire()) << "no TICKINT";
    EXPECT_EQ(systick.peek(SysTick::SYST_CVR, 111), 9u);
    EXPECT_EQ(systick.due(), 120u) << "a period is one more than the reload value";
}

TEST(SysTick, StandsStillWhileItIsOff) {
    SysTick systick;
    systick.write(SysTick::SYST_RVR, 9, 0);
    systick.write(SysTick::SYST_CSR, kEnable, 0);
    systick.write(SysTick::SYST_CSR, 0, 4);
    EXPECT_EQ(systick.peek(SysTick::SYST_CVR, 50), 6u);
    EXPECT_FALSE(systick.due());
    systick.write(SysTick::SYST_CSR, kEnable, 60);
    EXPECT_EQ(systick.due(), 66u);
}

TEST(SysTick, StopsAtZeroWithNothingToLoad) {
    SysTick systick;
    systick.write(SysTick::SYST_RVR, 9, 0);
    systick.write(SysTick::SYST_CSR, kEnable | kTickint, 0);
    systick.write(SysTick::SYST_RVR, 0, 3);
    EXPECT_EQ(systick.due(), 10u);
    EXPECT_TRUE(systick.expire());
    EXPECT_FALSE(systick.due());
    EXPECT_EQ(systick.peek(SysTick::SYST_CVR, 20), 0u);
    systick.write(SysTick::SYST_RVR, 4, 20);
    EXPECT_EQ(systick.due(), 25u);
}

TEST(SysTick, TellsOnceThatItCameToZero) {
    SysTick systick;
    systick.write(SysTick::SYST_RVR, 9, 0);
    systick.write(SysTick::SYST_CSR, kEnable, 0);
    systick.expire();
    EXPECT_EQ(systick.peek(SysTick::SYST_CSR, 11), 0x1'0005u);
    EXPECT_EQ(systick.read(SysTick::SYST_CSR, 11), 0x1'0005u);
    EXPECT_EQ(systick.read(SysTick::SYST_CSR, 11), 5u);
}

TEST(SysTick, TakesAStepOfItsOwnAndWakesTheProcessor) {
    // str r0, [r1] sets SYST_RVR, str r2, [r3] starts; wfi; the handler returns.
    Guest guest(Program().code(kMain, {0x6008, 0x601a, 0xbf30, 0x46c0}).code(handler_of(kSystick), {0x4770}));
    guest.set(0, 99).set(1, kSystemControl + 0x14).set(2, kEnable | kTickint).set(3, kSystemControl + 0x10);
    const auto start = guest.now() + StepCount{1};  // the clock at which it starts
    guest.steps(3);
    EXPECT_EQ(guest.idle_deadline(), (VirtualTime{(start.value + 100) * kNsPerStep}));
    EXPECT_EQ(guest.run({.until = kEndOfTime, .pause_when_idle = true}), RunEnd::idle);
    std::vector<StepKind> kinds;
    for (int n = 0; n < 5; ++n) kinds.push_back(guest.step()->kind);
    EXPECT_EQ(kinds, (std::vector{StepKind::idle_jump, StepKind::device_event, StepKind::interrupt,
                                  StepKind::attempt, StepKind::attempt}));
    EXPECT_EQ(guest.reg(Reg::pc), kMain + 8);
    EXPECT_EQ(guest.time().ns, (start.value + 100 + 5) * kNsPerStep) << "the jump itself takes a clock, too";
}

class Screen : public OutputSink {
  public:
    void output(Channel channel, std::span<const std::byte> bytes) override {
        EXPECT_EQ(channel, kUartChannel);
        for (const auto byte : bytes) text += static_cast<char>(byte);
    }
    std::string text;
};

TEST(Uart, SendsWhatIsWrittenWhenItIsOn) {
    Guest guest({0x6008, 0x601a, 0x6008});  // str r0, [r1]; str r2, [r3]; str r0, [r1]
    Screen screen;
    guest.set_output(&screen);
    guest.set(0, 'x').set(1, kUart0 + Uart::DATA).set(2, 1).set(3, kUart0 + Uart::CTRL);
    const auto state = guest.save();
    for (int n = 0; n < 3; ++n) guest.step(true);
    EXPECT_EQ(screen.text, "x");
    guest.load(state);
    guest.steps(3);
    EXPECT_EQ(screen.text, "x") << "nothing is shown in internal runs";
}

TEST(Uart, HoldsOneByteAndSaysWhatItLost) {
    Uart uart;
    EXPECT_FALSE(uart.has_room()) << "off";
    uart.write(Uart::CTRL, 0x2 | 0x8 | 0x20);
    EXPECT_TRUE(uart.has_room());
    uart.receive(std::byte{'a'});
    EXPECT_TRUE(uart.lines().rx);
    EXPECT_FALSE(uart.lines().overrun);
    uart.receive(std::byte{'b'});
    EXPECT_EQ(uart.peek(Uart::STATE), 0xau);
    EXPECT_TRUE(uart.lines().overrun);
    EXPECT_EQ(uart.read(Uart::DATA), std::uint32_t{'a'});
    EXPECT_EQ(uart.peek(Uart::STATE), 0x8u);
    uart.write(Uart::STATE, 0x8);
    uart.write(Uart::INTSTATUS, 0xf);
    EXPECT_EQ(uart.peek(Uart::STATE), 0u);
    EXPECT_FALSE(uart.lines().rx || uart.lines().overrun);
}

TEST(Uart, InterruptsForAByteUntilThatIsCleared) {
    // The handler only returns at first: the line is still up, and it is taken again.
    Guest guest(Program().code(kMain, {0x6008, 0x601a, 0x46c0, 0xe7fe}).code(handler_of(kIrq0), {0x4770}));
    guest.set(0, 0xa).set(1, kUart0 + Uart::CTRL).set(2, 1).set(3, kSystemControl + Nvic::NVIC_ISER).steps(2);
    guest.apply(DeviceInput{kUartChannel, {std::byte{'a'}}});
    EXPECT_EQ(guest.step()->kind, StepKind::interrupt);
    EXPECT_TRUE(guest.step()->returned_from_trap);
    EXPECT_EQ(guest.step()->kind, StepKind::interrupt);
    EXPECT_EQ(guest.peek(kUart0 + Uart::DATA), std::uint32_t{'a'});
}

}  // namespace
}  // namespace backspin::m0
