// SiFive test finisher: one 32-bit register with which firmware says that it is done, and how it went.
// Source: QEMU hw/misc/sifive_test; Linux binding "sifive,test0" with syscon-poweroff and syscon-reboot.
#pragma once

#include <cstdint>
#include <optional>

#include "base/state.hpp"
#include "emu/device.hpp"

namespace backspin::emu {

/// How the guest wants its run to end.
struct PowerRequest {
    enum class Kind : std::uint8_t { pass, fail, reset };
    Kind kind = Kind::pass;
    std::uint16_t code = 0;  ///< for fail: what the guest gave, 0 to 65535; 0 otherwise

    bool operator==(const PowerRequest&) const = default;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        archive& BOOST_SERIALIZATION_NVP(kind) & BOOST_SERIALIZATION_NVP(code);
        if (kind > Kind::reset) throw BadState("finisher: a request of an unknown kind");
        if (kind != Kind::fail && code != 0) throw BadState("finisher: a code without a failure");
    }
};

/// Buttons on the board's case; a push is an input of this one byte.
enum class PowerButton : std::uint8_t {
    power = 0,  ///< switches the machine off at once: this board has no button that asks the guest
    reset = 1,
};

class Finisher final : public Device {
  public:
    static constexpr std::uint16_t kPass = 0x5555;
    static constexpr std::uint16_t kFail = 0x3333;
    static constexpr std::uint16_t kReset = 0x7777;

    /// Reads give 0. Takes accesses of 2 and 4 bytes in the whole range; only those to offset 0 do something.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// From outside: as if the guest had asked for it. Any byte may come; only the buttons do something.
    void push(PowerButton button);

    /// What the guest asked for; the board acts on it at the end of the step. The first request stays.
    const std::optional<PowerRequest>& request() const { return request_; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        archive& boost::serialization::make_nvp("request", request_);
    }

  private:
    std::optional<PowerRequest> request_;
};

}  // namespace backspin::emu
