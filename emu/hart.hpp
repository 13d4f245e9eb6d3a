// A hart: everything that an RV64 hart with M and U mode remembers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <boost/serialization/nvp.hpp>

#include "base/address.hpp"
#include "base/state.hpp"

namespace backspin::emu {

enum class Privilege : std::uint8_t { user = 0, machine = 3 };

/// Fields of mstatus that this hart has.
namespace mstatus {
inline constexpr std::uint64_t kMie = 1u << 3, kMpie = 1u << 7, kMpp = 3u << 11, kMprv = 1u << 17,
                               kTw = 1u << 21;
inline constexpr unsigned kMppShift = 11;
inline constexpr std::uint64_t kUxl64 = std::uint64_t{2} << 32;  ///< U mode is RV64, unchangeably
}  // namespace mstatus

struct Hart {
    static constexpr std::size_t kSink =
        32;  ///< where the interpreter writes what is meant for x0; never saved

    HartId id;
    std::array<std::uint64_t, 33> x{};
    std::uint64_t pc = 0;
    Privilege privilege = Privilege::machine;
    bool waiting = false;  ///< a wfi retired and nothing has woken the hart since
    std::optional<PhysicalAddress> reservation;

    std::uint64_t mstatus = mstatus::kUxl64;
    std::uint64_t mie = 0, mtvec = 0, mscratch = 0, mepc = 0, mcause = 0, mtval = 0;
    std::uint64_t mcounteren = 0, mcountinhibit = 0;
    std::uint64_t mcycle = 0;    ///< the hart's own steps: attempts and interrupts
    std::uint64_t minstret = 0;  ///< attempts that retired

    void write(unsigned rd, std::uint64_t value) {
        if (rd != 0) x[rd] = value;
    }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        for (std::size_t i = 1; i < kSink; ++i)
            archive& boost::serialization::make_nvp(register_name(i), x[i]);
        archive& BOOST_SERIALIZATION_NVP(pc) & BOOST_SERIALIZATION_NVP(privilege) &
            BOOST_SERIALIZATION_NVP(waiting) & BOOST_SERIALIZATION_NVP(reservation) &
            BOOST_SERIALIZATION_NVP(mstatus) & BOOST_SERIALIZATION_NVP(mie) & BOOST_SERIALIZATION_NVP(mtvec) &
            BOOST_SERIALIZATION_NVP(mscratch) & BOOST_SERIALIZATION_NVP(mepc) &
            BOOST_SERIALIZATION_NVP(mcause) & BOOST_SERIALIZATION_NVP(mtval) &
            BOOST_SERIALIZATION_NVP(mcounteren) & BOOST_SERIALIZATION_NVP(mcountinhibit) &
            BOOST_SERIALIZATION_NVP(mcycle) & BOOST_SERIALIZATION_NVP(minstret);
    }

    /// The name that assemblers and debuggers use: "zero", "ra", "sp" ... Precondition: index < 32.
    static const char* register_name(std::size_t index);
};

/// Bits of mcountinhibit and mcounteren.
inline constexpr std::uint64_t kCounterCycle = 1, kCounterTime = 2, kCounterInstret = 4;

/// Counts steps of the hart: how many attempts or interrupts, and how many of them retired.
inline void count(Hart& hart, std::uint64_t steps, std::uint64_t retired) {
    if ((hart.mcountinhibit & kCounterCycle) == 0) hart.mcycle += steps;
    if ((hart.mcountinhibit & kCounterInstret) == 0) hart.minstret += retired;
}

}  // namespace backspin::emu
