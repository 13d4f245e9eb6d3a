#include "emu/devices/uart16550.hpp"

#include <algorithm>

namespace backspin::emu {

namespace {

constexpr std::uint8_t kReceivedDataEnable = 0x01;  // IER
constexpr std::uint8_t kTransmitterEmptyEnable = 0x02;
constexpr std::uint8_t kLineStatusEnable = 0x04;
constexpr std::uint8_t kModemStatusEnable = 0x08;

constexpr std::uint8_t kNoInterrupt = 0x01;  // IIR
constexpr std::uint8_t kLineStatusInterrupt = 0x06;
constexpr std::uint8_t kReceivedDataInterrupt = 0x04;
constexpr std::uint8_t kTimeoutInterrupt = 0x0c;
constexpr std::uint8_t kTransmitterEmptyInterrupt = 0x02;
constexpr std::uint8_t kModemStatusInterrupt = 0x00;
constexpr std::uint8_t kFifosEnabledMark = 0xc0;

constexpr std::uint8_t kFifoEnable = 0x01;  // FCR
constexpr std::uint8_t kReceiverReset = 0x02;
constexpr std::uint8_t kFifoLasting =
    0xc9;  // enable, DMA mode and trigger level; the resets clear themselves
constexpr unsigned kTriggerShift = 6;

constexpr std::uint8_t kWordLength = 0x03;  // LCR
constexpr std::uint8_t kTwoStopBits = 0x04;
constexpr std::uint8_t kParityEnable = 0x08;
constexpr std::uint8_t kSetBreak = 0x40;
constexpr std::uint8_t kDivisorLatchAccess = 0x80;

constexpr std::uint8_t kDtr = 0x01;  // MCR
constexpr std::uint8_t kRts = 0x02;
constexpr std::uint8_t kOut1 = 0x04;
constexpr std::uint8_t kOut2 = 0x08;
constexpr std::uint8_t kLoop = 0x10;
constexpr std::uint8_t kModemControlBits = 0x1f;

constexpr std::uint8_t kDataReady = 0x01;  // LSR
constexpr std::uint8_t kOverrunError = 0x02;
constexpr std::uint8_t kTransmitterHoldingEmpty = 0x20;
constexpr std::uint8_t kTransmitterEmpty = 0x40;

constexpr std::uint8_t kCts = 0x10;  // MSR; the low half holds what changed since the last read
constexpr std::uint8_t kDsr = 0x20;
constexpr std::uint8_t kRi = 0x40;
constexpr std::uint8_t kDcd = 0x80;
constexpr unsigned kDeltaShift = 4;

}  // namespace

bool Uart16550::fifos_enabled() const {
    return fcr_ & kFifoEnable;
}
bool Uart16550::loopback() const {
    return mcr_ & kLoop;
}
bool Uart16550::divisor_latch_access() const {
    return lcr_ & kDivisorLatchAccess;
}
std::size_t Uart16550::capacity() const {
    return fifos_enabled() ? kFifoSize : 1;
}

std::size_t Uart16550::trigger_level() const {
    static constexpr std::array<std::size_t, 4> kLevels{1, 4, 8, 14};
    return fifos_enabled() ? kLevels[fcr_ >> kTriggerShift] : 1;
}

VirtualTime Uart16550::character_time() const {
    // Counted in half bits, for the one and a half stop bits of five-bit words.
    const std::uint64_t word_bits = 5u + (lcr_ & kWordLength);
    std::uint64_t half_bits = 2 * (1 + word_bits + ((lcr_ & kParityEnable) ? 1 : 0));
    half_bits += (lcr_ & kTwoStopBits) ? (word_bits == 5 ? 3 : 4) : 2;
    // The data sheet has no divisor 0; it counts as the smallest here, so that time passes.
    const std::uint64_t divisor = std::max<std::uint64_t>(divisor_, 1);
    return {half_bits * 8 * divisor * 1'000'000'000 / kClockHz};
}

std::uint8_t Uart16550::modem_lines() const {
    // Nothing is wired to the modem pins: the other side is always there and ready.
    if (!loopback()) return kDcd | kDsr | kCts;
    return static_cast<std::uint8_t>(((mcr_ & kRts) ? kCts : 0) | ((mcr_ & kDtr) ? kDsr : 0) |
                                     ((mcr_ & kOut1) ? kRi : 0) | ((mcr_ & kOut2) ? kDcd : 0));
}

std::uint8_t Uart16550::interrupt_identification() const {
    const std::uint8_t fifos = fifos_enabled() ? kFifosEnabledMark : 0;
    const auto source = [this]() -> std::uint8_t {  // in the data sheet's order of priority
        if ((ier_ & kLineStatusEnable) && overrun_) return kLineStatusInterrupt;
        if ((ier_ & kReceivedDataEnable) && timed_out_) return kTimeoutInterrupt;
        if ((ier_ & kReceivedDataEnable) && received_count_ >= trigger_level()) return kReceivedDataInterrupt;
        if ((ier_ & kTransmitterEmptyEnable) && transmitter_interrupt_) return kTransmitterEmptyInterrupt;
        if ((ier_ & kModemStatusEnable) && modem_deltas_ != 0) return kModemStatusInterrupt;
        return kNoInterrupt;
    };
    return fifos | source();
}

bool Uart16550::interrupt_pending() const {
    return !(interrupt_identification() & kNoInterrupt);
}

std::uint8_t Uart16550::line_status() const {
    return static_cast<std::uint8_t>(kTransmitterHoldingEmpty | kTransmitterEmpty |
                                     (received_count_ != 0 ? kDataReady : 0) |
                                     (overrun_ ? kOverrunError : 0));
}

std::optional<std::uint64_t> Uart16550::peek(std::uint64_t offset, AccessSize size, VirtualTime) const {
    if (size != AccessSize::byte) return std::nullopt;
    switch (offset) {
        case RBR: return divisor_latch_access() ? divisor_ & 0xff : received_[0];
        case IER: return divisor_latch_access() ? divisor_ >> 8 : ier_;
        case IIR: return interrupt_identification();
        case LCR: return lcr_;
        case MCR: return mcr_;
        case LSR: return line_status();
        case MSR: return modem_lines() | modem_deltas_;
        case SCR: return scr_;
        default: return std::nullopt;
    }
}

std::optional<std::uint64_t> Uart16550::read(std::uint64_t offset, AccessSize /*size*/,
                                             const DeviceContext& context) {
    const auto value = peek(offset, AccessSize::byte, context.now);
    switch (offset) {
        case RBR:
            if (!divisor_latch_access()) take_received(context.now);
            break;
        case IIR:
            // Reading clears the transmitter's interrupt only if that is the one that was told.
            if ((*value & 0x0f) == kTransmitterEmptyInterrupt) transmitter_interrupt_ = false;
            break;
        case LSR: overrun_ = false; break;
        case MSR: modem_deltas_ = 0; break;
        default: break;
    }
    return value;
}

bool Uart16550::write(std::uint64_t offset, AccessSize, std::uint64_t value, const DeviceContext& context) {
    const auto byte = static_cast<std::uint8_t>(value);
    switch (offset) {
        case THR:
            if (divisor_latch_access()) {
                divisor_ = static_cast<std::uint16_t>((divisor_ & 0xff00) | byte);
            } else {
                transmit(byte, context);
            }
            return true;
        case IER:
            if (divisor_latch_access()) {
                divisor_ = static_cast<std::uint16_t>((divisor_ & 0x00ff) | byte << 8);
            } else {
                write_interrupt_enable(byte);
            }
            return true;
        case FCR: write_fifo_control(byte); return true;
        case LCR: lcr_ = byte; return true;
        case MCR: write_modem_control(byte); return true;
        case LSR: return true;  // meant for factory testing only: nothing happens
        case MSR: return true;  // read-only here: nothing is wired to the pins whose deltas it would fake
        case SCR: scr_ = byte; return true;
        default: return false;
    }
}

void Uart16550::transmit(std::uint8_t character, const DeviceContext& context) {
    if (loopback()) {
        receive(character, context.now);
    } else if (!(lcr_ & kSetBreak) && context.output) {  // a break holds the line: the character is lost
        const std::byte byte{character};
        context.output->output(kConsole, {&byte, 1});
    }
    transmitter_interrupt_ = true;  // the holding register was filled and is empty again
}

void Uart16550::receive(std::uint8_t character, VirtualTime now) {
    if (received_count_ < capacity()) {
        received_[received_count_++] = character;
    } else {
        overrun_ = true;
        // With FIFOs the newcomer is lost in the shift register; without them it replaces the unread
        // character.
        if (!fifos_enabled()) received_[0] = character;
    }
    restart_timeout(now);
}

std::uint8_t Uart16550::take_received(VirtualTime now) {
    const auto character = received_[0];
    if (!fifos_enabled()) {
        received_count_ = 0;  // the buffer register keeps its character until the next one comes
    } else if (received_count_ != 0) {
        std::shift_left(received_.begin(), received_.end(), 1);
        received_[--received_count_] = 0;
    }
    timed_out_ = false;
    restart_timeout(now);
    return character;
}

void Uart16550::restart_timeout(VirtualTime now) {
    timeout_at_.reset();
    if (fifos_enabled() && received_count_ != 0 && !timed_out_)
        timeout_at_ = now + VirtualTime{4 * character_time().ns};
}

void Uart16550::event(const DeviceContext&) {
    timeout_at_.reset();
    timed_out_ = true;
}

void Uart16550::reset_receiver() {
    received_.fill(0);
    received_count_ = 0;
    timed_out_ = false;
    timeout_at_.reset();
}

std::size_t Uart16550::room_for_input() const {
    return loopback() ? 0 : capacity() - received_count_;
}

void Uart16550::input(std::span<const std::byte> bytes, const DeviceContext& context) {
    if (loopback()) return;
    for (const auto byte : bytes) receive(std::to_integer<std::uint8_t>(byte), context.now);
}

void Uart16550::write_interrupt_enable(std::uint8_t value) {
    const std::uint8_t before = ier_;
    ier_ = value & 0x0f;
    // Enabling the transmitter's interrupt while it is empty, which here is always, raises it at once.
    if ((ier_ & ~before) & kTransmitterEmptyEnable) transmitter_interrupt_ = true;
}

void Uart16550::write_fifo_control(std::uint8_t value) {
    const bool enable = value & kFifoEnable;
    // Switching between the two modes empties the FIFOs.
    if (enable != fifos_enabled()) reset_receiver();
    if (enable && (value & kReceiverReset)) reset_receiver();
    // Without the enable bit, no other bit is programmed.
    fcr_ = enable ? value & kFifoLasting : 0;
}

void Uart16550::write_modem_control(std::uint8_t value) {
    const auto before = modem_lines();
    mcr_ = value & kModemControlBits;
    const auto after = modem_lines();
    // Every line notes a change, but the ring indicator only its end.
    const unsigned noted = ((before ^ after) & ~kRi) | (before & ~after & kRi);
    modem_deltas_ |= static_cast<std::uint8_t>(noted >> kDeltaShift);
}

void Uart16550::check() const {
    if ((ier_ & ~0x0f) || (fcr_ & ~kFifoLasting) || (fcr_ != 0 && !fifos_enabled()) ||
        (mcr_ & ~kModemControlBits) || (modem_deltas_ & ~0x0f))
        throw BadState("uart: bits set that its registers do not have");
    if (received_count_ > capacity()) throw BadState("uart: more received than there is room for");
    const auto unused = std::span(received_).subspan(fifos_enabled() ? received_count_ : 1);
    if (std::any_of(unused.begin(), unused.end(), [](auto byte) { return byte != 0; }))
        throw BadState("uart: characters beyond those received");
    const bool waiting = fifos_enabled() && received_count_ != 0;
    if ((timed_out_ || timeout_at_) && !waiting) throw BadState("uart: a timeout with nothing to wait for");
    if (timed_out_ && timeout_at_) throw BadState("uart: a timeout that is both due and past");
}

}  // namespace backspin::emu
