// All that the board remembers besides its memory.
#pragma once

#include <array>
#include <cstdint>

#include <boost/serialization/nvp.hpp>

#include "base/position.hpp"
#include "base/state.hpp"
#include "testsuite/embedding/nvic.hpp"
#include "testsuite/embedding/systick.hpp"
#include "testsuite/embedding/uart.hpp"

namespace backspin::m0 {

/// The registers of the processor, named as in the ARMv6-M Architecture Reference Manual, B1.4.
struct Cpu {
    std::array<std::uint32_t, 13> r{};
    std::uint32_t lr = 0xffff'ffff;
    std::uint32_t pc = 0;  ///< the address of the next instruction
    std::uint32_t msp = 0, psp = 0;
    bool n = false, z = false, c = false, v = false;
    bool t = true;  ///< EPSR.T
    Exception ipsr = 0;
    bool primask = false;
    bool spsel = false;      ///< CONTROL.SPSEL
    bool waiting = false;    ///< in WFI
    bool locked_up = false;  ///< a fault where no fault can be handled: no step follows

    bool in_handler() const { return ipsr != 0; }
    std::uint32_t& sp() { return spsel && !in_handler() ? psp : msp; }
    std::uint32_t sp() const { return spsel && !in_handler() ? psp : msp; }
    std::uint32_t xpsr() const;
    void set_apsr(std::uint32_t value);

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive& BOOST_SERIALIZATION_NVP(r) & BOOST_SERIALIZATION_NVP(lr) & BOOST_SERIALIZATION_NVP(pc) &
            BOOST_SERIALIZATION_NVP(msp) & BOOST_SERIALIZATION_NVP(psp) & BOOST_SERIALIZATION_NVP(n) &
            BOOST_SERIALIZATION_NVP(z) & BOOST_SERIALIZATION_NVP(c) & BOOST_SERIALIZATION_NVP(v) &
            BOOST_SERIALIZATION_NVP(t) & BOOST_SERIALIZATION_NVP(ipsr) & BOOST_SERIALIZATION_NVP(primask) &
            BOOST_SERIALIZATION_NVP(spsel) & BOOST_SERIALIZATION_NVP(waiting) &
            BOOST_SERIALIZATION_NVP(locked_up);
    }
};

/// Every step takes one clock of a processor at 50 MHz.
inline constexpr std::uint64_t kNsPerStep = 20;

struct Clock {
    StepCount now;
    std::uint64_t idle_ns = 0;  ///< passed while the processor slept

    VirtualTime time() const { return {now.value * kNsPerStep + idle_ns}; }
    std::uint64_t clocks() const { return time().ns / kNsPerStep; }

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive& BOOST_SERIALIZATION_NVP(now) & BOOST_SERIALIZATION_NVP(idle_ns);
    }
};

struct State {
    Cpu cpu;
    Nvic nvic;
    SysTick systick;
    Uart uart;
    Clock clock;
};

}  // namespace backspin::m0
