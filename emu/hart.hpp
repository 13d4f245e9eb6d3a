// A hart: everything that a RISC-V hart with M, S and U mode remembers.
// Source: The RISC-V Instruction Set Manual, Volume II, chapters "Machine-Level ISA" and "Supervisor-Level
// ISA".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/serialization/nvp.hpp>

#include "base/address.hpp"
#include "base/state.hpp"
#include "emu/pmp.hpp"
#include "emu/privilege.hpp"

namespace backspin::emu {

/// Fields of mstatus that this hart keeps. (SD, SXL and UXL follow from the others.)
namespace mstatus {
inline constexpr std::uint64_t kSie = 1u << 1, kMie = 1u << 3, kSpie = 1u << 5, kMpie = 1u << 7,
                               kSpp = 1u << 8, kMpp = 3u << 11, kFs = 3u << 13, kMprv = 1u << 17,
                               kSum = 1u << 18, kMxr = 1u << 19, kTvm = 1u << 20, kTw = 1u << 21,
                               kTsr = 1u << 22;
inline constexpr unsigned kMppShift = 11;
inline constexpr std::uint64_t kFsDirty = 3u << 13;
}  // namespace mstatus

/// Fields of menvcfg and senvcfg.
namespace envcfg {
inline constexpr std::uint64_t kFiom = 1u << 0, kCbie = 3u << 4, kCbcfe = 1u << 6, kCbze = 1u << 7;
inline constexpr std::uint64_t kAdue = std::uint64_t{1} << 61, kPbmte = std::uint64_t{1} << 62,
                               kStce = std::uint64_t{1} << 63;
inline constexpr unsigned kCbieShift = 4;
}  // namespace envcfg

struct Hart {
    static constexpr std::size_t kSink =
        32;  ///< where the interpreter writes what is meant for x0; never saved

    HartId id;
    unsigned xlen = 64;  ///< 32 or 64; fixed for the hart's life

    /// Of RV32, the upper half of each is zero.
    std::array<std::uint64_t, 33> x{};
    std::array<std::uint64_t, 32> f{};  ///< narrower values boxed: the bits above them are ones
    std::uint64_t pc = 0;
    Privilege privilege = Privilege::machine;
    bool waiting = false;  ///< a wfi retired and nothing has woken the hart since
    std::optional<PhysicalAddress> reservation;

    std::uint64_t mstatus = 0;
    std::uint64_t mie = 0;
    std::uint64_t mip = 0;  ///< the bits that software writes; the others follow from the devices
    std::uint64_t mideleg = 0, medeleg = 0;
    std::uint64_t mtvec = 0, mscratch = 0, mepc = 0, mcause = 0, mtval = 0;
    std::uint64_t stvec = 0, sscratch = 0, sepc = 0, scause = 0, stval = 0;
    std::uint64_t mcounteren = 0, scounteren = 0, mcountinhibit = 0;
    std::uint64_t menvcfg = 0, senvcfg = 0;
    std::uint64_t satp = 0;
    std::uint64_t stimecmp = ~std::uint64_t{0};
    std::uint64_t fcsr = 0;      ///< frm and fflags
    std::uint64_t mcycle = 0;    ///< the hart's own steps: attempts and interrupts
    std::uint64_t minstret = 0;  ///< attempts that retired
    Pmp pmp;

    void write(unsigned rd, std::uint64_t value) {
        if (rd != 0) x[rd] = value;
    }
    /// All bits of a register of this hart.
    std::uint64_t xlen_mask() const { return xlen == 64 ? ~std::uint64_t{0} : 0xffff'ffff; }
    bool floating_point_is_on() const { return (mstatus & mstatus::kFs) != 0; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        for (std::size_t i = 1; i < kSink; ++i) archive& make_nvp(register_name(i), x[i]);
        for (std::size_t i = 0; i < f.size(); ++i) archive& make_nvp(float_register_name(i), f[i]);
        archive& BOOST_SERIALIZATION_NVP(pc) & BOOST_SERIALIZATION_NVP(privilege) &
            BOOST_SERIALIZATION_NVP(waiting) & BOOST_SERIALIZATION_NVP(reservation);
        archive& BOOST_SERIALIZATION_NVP(mstatus) & BOOST_SERIALIZATION_NVP(mie) &
            BOOST_SERIALIZATION_NVP(mip) & BOOST_SERIALIZATION_NVP(mideleg) &
            BOOST_SERIALIZATION_NVP(medeleg) & BOOST_SERIALIZATION_NVP(mtvec) &
            BOOST_SERIALIZATION_NVP(mscratch) & BOOST_SERIALIZATION_NVP(mepc) &
            BOOST_SERIALIZATION_NVP(mcause) & BOOST_SERIALIZATION_NVP(mtval) &
            BOOST_SERIALIZATION_NVP(stvec) & BOOST_SERIALIZATION_NVP(sscratch) &
            BOOST_SERIALIZATION_NVP(sepc) & BOOST_SERIALIZATION_NVP(scause) & BOOST_SERIALIZATION_NVP(stval);
        archive& BOOST_SERIALIZATION_NVP(mcounteren) & BOOST_SERIALIZATION_NVP(scounteren) &
            BOOST_SERIALIZATION_NVP(mcountinhibit) & BOOST_SERIALIZATION_NVP(menvcfg) &
            BOOST_SERIALIZATION_NVP(senvcfg) & BOOST_SERIALIZATION_NVP(satp) &
            BOOST_SERIALIZATION_NVP(stimecmp) & BOOST_SERIALIZATION_NVP(fcsr) &
            BOOST_SERIALIZATION_NVP(mcycle) & BOOST_SERIALIZATION_NVP(minstret);
        pmp.serialize(archive, kStateVersion);
    }

    /// The name that assemblers and debuggers use: "zero", "ra", "sp" ... Precondition: index < 32.
    static const char* register_name(std::size_t index);
    /// "ft0", "ft1" ... Precondition: index < 32.
    static const char* float_register_name(std::size_t index);
};

/// Bits of mcountinhibit, mcounteren and scounteren.
inline constexpr std::uint64_t kCounterCycle = 1, kCounterTime = 2, kCounterInstret = 4;

/// Counts steps of the hart: how many attempts or interrupts, and how many of them retired.
inline void count(Hart& hart, std::uint64_t steps, std::uint64_t retired) {
    if ((hart.mcountinhibit & kCounterCycle) == 0) hart.mcycle += steps;
    if ((hart.mcountinhibit & kCounterInstret) == 0) hart.minstret += retired;
}

/// A reservation of this hart ends if somebody else writes into the 8 bytes that hold it.
void break_reservation(Hart& hart, PhysicalAddress at, std::size_t length);

}  // namespace backspin::emu
