// Against the PC16550D data sheet, section 8; deviations are named in emu/devices/uart16550.hpp.
#include "emu/devices/uart16550.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using test::load_into;
using test::saved;

class Collector final : public OutputSink {
  public:
    void output(Channel channel, std::span<const std::byte> bytes) override {
        EXPECT_EQ(channel, Channel{0});
        for (const auto byte : bytes) text += static_cast<char>(byte);
    }
    std::string text;
};

constexpr unsigned kNothing = 0x01, kFifoMark = 0xc0;
constexpr unsigned kLineStatus = 0x06, kReceived = 0x04, kTimeout = 0x0c, kTransmitter = 0x02, kModem = 0x00;
constexpr unsigned kReceivedEnable = 1, kTransmitterEnable = 2, kLineStatusEnable = 4, kModemEnable = 8;
constexpr unsigned kDataReady = 0x01, kOverrun = 0x02, kTransmitterIdle = 0x60;
constexpr unsigned kLoop = 0x10;

/// A UART with a clock and a terminal, driven as a guest and a host would.
struct Uart16550Test : testing::Test {
    Uart16550 uart;
    Collector terminal;
    VirtualTime now{1000};

    DeviceContext context() { return {now, &terminal}; }
    unsigned read(std::uint64_t offset) {
        return static_cast<unsigned>(uart.read(offset, AccessSize::byte, context()).value());
    }
    void write(std::uint64_t offset, unsigned value) {
        ASSERT_TRUE(uart.write(offset, AccessSize::byte, value, context()));
    }
    void type(std::string_view text) { uart.input(std::as_bytes(std::span(text)), context()); }
    unsigned source() { return read(Uart16550::IIR) & 0x0f; }

    /// 8 data bits, no parity, one stop bit, and this divisor.
    void set_line(unsigned divisor, unsigned format = 0x03) {
        write(Uart16550::LCR, 0x80);
        write(Uart16550::DLL, divisor & 0xff);
        write(Uart16550::DLM, divisor >> 8);
        write(Uart16550::LCR, format);
    }
    void fifos(unsigned trigger_bits) { write(Uart16550::FCR, trigger_bits << 6 | 1); }
    /// Lets the time come for which the UART asked, and delivers the event.
    void wait_for_event() {
        ASSERT_TRUE(uart.next_event().has_value());
        now = *uart.next_event();
        uart.event(context());
    }
};

TEST_F(Uart16550Test, ComesOutOfResetAsTheDataSheetSays) {
    EXPECT_EQ(read(Uart16550::IER), 0u);
    EXPECT_EQ(read(Uart16550::IIR), kNothing);
    EXPECT_EQ(read(Uart16550::LCR), 0u);
    EXPECT_EQ(read(Uart16550::MCR), 0u);
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    EXPECT_EQ(read(Uart16550::MSR) & 0x0f, 0u);
    EXPECT_EQ(uart.next_event(), std::nullopt);
    EXPECT_FALSE(uart.interrupt_pending());
}

TEST_F(Uart16550Test, WritesToTheTransmitterAreOutsideAtOnce) {
    for (const char c : std::string_view("Hi\n\xff")) {
        write(Uart16550::THR, static_cast<unsigned char>(c));
        EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    }
    EXPECT_EQ(terminal.text, "Hi\n\xff");
}

TEST_F(Uart16550Test, OutputIsDroppedWhereNobodyListens) {
    EXPECT_TRUE(uart.write(Uart16550::THR, AccessSize::byte, 'x', {now, nullptr}));
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
}

TEST_F(Uart16550Test, TheScratchRegisterKeepsWhatIsWritten) {
    for (const unsigned value : {0u, 0xa5u, 0xffu}) {
        write(Uart16550::SCR, value);
        EXPECT_EQ(read(Uart16550::SCR), value);
    }
}

TEST_F(Uart16550Test, UnusedBitsReadAsZero) {
    write(Uart16550::IER, 0xff);
    EXPECT_EQ(read(Uart16550::IER), 0x0fu);
    write(Uart16550::MCR, 0xff);
    EXPECT_EQ(read(Uart16550::MCR), 0x1fu);
    write(Uart16550::LCR, 0x7f);
    EXPECT_EQ(read(Uart16550::LCR), 0x7fu);
}

TEST_F(Uart16550Test, TheDivisorLatchHidesBehindDlab) {
    write(Uart16550::IER, 0x05);
    type("k");
    write(Uart16550::LCR, 0x83);
    write(Uart16550::DLL, 0x34);
    write(Uart16550::DLM, 0x12);
    EXPECT_EQ(read(Uart16550::DLL), 0x34u);
    EXPECT_EQ(read(Uart16550::DLM), 0x12u);
    EXPECT_EQ(terminal.text, "") << "the low half of the divisor is not a character";
    write(Uart16550::LCR, 0x03);
    EXPECT_EQ(read(Uart16550::IER), 0x05u);
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'k'}) << "reading the latch takes nothing from the receiver";
}

TEST_F(Uart16550Test, WithoutFifosOneCharacterIsHeld) {
    EXPECT_EQ(uart.room_for_input(), 1u);
    type("a");
    EXPECT_EQ(uart.room_for_input(), 0u);
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle | kDataReady);
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'a'});
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    EXPECT_EQ(uart.room_for_input(), 1u);
}

TEST_F(Uart16550Test, WithoutFifosAnOverrunDestroysTheOlderCharacter) {
    type("ab");
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle | kDataReady | kOverrun);
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle | kDataReady) << "reading the register clears the error";
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'b'});
}

TEST_F(Uart16550Test, WithoutFifosTheBufferKeepsItsCharacterAfterItWasRead) {
    type("a");
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'a'});
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'a'});
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle) << "but it is not new";
    type("b");
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'b'});
    EXPECT_FALSE(read(Uart16550::LSR) & kOverrun);
}

TEST_F(Uart16550Test, FifosHoldSixteenInOrder) {
    fifos(0);
    EXPECT_EQ(uart.room_for_input(), 16u);
    type("0123456789");
    EXPECT_EQ(uart.room_for_input(), 6u);
    type("abcdef");
    EXPECT_EQ(uart.room_for_input(), 0u);
    std::string taken;
    while (read(Uart16550::LSR) & kDataReady) taken += static_cast<char>(read(Uart16550::RBR));
    EXPECT_EQ(taken, "0123456789abcdef");
    EXPECT_EQ(uart.room_for_input(), 16u);
}

TEST_F(Uart16550Test, WithFifosAnOverrunLosesTheNewerCharacter) {
    fifos(0);
    type("0123456789abcdefXY");
    EXPECT_TRUE(read(Uart16550::LSR) & kOverrun);
    std::string taken;
    while (read(Uart16550::LSR) & kDataReady) taken += static_cast<char>(read(Uart16550::RBR));
    EXPECT_EQ(taken, "0123456789abcdef");
}

TEST_F(Uart16550Test, AnOverrunInterruptsUntilLineStatusIsRead) {
    write(Uart16550::IER, kLineStatusEnable | kReceivedEnable);
    type("ab");
    EXPECT_EQ(source(), kLineStatus) << "before the received data";
    read(Uart16550::LSR);
    EXPECT_EQ(source(), kReceived);
}

TEST_F(Uart16550Test, IdentificationSaysThatFifosAreOn) {
    fifos(0);
    EXPECT_EQ(read(Uart16550::IIR), kFifoMark | kNothing);
    write(Uart16550::FCR, 0);
    EXPECT_EQ(read(Uart16550::IIR), kNothing);
}

TEST_F(Uart16550Test, SwitchingTheFifosEmptiesThem) {
    type("a");
    fifos(0);
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    type("bc");
    write(Uart16550::FCR, 0);
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    EXPECT_EQ(uart.next_event(), std::nullopt);
}

TEST_F(Uart16550Test, TheReceiverResetEmptiesTheFifoAndStopsTheTimeout) {
    fifos(0);
    type("abc");
    wait_for_event();
    write(Uart16550::FCR, 0x03);
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    EXPECT_EQ(uart.next_event(), std::nullopt);
    write(Uart16550::IER, kReceivedEnable);
    EXPECT_EQ(source(), kNothing);
}

TEST_F(Uart16550Test, TheTransmitterResetKeepsWhatWasReceived) {
    fifos(0);
    type("abc");
    write(Uart16550::FCR, 0x05);
    EXPECT_EQ(uart.room_for_input(), 13u);
}

TEST_F(Uart16550Test, OtherFifoBitsNeedTheEnableBit) {
    fifos(3);
    write(Uart16550::IER, kReceivedEnable);
    write(Uart16550::FCR, 0xc0);  // trigger 14, but the FIFOs off
    type("a");
    EXPECT_EQ(source(), kReceived) << "one character is enough without FIFOs";
}

TEST_F(Uart16550Test, ReceivedDataInterruptsAtTheTriggerLevel) {
    const std::array<unsigned, 4> levels{1, 4, 8, 14};
    for (unsigned bits = 0; bits < levels.size(); ++bits) {
        write(Uart16550::FCR, 0);
        fifos(bits);
        write(Uart16550::IER, kReceivedEnable);
        for (unsigned i = 1; i < levels[bits]; ++i) {
            type("x");
            EXPECT_FALSE(uart.interrupt_pending()) << i << " of " << levels[bits];
        }
        type("x");
        EXPECT_TRUE(uart.interrupt_pending());
        EXPECT_EQ(source(), kReceived);
        read(Uart16550::RBR);
        EXPECT_FALSE(uart.interrupt_pending()) << "it falls as the FIFO drops below its level";
    }
}

TEST_F(Uart16550Test, AnInterruptThatIsNotEnabledIsNotTold) {
    type("ab");
    write(Uart16550::THR, 'x');
    EXPECT_EQ(source(), kNothing);
    EXPECT_FALSE(uart.interrupt_pending());
    write(Uart16550::IER, kReceivedEnable);
    EXPECT_TRUE(uart.interrupt_pending()) << "the cause was there all the time";
}

// At 3.6864 MHz and divisor 24 a bit takes 104.1666 us; 8N1 has ten of them.
TEST_F(Uart16550Test, WhatStaysInTheFifoTimesOutAfterFourCharacterTimes) {
    set_line(24);
    fifos(3);
    write(Uart16550::IER, kReceivedEnable);
    type("ab");
    EXPECT_EQ(uart.next_event(), VirtualTime{1000 + 4 * 1'041'666});
    EXPECT_EQ(source(), kNothing);
    wait_for_event();
    EXPECT_EQ(uart.next_event(), std::nullopt);
    EXPECT_TRUE(uart.interrupt_pending());
    EXPECT_EQ(source(), kTimeout);
    read(Uart16550::RBR);
    EXPECT_EQ(source(), kNothing) << "a read clears it";
    EXPECT_EQ(uart.next_event(), VirtualTime{now.ns + 4 * 1'041'666}) << "and starts the time anew";
    read(Uart16550::RBR);
    EXPECT_EQ(uart.next_event(), std::nullopt) << "nothing is left to wait for";
}

TEST_F(Uart16550Test, ACharacterStartsTheTimeoutAnew) {
    set_line(24);
    fifos(3);
    type("a");
    now.ns += 1'000'000;
    type("b");
    EXPECT_EQ(uart.next_event(), VirtualTime{1000 + 1'000'000 + 4 * 1'041'666});
}

TEST_F(Uart16550Test, ATimeoutStaysUntilTheFifoIsRead) {
    fifos(3);
    write(Uart16550::IER, kReceivedEnable);
    type("a");
    wait_for_event();
    type("b");
    EXPECT_EQ(source(), kTimeout);
    EXPECT_EQ(uart.next_event(), std::nullopt);
    read(Uart16550::RBR);
    EXPECT_EQ(source(), kNothing);
    EXPECT_NE(uart.next_event(), std::nullopt);
}

TEST_F(Uart16550Test, WithoutFifosNothingTimesOut) {
    type("a");
    EXPECT_EQ(uart.next_event(), std::nullopt);
}

TEST_F(Uart16550Test, ACharacterTakesAsLongAsItsBits) {
    struct Case {
        unsigned format;
        unsigned half_bits;  ///< start, word, parity and stop bits
    };
    const std::array<Case, 6> cases{{{0x00, 2 + 10 + 2},        // 5N1
                                     {0x04, 2 + 10 + 3},        // 5N1.5
                                     {0x03, 2 + 16 + 2},        // 8N1
                                     {0x07, 2 + 16 + 4},        // 8N2
                                     {0x0b, 2 + 16 + 2 + 2},    // 8O1
                                     {0x1e, 2 + 14 + 2 + 4}}};  // 7E2
    for (const auto& [format, half_bits] : cases) {
        write(Uart16550::FCR, 0);
        fifos(3);
        set_line(2304, format);  // 100 baud: a half bit takes 5 ms
        type("a");
        EXPECT_EQ(uart.next_event(), VirtualTime{now.ns + 4 * half_bits * 5'000'000ull}) << "LCR " << format;
    }
}

TEST_F(Uart16550Test, EvenTheLongestAndTheMissingDivisorGiveATime) {
    fifos(3);
    set_line(0xffff, 0x0f);
    type("a");
    EXPECT_EQ(uart.next_event(), VirtualTime{now.ns + 4 * (24ull * 8 * 65535 * 1'000'000'000 / 3'686'400)});
    set_line(0);
    type("a");
    EXPECT_GT(uart.next_event(), now);
}

TEST_F(Uart16550Test, EnablingTheTransmittersInterruptRaisesIt) {
    write(Uart16550::IER, kTransmitterEnable);
    EXPECT_TRUE(uart.interrupt_pending());
    EXPECT_EQ(source(), kTransmitter);
    EXPECT_EQ(source(), kNothing) << "reading the identification cleared it";
    write(Uart16550::IER, kTransmitterEnable);
    EXPECT_EQ(source(), kNothing) << "it was enabled before";
    write(Uart16550::THR, 'x');
    EXPECT_EQ(source(), kTransmitter) << "the character is gone, the register empty again";
}

TEST_F(Uart16550Test, ReadingAnotherSourceKeepsTheTransmittersInterrupt) {
    write(Uart16550::IER, kTransmitterEnable | kReceivedEnable);
    type("a");
    EXPECT_EQ(source(), kReceived);
    EXPECT_EQ(source(), kReceived);
    read(Uart16550::RBR);
    EXPECT_EQ(source(), kTransmitter);
}

TEST_F(Uart16550Test, InterruptsAreToldInTheOrderOfThePriorities) {
    fifos(0);
    write(Uart16550::MCR, kLoop);
    write(Uart16550::MCR, kLoop | 0x01);
    write(Uart16550::IER, 0x0f);
    for (int i = 0; i < 17; ++i) write(Uart16550::THR, 'x');
    EXPECT_EQ(source(), kLineStatus);
    read(Uart16550::LSR);
    EXPECT_EQ(source(), kReceived);
    write(Uart16550::FCR, 0x03);
    EXPECT_EQ(source(), kTransmitter);
    EXPECT_EQ(source(), kModem);
    EXPECT_TRUE(uart.interrupt_pending());
    read(Uart16550::MSR);
    EXPECT_EQ(source(), kNothing);
    EXPECT_FALSE(uart.interrupt_pending());
}

TEST_F(Uart16550Test, LoopbackBringsBackWhatIsSent) {
    write(Uart16550::MCR, kLoop);
    write(Uart16550::THR, 'q');
    EXPECT_EQ(terminal.text, "");
    EXPECT_EQ(read(Uart16550::RBR), unsigned{'q'});
}

TEST_F(Uart16550Test, LoopbackCutsTheLineOff) {
    fifos(0);
    write(Uart16550::MCR, kLoop);
    EXPECT_EQ(uart.room_for_input(), 0u);
    type("lost");
    EXPECT_EQ(read(Uart16550::LSR), kTransmitterIdle);
    write(Uart16550::MCR, 0);
    EXPECT_EQ(uart.room_for_input(), 16u);
}

TEST_F(Uart16550Test, LoopbackWiresModemControlToModemStatus) {
    // RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD.
    const std::array<std::pair<unsigned, unsigned>, 4> wires{
        {{0x02, 0x10}, {0x01, 0x20}, {0x04, 0x40}, {0x08, 0x80}}};
    for (const auto& [control, status] : wires) {
        write(Uart16550::MCR, kLoop | control);
        EXPECT_EQ(read(Uart16550::MSR) & 0xf0, status);
    }
}

TEST_F(Uart16550Test, ModemStatusNotesWhatChangedUntilItIsRead) {
    write(Uart16550::MCR, kLoop);
    read(Uart16550::MSR);
    write(Uart16550::MCR, kLoop | 0x0b);
    EXPECT_EQ(read(Uart16550::MSR), 0xb0u | 0x0bu);
    EXPECT_EQ(read(Uart16550::MSR), 0xb0u);
    write(Uart16550::MCR, kLoop | 0x04);
    EXPECT_EQ(read(Uart16550::MSR), 0x40u | 0x0bu) << "the ring's beginning is not noted";
    write(Uart16550::MCR, kLoop);
    EXPECT_EQ(read(Uart16550::MSR), 0x04u) << "its end is";
}

TEST_F(Uart16550Test, TheOtherSideIsAlwaysThere) {
    EXPECT_EQ(read(Uart16550::MSR), 0xb0u);
}

TEST_F(Uart16550Test, ABreakHoldsTheLine) {
    write(Uart16550::LCR, 0x43);
    write(Uart16550::THR, 'x');
    EXPECT_EQ(terminal.text, "");
    write(Uart16550::LCR, 0x03);
    write(Uart16550::THR, 'y');
    EXPECT_EQ(terminal.text, "y");
}

TEST_F(Uart16550Test, LineAndModemStatusAreNotWritable) {
    const auto before = saved(uart);
    write(Uart16550::LSR, 0xff);
    write(Uart16550::MSR, 0xff);
    EXPECT_EQ(saved(uart), before);
}

TEST_F(Uart16550Test, WideAccessesActOnTheRegisterAtTheirOffset) {
    EXPECT_TRUE(uart.write(Uart16550::THR, AccessSize::word, 0x12345641, context()));
    EXPECT_EQ(terminal.text, "A");
    EXPECT_EQ(uart.read(4, AccessSize::word, context()), 0u);
    write(Uart16550::SCR, 0xa5);
    type("k");
    EXPECT_EQ(uart.read(0, AccessSize::doubleword, context()), unsigned{'k'}) << "and on no other";
    EXPECT_FALSE(read(Uart16550::LSR) & kDataReady);
}

TEST_F(Uart16550Test, ADebuggerSeesEachRegisterInItsPlace) {
    EXPECT_EQ(uart.peek(0, AccessSize::doubleword, now), std::nullopt);
    EXPECT_EQ(uart.peek(4, AccessSize::word, now), std::nullopt);
    EXPECT_EQ(uart.peek(Uart16550::LSR, AccessSize::byte, now), kTransmitterIdle);
}

TEST_F(Uart16550Test, BeyondItsRegistersItDoesNotAnswer) {
    for (const std::uint64_t offset : {8, 9, 0xff}) {
        EXPECT_EQ(uart.read(offset, AccessSize::byte, context()), std::nullopt);
        EXPECT_EQ(uart.peek(offset, AccessSize::byte, now), std::nullopt);
        EXPECT_FALSE(uart.write(offset, AccessSize::byte, 0, context()));
    }
}

TEST_F(Uart16550Test, TheNamesOfItsFieldsAreThoseOfItsState) {
    write(Uart16550::SCR, 0x5a);
    StateLister lister;
    uart.serialize(lister, kStateVersion);
    EXPECT_NE(std::find(lister.fields().begin(), lister.fields().end(), FieldValue{"scratch", "0x5a"}),
              lister.fields().end());
}

/// One random thing that a guest, the host or the clock does; the answer of a read, or 0.
std::uint64_t random_move(Uart16550& uart, std::mt19937_64& random, VirtualTime& now, Collector& terminal) {
    const DeviceContext context{now, &terminal};
    now.ns += random() % 100'000;
    switch (random() % 5) {
        case 0: return uart.read(random() % 8, AccessSize::byte, context).value();
        case 1: uart.write(random() % 8, AccessSize::byte, random() & 0xff, context); return 0;
        case 2: {
            const std::vector<std::byte> typed(random() % 6, static_cast<std::byte>(random()));
            uart.input(typed, context);
            return uart.room_for_input();
        }
        case 3: uart.write(Uart16550::FCR, AccessSize::byte, (random() & 0xff) | 1, context); return 0;
        default:
            if (uart.next_event()) {
                now = std::max(now, *uart.next_event());
                uart.event({now, &terminal});
            }
            return 0;
    }
}

TEST(Uart16550State, SaveLoadSaveGivesEqualBytesInRandomStates) {
    std::mt19937_64 random(3);
    Collector terminal;
    Uart16550 uart;
    VirtualTime now;
    for (int round = 0; round < 20'000; ++round) {
        random_move(uart, random, now, terminal);
        const auto bytes = saved(uart);
        Uart16550 loaded;
        load_into(loaded, bytes);
        ASSERT_EQ(saved(loaded), bytes);
    }
}

TEST(Uart16550State, ALoadedUartGoesOnAsTheOriginal) {
    std::mt19937_64 random(4);
    Collector terminal;
    Uart16550 uart;
    VirtualTime now;
    for (int round = 0; round < 500; ++round) {
        for (int i = 0; i < 10; ++i) random_move(uart, random, now, terminal);
        Uart16550 loaded;
        load_into(loaded, saved(uart));
        auto same_random = random;
        auto same_now = now;
        Collector first, second;
        for (int i = 0; i < 20; ++i) {
            ASSERT_EQ(random_move(uart, random, now, first),
                      random_move(loaded, same_random, same_now, second));
            ASSERT_EQ(uart.interrupt_pending(), loaded.interrupt_pending());
        }
        ASSERT_EQ(first.text, second.text);
        ASSERT_EQ(saved(uart), saved(loaded));
    }
}

TEST(Uart16550State, PeekEqualsReadAndChangesNothing) {
    std::mt19937_64 random(5);
    Collector terminal;
    Uart16550 uart;
    VirtualTime now;
    for (int round = 0; round < 5'000; ++round) {
        random_move(uart, random, now, terminal);
        const auto before = saved(uart);
        for (std::uint64_t offset = 0; offset < Uart16550::kRegisters; ++offset) {
            const auto peeked = uart.peek(offset, AccessSize::byte, now);
            ASSERT_EQ(saved(uart), before);
            auto copy = uart;
            ASSERT_EQ(copy.read(offset, AccessSize::byte, {now, nullptr}), peeked);
        }
    }
}

// Where the fields are in the saved bytes; a change of them is a new version of the format.
constexpr std::size_t kSecondCharacter = 1, kCount = 16, kIer = 19, kFcr = 20, kMcr = 22, kDeltas = 24,
                      kTimedOut = 27, kSavedSize = 29;

TEST(Uart16550State, EachStateThatItCannotHaveIsRefused) {
    struct Damage {
        std::size_t at;
        unsigned value;
    };
    const std::vector<std::vector<Damage>> impossible{
        {{kIer, 0x10}},                                      // bits that the registers do not have
        {{kFcr, 0x03}},                                      // a reset that did not clear itself
        {{kFcr, 0xc0}},                                      // a trigger level without FIFOs
        {{kMcr, 0x20}},                                      //
        {{kDeltas, 0x10}},                                   //
        {{kCount, 2}},                                       // two characters without FIFOs
        {{kFcr, 0x01}, {kCount, 17}},                        // more than the FIFO holds
        {{kSecondCharacter, 'x'}},                           // a character that was not received
        {{kFcr, 0x01}, {kCount, 1}, {kSecondCharacter, 7}},  //
        {{kTimedOut, 1}},                                    // a timeout without FIFOs,
        {{kFcr, 0x01}, {kTimedOut, 1}},                      // with nothing in them,
        {{kCount, 1}, {kTimedOut, 1}},                       // or with something that is in none
    };
    for (const auto& damages : impossible) {
        Uart16550 uart;
        auto bytes = saved(uart);
        ASSERT_EQ(bytes.size(), kSavedSize);
        for (const auto& [at, value] : damages) bytes[at] = static_cast<std::byte>(value);
        EXPECT_THROW(load_into(uart, bytes), BadState) << &damages - impossible.data();
    }
}

TEST(Uart16550State, ATimeoutCannotBeBothPastAndDue) {
    Uart16550 uart;
    uart.write(Uart16550::FCR, AccessSize::byte, 0x01, {});
    uart.input(std::as_bytes(std::span("a", 1)), {});
    ASSERT_TRUE(uart.next_event());
    auto bytes = saved(uart);
    ASSERT_NO_THROW(load_into(uart, bytes));
    bytes[kTimedOut] = std::byte{1};
    EXPECT_THROW(load_into(uart, bytes), BadState);
}

// A state from a damaged recording is either refused, or one that the UART can be in: it then saves as it was
// loaded.
TEST(Uart16550State, ADamagedStateIsRefusedOrWhole) {
    std::mt19937_64 random(6);
    Collector terminal;
    Uart16550 uart;
    VirtualTime now;
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        random_move(uart, random, now, terminal);
        auto bytes = saved(uart);
        bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        Uart16550 loaded;
        try {
            load_into(loaded, bytes);
        } catch (const BadState&) {
            ++refused;
            continue;
        }
        ASSERT_EQ(saved(loaded), bytes);
        ASSERT_LE(loaded.room_for_input(), Uart16550::kFifoSize);
        for (int i = 0; i < 5; ++i) random_move(loaded, random, now, terminal);
    }
    EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace backspin::emu
