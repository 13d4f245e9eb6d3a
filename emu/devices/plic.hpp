// Platform-level interrupt controller: brings the devices' interrupt lines to the external interrupts of the
// harts' machine and supervisor levels. Source: RISC-V Platform-Level Interrupt Controller
// Specification 1.0.0; where it leaves freedom, QEMU's hw/intc/sifive_plic.
//
// All gateways are level-triggered: a line that is up makes its source pending once, and again when the
// handler says that it is done while the line is still (or again) up. A request that was accepted stays
// pending until it is claimed, also if the line falls meanwhile. Of equal priorities the source with the
// smallest number wins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/state.hpp"
#include "emu/device.hpp"

namespace backspin::emu {

class Plic final : public Device {
  public:
    /// Sources are numbered 1 to kLastSource; 0 means "no interrupt".
    static constexpr std::uint32_t kLastSource = 95;
    static constexpr std::uint32_t kMaxPriority = 7;
    /// As many as have their registers in the board's range of 6 MiB.
    static constexpr std::size_t kMaxHarts = 512;

    static constexpr std::uint64_t kPriorityOffset = 0x0;       ///< 4 bytes for each source
    static constexpr std::uint64_t kPendingOffset = 0x1000;     ///< a bit for each source
    static constexpr std::uint64_t kEnableOffset = 0x2000;      ///< a bit for each source, for each context
    static constexpr std::uint64_t kEnableStride = 0x80;        ///< from one context's to the next's
    static constexpr std::uint64_t kContextOffset = 0x20'0000;  ///< the context's threshold ...
    static constexpr std::uint64_t kContextStride = 0x1000;
    static constexpr std::uint64_t kClaimRegister = 4;  ///< ... and, from there, its claim and completion

    /// The number by which the registers and external_pending() know a hart's privilege level.
    static constexpr std::size_t machine_context(HartId hart) { return 2 * std::size_t{hart.value}; }
    static constexpr std::size_t supervisor_context(HartId hart) { return machine_context(hart) + 1; }

    /// Throws std::invalid_argument unless 1 <= harts <= kMaxHarts.
    explicit Plic(std::size_t harts);

    /// Takes accesses of 4 bytes. Where there is no register, reads give 0 and writes do nothing.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    /// A claim register shows the source that a read would claim.
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// What a device's interrupt line is now. Throws std::out_of_range unless 1 <= source <= kLastSource.
    void set_level(std::uint32_t source, bool up);
    /// Level of the context's external interrupt.
    bool external_pending(std::size_t context) const { return best_.at(context) != 0; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        const auto contexts = threshold_.size();
        using boost::serialization::make_nvp;
        archive& make_nvp("level", level_) & make_nvp("pending", pending_) & make_nvp("claimed", claimed_) &
            make_nvp("priority", priority_) & make_nvp("enable", enable_) & make_nvp("threshold", threshold_);
        if constexpr (Archive::is_loading::value) {
            check(contexts);
            find_best();
        }
    }

  private:
    static constexpr std::size_t kSources = kLastSource + 1;
    static constexpr std::size_t kWords = kSources / 32;
    using SourceSet =
        std::array<std::uint32_t, kWords>;  ///< source n is bit n % 32 of word n / 32; bit 0 is 0

    /// The source that the context would be given; 0 for none.
    std::uint32_t best_of(std::size_t context) const;
    void find_best();
    std::uint32_t claim(std::size_t context);
    void complete(std::size_t context, std::uint32_t source);
    /// Throws BadState if what was loaded cannot be the state of this device with so many contexts.
    void check(std::size_t contexts) const;

    SourceSet level_{};                              ///< the lines
    SourceSet pending_{};                            ///< requests accepted and not yet claimed
    SourceSet claimed_{};                            ///< claimed and not yet completed
    std::array<std::uint8_t, kSources> priority_{};  ///< 0 to kMaxPriority; 0: never interrupts
    std::vector<SourceSet> enable_;                  ///< by context
    std::vector<std::uint8_t> threshold_;            ///< by context; interrupts only above it

    /// Follows from all the above: best_of() by context.
    std::vector<std::uint8_t> best_;
};

}  // namespace backspin::emu
