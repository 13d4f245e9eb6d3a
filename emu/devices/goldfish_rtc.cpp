#include "emu/devices/goldfish_rtc.hpp"

#include <cstring>
#include <limits>

namespace backspin::emu {

namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint64_t low(std::uint64_t value) {
    return value & 0xffff'ffff;
}
constexpr std::uint64_t with_low(std::uint64_t whole, std::uint64_t value) {
    return (whole & ~std::uint64_t{0xffff'ffff}) | low(value);
}
constexpr std::uint64_t with_high(std::uint64_t whole, std::uint64_t value) {
    return low(whole) | (value << 32);
}

bool takes_rtc(std::uint64_t offset, AccessSize size) {
    return size == AccessSize::word && offset < GoldfishRtc::kEnd;
}

/// Whether what the access does depends on what the clock shows.
bool needs_time(std::uint64_t offset, bool is_write) {
    using Rtc = GoldfishRtc;
    if (!is_write) return offset == Rtc::TIME_LOW;
    return offset == Rtc::TIME_LOW || offset == Rtc::TIME_HIGH || offset == Rtc::ALARM_LOW;
}

}  // namespace

std::optional<std::uint64_t> GoldfishRtc::read(std::uint64_t offset, AccessSize size,
                                               const DeviceContext& context) {
    if (takes_rtc(offset, size) && offset == TIME_LOW) {
        use_reading(context.now);
        time_high_ = static_cast<std::uint32_t>(time(context.now) >> 32);
    }
    return peek(offset, size, context.now);
}

std::optional<std::uint64_t> GoldfishRtc::peek(std::uint64_t offset, AccessSize size, VirtualTime now) const {
    if (!takes_rtc(offset, size)) return std::nullopt;
    switch (offset) {
        case TIME_LOW: return low(time(now));
        case TIME_HIGH: return time_high_;
        case ALARM_LOW: return low(alarm_);
        case ALARM_HIGH: return alarm_ >> 32;
        case IRQ_ENABLED: return interrupt_enabled_ ? 1 : 0;
        case ALARM_STATUS: return alarm_at_ ? 1 : 0;
        default: return 0;
    }
}

bool GoldfishRtc::write(std::uint64_t offset, AccessSize size, std::uint64_t value,
                        const DeviceContext& context) {
    if (!takes_rtc(offset, size)) return false;
    if (needs_time(offset, true)) use_reading(context.now);
    switch (offset) {
        case TIME_LOW: set_time(with_low(time(context.now), value), context.now); break;
        case TIME_HIGH: set_time(with_high(time(context.now), value), context.now); break;
        case ALARM_LOW:
            alarm_ = with_low(alarm_, value);
            set_alarm(context.now);
            break;
        case ALARM_HIGH:
            // Takes part only when ALARM_LOW is written next: until then no alarm is set, or another one.
            alarm_ = with_high(alarm_, value);
            break;
        case IRQ_ENABLED: interrupt_enabled_ = (value & 1) != 0; break;
        case CLEAR_ALARM: alarm_at_.reset(); break;
        case CLEAR_INTERRUPT: alarmed_ = false; break;
        default: break;
    }
    return true;
}

bool GoldfishRtc::needs_reading(std::uint64_t offset, AccessSize size, bool is_write, VirtualTime now) const {
    if (source_ != Source::host || !takes_rtc(offset, size) || !needs_time(offset, is_write)) return false;
    return !reading_ || now - reading_at_ > kFresh;
}

void GoldfishRtc::answer(std::span<const std::byte> bytes, VirtualTime now) {
    if (!asks_host_ || bytes.size() != kReadingSize) return;
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    asks_host_ = false;
    reading_ = value;
    reading_at_ = now;
}

void GoldfishRtc::use_reading(VirtualTime now) {
    if (!reading_) return;
    start_ = *reading_ - now.ns;
    reading_.reset();
    if (alarm_at_) set_alarm(now);
}

void GoldfishRtc::event(const DeviceContext&) {
    go_off();
}

void GoldfishRtc::set_time(std::uint64_t time_now, VirtualTime now) {
    offset_ += time_now - time(now);
    if (alarm_at_) set_alarm(now);
}

void GoldfishRtc::set_alarm(VirtualTime now) {
    const auto time_now = time(now);
    if (alarm_ <= time_now) {
        go_off();
        return;
    }
    const auto wait = alarm_ - time_now;
    alarm_at_ = VirtualTime{wait > kNever - now.ns ? kNever : now.ns + wait};
}

void GoldfishRtc::go_off() {
    alarm_at_.reset();
    alarmed_ = true;
}

}  // namespace backspin::emu
