// Physical memory protection: which physical addresses S and U mode may use, and with locked entries also M
// mode. Source: The RISC-V Instruction Set Manual, Volume II, section "Physical Memory Protection".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <boost/serialization/nvp.hpp>

#include "base/address.hpp"
#include "base/state.hpp"
#include "emu/privilege.hpp"

namespace backspin::emu {

class Pmp {
  public:
    static constexpr std::size_t kEntries = 16;

    std::uint8_t config(std::size_t entry) const { return config_[entry]; }
    /// Bits 55:2 (RV32: 33:2) of an address.
    std::uint64_t address(std::size_t entry) const { return address_[entry]; }
    /// Locked entries, and W without R, which is reserved, leave the register as it was.
    void write_config(std::size_t entry, std::uint8_t value);
    /// An entry that is locked, or the top of a locked range, leaves the register as it was.
    void write_address(std::size_t entry, std::uint64_t value);

    /// Whether all of an access's bytes may be accessed so. `size` is at least 1.
    bool allows(PhysicalAddress at, std::uint64_t size, AccessKind kind, Privilege privilege) const;
    /// Whether no entry's border lies inside this range: one answer holds for every access in it.
    bool is_uniform(PhysicalAddress at, std::uint64_t size) const;

    /// Changes with every write: what was derived from the entries is stale. Not part of the state.
    std::uint64_t generation() const { return generation_; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        archive& boost::serialization::make_nvp("pmpcfg", config_) &
            boost::serialization::make_nvp("pmpaddr", address_);
        if constexpr (Archive::is_loading::value) {
            check();
            find_ranges();
        }
    }

  private:
    /// Addresses in words of 4 bytes: first, and last + 1. Empty if both are equal.
    struct Range {
        std::uint64_t first = 0, end = 0;
    };
    /// After every change: the entries in the form that accesses are compared with.
    void find_ranges();
    Range range_of(std::size_t entry) const;
    /// Accesses around the last one, which no entry's border parts from it.
    struct Window {
        Range range;
        std::size_t entry = 0;  ///< that decides; used_ if none does
    };
    Window window_around(std::uint64_t word) const;
    bool decide(std::size_t entry, AccessKind kind, Privilege privilege) const;
    bool is_locked(std::size_t entry) const;
    /// Throws BadState for entries that no writes can have made.
    void check() const;

    std::array<std::uint8_t, kEntries> config_{};
    std::array<std::uint64_t, kEntries> address_{};
    // Derived from the entries.
    std::array<Range, kEntries> ranges_{};
    std::size_t used_ = 0;  ///< entries from here on are off
    mutable Window window_;
    std::uint64_t generation_ = 0;
};

}  // namespace backspin::emu
