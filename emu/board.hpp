// The board: everything that a machine remembers besides its memory, as one plain value, and the bus that
// ties it together. All engines work on this; none adds state that a snapshot would have to hold.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/machine.hpp"
#include "base/position.hpp"
#include "emu/device.hpp"
#include "emu/devices/aclint.hpp"
#include "emu/devices/finisher.hpp"
#include "emu/devices/uart16550.hpp"
#include "emu/hart.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

/// Input channels of this board.
inline constexpr Channel kConsoleChannel{0};

struct Board {
    explicit Board(std::uint64_t ns_per_step);

    // ---- time -----------------------------------------------------------------------------------
    StepCount steps;                ///< since power-on
    VirtualTime idle;               ///< virtual time that passed without steps
    std::uint64_t ns_per_step = 1;  ///< fixed for the machine's life

    VirtualTime time() const { return {steps.value * ns_per_step + idle.ns}; }
    /// The first position from now on whose virtual time is at least `when`, if no idle jump comes before.
    StepCount position_of(VirtualTime when) const;

    /// The latest virtual time that the clock jumps to, and the most idle time there is: 146 years. A guest
    /// may ask for any deadline, and sums of times must not wrap around.
    static constexpr VirtualTime kMostIdle{std::uint64_t{1} << 62};
    /// The next deadline, as far as the clock may jump to it when no hart can move.
    std::optional<VirtualTime> jump_target() const;
    /// Moves the clock to the jump target; false if there is none. Only when no hart can move.
    bool jump_to_deadline();

    // ---- harts ----------------------------------------------------------------------------------
    std::vector<Hart> harts;

    /// Interrupt-pending bits as the hart sees them now.
    std::uint64_t mip(const Hart& hart) const;
    /// The next virtual time, after now, at which an interrupt line of some hart rises or a device event
    /// falls due without anybody doing anything. Nothing if that is never.
    std::optional<VirtualTime> next_deadline() const;
    /// Whether an interrupt that would wake this hart from wfi is pending.
    bool can_move(const Hart& hart) const { return !hart.waiting || (mip(hart) & hart.mie) != 0; }

    // ---- devices --------------------------------------------------------------------------------
    Uart16550 uart;
    Aclint aclint;
    Finisher finisher;

    struct Place {
        Device* device = nullptr;
        std::uint64_t offset = 0;
    };
    struct ConstPlace {
        const Device* device = nullptr;
        std::uint64_t offset = 0;
    };
    /// The device in whose range the whole access lies; null device if there is none.
    Place device_at(PhysicalAddress at, AccessSize size);
    ConstPlace device_at(PhysicalAddress at, AccessSize size) const;
    DeviceContext device_context() { return {time(), output}; }
    /// A device whose event is due now.
    Device* due_device();
    Device* input_device(Channel channel);

    bool powered_off() const { return finisher.request().has_value(); }

    /// Where device output goes; not state. Null drops it.
    OutputSink* output = nullptr;

    // ---- state by component, in the order of kComponents ----------------------------------------
    static constexpr std::array<std::string_view, 5> kComponents{"clock", "hart0", "uart", "aclint",
                                                                 "finisher"};
    void save(SavedState& into) const;
    /// Throws BadState; the board is then unusable.
    void load(const SavedState& from);
    /// Every field of one component by name, for reports. Throws BadState.
    std::vector<FieldValue> describe(std::size_t component) const;

  private:
    template <class Archive>
    void serialize_clock(Archive& archive) {
        archive& BOOST_SERIALIZATION_NVP(steps) & BOOST_SERIALIZATION_NVP(idle);
    }
    template <class Archive>
    void serialize_component(Archive& archive, std::size_t component);
    std::array<Device*, 3> devices() { return {&uart, &aclint, &finisher}; }
};

}  // namespace backspin::emu
