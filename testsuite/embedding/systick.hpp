// SysTick, the timer of an ARMv6-M processor, on the machine's virtual clock: one count for each clock of the
// processor. ARMv6-M Architecture Reference Manual, B3.3.
#pragma once

#include <cstdint>
#include <optional>

#include <boost/serialization/nvp.hpp>

namespace backspin::m0 {

class SysTick {
  public:
    enum Register : std::uint32_t { SYST_CSR = 0x0, SYST_RVR = 0x4, SYST_CVR = 0x8, SYST_CALIB = 0xc };

    /// What a debugger sees: nothing changes.
    std::uint32_t peek(std::uint32_t offset, std::uint64_t clock) const;
    /// As the processor reads: that clears COUNTFLAG in SYST_CSR.
    std::uint32_t read(std::uint32_t offset, std::uint64_t clock);
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t clock);

    /// The clock at which the counter comes to 0; nothing if it never does.
    std::optional<std::uint64_t> due() const { return due_; }
    /// The event that is due. True: SysTick becomes pending.
    bool expire();

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        using boost::serialization::make_nvp;
        archive& make_nvp("ENABLE", enable_) & make_nvp("TICKINT", tickint_) &
            make_nvp("COUNTFLAG", countflag_) & make_nvp("SYST_RVR", reload_) &
            make_nvp("SYST_CVR", stopped_at_) & make_nvp("due", due_);
    }

  private:
    std::uint32_t current(std::uint64_t clock) const;
    void count_from(std::uint32_t value, std::uint64_t clock);

    bool enable_ = false;
    bool tickint_ = false;
    bool countflag_ = false;
    std::uint32_t reload_ = 0;
    std::uint32_t stopped_at_ = 0;      ///< the counter, while nothing is due
    std::optional<std::uint64_t> due_;  ///< while it counts: its value is what is left until then
};

}  // namespace backspin::m0
