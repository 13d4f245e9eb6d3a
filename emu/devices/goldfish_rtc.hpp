// Goldfish real-time clock, as on QEMU's `virt` board: nanoseconds since the epoch, and one alarm. Source:
// Goldfish Virtual Hardware (Android emulator documentation), "Goldfish timer"; QEMU hw/rtc/goldfish_rtc.
//
// The clock is the guest's virtual time from a start that the machine's configuration gives; or it is the
// host's: then each access that needs the time waits for a reading, which comes as an input. Deviation, on
// purpose: an alarm that is set follows the clock when that is set anew, where QEMU leaves it at the moment
// that was computed before.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

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

    /// For so long after it came a reading of the host's clock is that moment's: long enough that an
    /// interrupt may come first, and other harts' turns.
    static constexpr VirtualTime kFresh{1'000'000};
    /// Bytes of a reading: nanoseconds since the epoch, the lowest byte first.
    static constexpr std::size_t kReadingSize = sizeof(std::uint64_t);

    /// Whose time it is. Configuration, not state.
    enum class Source : std::uint8_t { virtual_time, host };

    /// `start`: the time at power-on, in nanoseconds since the epoch; the host's counts from its first
    /// reading on.
    explicit GoldfishRtc(std::uint64_t start = kDefaultStart, Source source = Source::virtual_time)
        : start_(start), source_(source) {}

    /// Takes accesses of 4 bytes below kEnd.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// The alarm.
    std::optional<VirtualTime> next_event() const override { return alarm_at_; }
    void event(const DeviceContext&) override;

    // ---- the host's clock -----------------------------------------------------------------------
    /// Whether this access needs a reading that is not there: the host has to be asked before it is made.
    bool needs_reading(std::uint64_t offset, AccessSize size, bool is_write, VirtualTime now) const;
    void ask_host() {
        asks_host_ = true;
        reading_.reset();
    }
    bool asks_host() const { return asks_host_; }
    /// A reading has come. Nothing happens if none was asked for, or if it has another size.
    void answer(std::span<const std::byte> bytes, VirtualTime now);

    /// The clock, in nanoseconds since the epoch; wraps at 64 bits.
    std::uint64_t time(VirtualTime now) const { return start_ + offset_ + now.ns; }
    /// Level of the interrupt line.
    bool interrupt_pending() const { return alarmed_ && interrupt_enabled_; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("offset", offset_) & make_nvp("time_high", time_high_) & make_nvp("alarm", alarm_) &
            make_nvp("alarm_at", alarm_at_) & make_nvp("alarmed", alarmed_) &
            make_nvp("interrupt_enabled", interrupt_enabled_);
        if (source_ != Source::host) return;
        archive& make_nvp("start", start_) & make_nvp("asks_host", asks_host_) &
            make_nvp("reading", reading_) & make_nvp("reading_at", reading_at_);
        if (asks_host_ && reading_) throw BadState("rtc: it asks for a reading that it has");
    }

  private:
    void set_time(std::uint64_t time, VirtualTime now);
    void set_alarm(VirtualTime now);
    void go_off();
    /// The clock goes on from the reading, if there is one.
    void use_reading(VirtualTime now);

    std::uint64_t start_;  ///< what the clock showed at power-on, if virtual time has passed since
    Source source_;
    std::uint64_t offset_ = 0;  ///< what the guest's writes to the time added, modulo 2^64
    std::uint32_t time_high_ = 0;
    std::uint64_t alarm_ = 0;              ///< the alarm registers
    std::optional<VirtualTime> alarm_at_;  ///< when the clock will show it, if an alarm is set
    bool alarmed_ = false;                 ///< an alarm went off and was not yet cleared
    bool interrupt_enabled_ = false;
    bool asks_host_ = false;                ///< until the reading comes, the whole machine stands still
    std::optional<std::uint64_t> reading_;  ///< not yet used
    VirtualTime reading_at_;                ///< when the last one came
};

}  // namespace backspin::emu
