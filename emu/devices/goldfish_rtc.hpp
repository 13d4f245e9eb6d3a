// Goldfish real-time clock, as on QEMU's `virt` board: nanoseconds since the epoch, and one alarm. Source:
// Goldfish Virtual Hardware (Android emulator documentation), "Goldfish timer"; QEMU hw/rtc/goldfish_rtc.
//
// The clock is the guest's virtual time from a start that the machine's configuration gives: the host's date
// is never looked at. Deviation, on purpose: an alarm that is set follows the clock when that is set anew,
// where QEMU leaves it at the moment that was computed before.
#pragma once

#include <cstdint>
#include <optional>

#include "base/state.hpp"
#include "emu/device.hpp"

namespace backspin::emu {

class GoldfishRtc final : public Device {
  public:
    enum Register : std::uint64_t {
        TIME_LOW = 0x00,   ///< reading it holds the high half for TIME_HIGH
        TIME_HIGH = 0x04,  ///< what TIME_LOW's last read held
        ALARM_LOW = 0x08,  ///< writing it sets the alarm
        ALARM_HIGH = 0x0c,
        IRQ_ENABLED = 0x10,      ///< bit 0
        CLEAR_ALARM = 0x14,      ///< any write
        ALARM_STATUS = 0x18,     ///< 1: an alarm is set and has not gone off
        CLEAR_INTERRUPT = 0x1c,  ///< any write
    };
    static constexpr std::uint64_t kEnd = 0x24;

    /// 2025-01-01 00:00:00 UTC, in nanoseconds since the epoch.
    static constexpr std::uint64_t kDefaultStart = 1'735'689'600ull * 1'000'000'000ull;

    /// `start`: the time at power-on, in nanoseconds since the epoch. Configuration, not state.
    explicit GoldfishRtc(std::uint64_t start = kDefaultStart) : start_(start) {}

    /// Takes accesses of 4 bytes below kEnd.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// The alarm.
    std::optional<VirtualTime> next_event() const override { return alarm_at_; }
    void event(const DeviceContext&) override;

    /// The clock, in nanoseconds since the epoch; wraps at 64 bits.
    std::uint64_t time(VirtualTime now) const { return start_ + offset_ + now.ns; }
    /// Level of the interrupt line.
    bool interrupt_pending() const { return alarmed_ && interrupt_enabled_; }

    /// Any value of these fields is a state that this device can be in.
    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("offset", offset_) & make_nvp("time_high", time_high_) & make_nvp("alarm", alarm_) &
            make_nvp("alarm_at", alarm_at_) & make_nvp("alarmed", alarmed_) &
            make_nvp("interrupt_enabled", interrupt_enabled_);
    }

  private:
    void set_time(std::uint64_t time, VirtualTime now);
    void set_alarm(VirtualTime now);
    void go_off();

    std::uint64_t start_;
    std::uint64_t offset_ = 0;  ///< what the guest's writes to the time added, modulo 2^64
    std::uint32_t time_high_ = 0;
    std::uint64_t alarm_ = 0;              ///< the alarm registers
    std::optional<VirtualTime> alarm_at_;  ///< when the clock will show it, if an alarm is set
    bool alarmed_ = false;                 ///< an alarm went off and was not yet cleared
    bool interrupt_enabled_ = false;
};

}  // namespace backspin::emu
