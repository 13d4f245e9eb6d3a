#include "testsuite/embedding/uart.hpp"

namespace backspin::m0 {
namespace {

constexpr unsigned kInterruptEnables = 2;  // where the interrupts' bits begin in CTRL
constexpr std::uint32_t kCtrlBits = 0x7f;
constexpr std::uint32_t kBauddivBits = 0xf'ffff;

}  // namespace

void Uart::raise(std::uint32_t interrupt) {
    intstatus_ |= interrupt & (ctrl_ >> kInterruptEnables);
}

std::uint32_t Uart::peek(std::uint32_t offset) const {
    switch (offset) {
        case DATA: return data_;
        case STATE: return state_;
        case CTRL: return ctrl_;
        case INTSTATUS: return intstatus_;
        case BAUDDIV: return bauddiv_;
        default: return 0;
    }
}

std::uint32_t Uart::read(std::uint32_t offset) {
    if (offset == DATA) state_ &= ~kRxFull;
    return peek(offset);
}

std::optional<std::byte> Uart::write(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
        case DATA:
            if ((ctrl_ & kTxEnable) == 0) break;
            raise(kTx);
            return static_cast<std::byte>(value);
        case STATE: state_ &= ~(value & (kTxOverrun | kRxOverrun)); break;
        case CTRL: ctrl_ = value & kCtrlBits; break;
        case INTSTATUS: intstatus_ &= ~value; break;
        case BAUDDIV: bauddiv_ = value & kBauddivBits; break;
        default: break;
    }
    return std::nullopt;
}

void Uart::receive(std::byte byte) {
    if ((ctrl_ & kRxEnable) == 0) return;
    if (!has_room()) {
        state_ |= kRxOverrun;
        raise(kRxOverrun);
        return;
    }
    data_ = std::to_integer<std::uint8_t>(byte);
    state_ |= kRxFull;
    raise(kRx);
}

}  // namespace backspin::m0
