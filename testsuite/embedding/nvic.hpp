// Which exceptions an ARMv6-M processor has pending and active, and their priorities: the NVIC and the
// exception registers of the System Control Block. ARMv6-M Architecture Reference Manual, B1.5, B3.2 and
// B3.4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <boost/serialization/nvp.hpp>

namespace backspin::m0 {

/// The number of an exception; interrupt n of the NVIC is exception 16 + n.
using Exception = std::uint8_t;
inline constexpr Exception kNmi = 2, kHardFault = 3, kSvcall = 11, kPendsv = 14, kSystick = 15, kIrq0 = 16;
inline constexpr unsigned kExceptions = 48;

class Nvic {
  public:
    /// Registers by their offset in the System Control Space, 0xe000e000.
    enum Register : std::uint32_t {
        NVIC_ISER = 0x100,
        NVIC_ICER = 0x180,
        NVIC_ISPR = 0x200,
        NVIC_ICPR = 0x280,
        NVIC_IPR0 = 0x400,
        NVIC_IPR7 = 0x41c,
        CPUID = 0xd00,
        ICSR = 0xd04,
        AIRCR = 0xd0c,
        SCR = 0xd10,
        CCR = 0xd14,
        SHPR2 = 0xd1c,
        SHPR3 = 0xd20,
    };
    std::uint32_t read(std::uint32_t offset, Exception current) const;
    void write(std::uint32_t offset, std::uint32_t value);

    void pend(Exception exception) { pending_ |= bit(exception); }
    /// The interrupt lines as they are now: one that is up makes its exception pending, unless it is active.
    void sample(std::uint32_t lines) { pending_ |= std::uint64_t{lines} << kIrq0 & ~active_; }
    void activate(Exception exception);
    void deactivate(Exception exception) { active_ &= ~bit(exception); }
    bool is_active(Exception exception) const { return (active_ & bit(exception)) != 0; }
    unsigned active_count() const;

    /// Lower is more urgent; Thread mode has the lowest.
    int execution_priority(bool primask) const;
    /// Whether the exception, were it pending, would be taken now.
    bool preempts(Exception exception, bool primask) const;
    /// The pending exception that is taken now.
    std::optional<Exception> next(bool primask) const;

    bool sleeps_on_exit() const { return (scr_ & 2) != 0; }
    bool reset_requested() const { return reset_requested_; }

    /// No exception is known that does not exist.
    bool is_sound() const { return (pending_ | active_) >> kExceptions == 0; }

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        using boost::serialization::make_nvp;
        archive& make_nvp("pending", pending_) & make_nvp("active", active_) &
            make_nvp("NVIC_ISER", enabled_) & make_nvp("priority", priority_) & make_nvp("SCR", scr_) &
            make_nvp("SYSRESETREQ", reset_requested_);
    }

  private:
    static std::uint64_t bit(Exception exception) { return std::uint64_t{1} << exception; }
    int priority(Exception exception) const;
    std::optional<Exception> most_urgent() const;
    std::uint32_t icsr(Exception current) const;
    std::uint32_t priorities(Exception first) const;
    void set_priorities(Exception first, std::uint32_t value);

    std::uint64_t pending_ = 0;
    std::uint64_t active_ = 0;
    std::uint32_t enabled_ = 0;
    std::array<std::uint8_t, kExceptions> priority_{};  ///< two bits: 0x00, 0x40, 0x80, 0xc0
    std::uint32_t scr_ = 0;
    bool reset_requested_ = false;
};

}  // namespace backspin::m0
