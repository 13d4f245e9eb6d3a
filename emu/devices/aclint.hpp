// Advanced core local interruptor: the machine timer (MTIMER) and software interrupts (MSWI) of up to 4095
// harts, at the offsets of the SiFive CLINT. Source: RISC-V ACLINT Specification 1.0-rc4, chapters 2 (MTIMER)
// and 3 (MSWI).
//
// Interrupts are levels that follow from the state and the virtual time; the device has no events of its own.
// Whoever runs the harts asks timer_deadline() so as to look again in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/state.hpp"
#include "emu/device.hpp"

namespace backspin::emu {

class Aclint final : public Device {
  public:
    static constexpr std::size_t kMaxHarts = 4095;
    /// mtime counts at 10 MHz.
    static constexpr std::uint64_t kTicksPerSecond = 10'000'000;
    static constexpr std::uint64_t kNanosecondsPerTick = 1'000'000'000 / kTicksPerSecond;

    static constexpr std::uint64_t kMsipOffset = 0x0;         ///< 4 bytes for each hart
    static constexpr std::uint64_t kMtimecmpOffset = 0x4000;  ///< 8 bytes for each hart
    static constexpr std::uint64_t kMtimeOffset = 0xbff8;     ///< 8 bytes
    static constexpr std::uint64_t kEnd = 0xc000;

    /// Throws std::invalid_argument unless 1 <= harts <= kMaxHarts.
    explicit Aclint(std::size_t harts);

    /// msip takes accesses of 4 bytes, the timer's registers of 4 and 8. The registers of harts that the
    /// board does not have are hardwired to 0.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// The time of day counter at this virtual time; wraps at 64 bits.
    std::uint64_t mtime(VirtualTime now) const { return now.ns / kNanosecondsPerTick + mtime_offset_; }

    /// Level of the hart's machine timer interrupt.
    bool timer_pending(HartId hart, VirtualTime now) const;
    /// Level of the hart's machine software interrupt.
    bool software_pending(HartId hart) const { return msip_.at(hart.value) != 0; }

    /// The earliest virtual time, not before `now`, at which timer_pending holds; nothing if that is never.
    /// Holds until the guest next writes to this device.
    std::optional<VirtualTime> timer_deadline(HartId hart, VirtualTime now) const {
        return time_of(mtimecmp_.at(hart.value), now);
    }
    /// The earliest virtual time, not before `now`, at which mtime is at least `wanted`; nothing if that is
    /// never.
    std::optional<VirtualTime> time_of(std::uint64_t wanted, VirtualTime now) const {
        if (mtime(now) >= wanted) return now;
        const auto ticks_left = wanted - mtime(now);
        const auto ticks_now = now.ns / kNanosecondsPerTick;
        constexpr auto kLastTick = std::numeric_limits<std::uint64_t>::max() / kNanosecondsPerTick;
        if (ticks_left > kLastTick - ticks_now) return std::nullopt;
        return VirtualTime{(ticks_now + ticks_left) * kNanosecondsPerTick};
    }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        const auto harts = msip_.size();
        archive& boost::serialization::make_nvp("msip", msip_) &
            boost::serialization::make_nvp("mtimecmp", mtimecmp_) &
            boost::serialization::make_nvp("mtime_offset", mtime_offset_);
        check(harts);
    }

  private:
    /// Throws BadState if what was loaded cannot be the state of this device with so many harts.
    void check(std::size_t harts) const;

    std::vector<std::uint32_t> msip_;      ///< 0 or 1, by hart
    std::vector<std::uint64_t> mtimecmp_;  ///< by hart
    std::uint64_t mtime_offset_ = 0;       ///< what the guest's writes to mtime added, modulo 2^64
};

}  // namespace backspin::emu
