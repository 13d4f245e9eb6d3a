// The board: everything that a machine remembers besides its memory, as one plain value, and the bus that
// ties it together. All engines work on this; none adds state that a snapshot would have to hold.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/machine.hpp"
#include "base/position.hpp"
#include "emu/device.hpp"
#include "emu/devices/aclint.hpp"
#include "emu/devices/finisher.hpp"
#include "emu/devices/goldfish_rtc.hpp"
#include "emu/devices/plic.hpp"
#include "emu/devices/semihosting.hpp"
#include "emu/devices/uart16550.hpp"
#include "emu/devices/virtio/list.hpp"
#include "emu/devices/virtio/transport.hpp"
#include "emu/dma.hpp"
#include "emu/hart.hpp"
#include "emu/isa/instruction.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

/// Input channels of this board.
inline constexpr Channel kConsoleChannel{0};
inline constexpr Channel kSemihostingChannel{1};  ///< what a host answers: see emu/semihosting.hpp
inline constexpr Channel kRtcChannel{2};          ///< the host's clock: 8 bytes, see GoldfishRtc
inline constexpr Channel kPowerChannel{3};        ///< a push of a button: one PowerButton
/// The device behind each virtio transport.
constexpr Channel virtio_channel(std::size_t transport) {
    return {static_cast<std::uint32_t>(16 + transport)};
}

/// What the user chose about the board; the state at every position depends on it, and none of it ever
/// changes.
struct BoardOptions {
    Isa isa{64};
    std::size_t harts = 1;           ///< 1 to kMostHarts
    std::uint64_t ns_per_step = 10;  ///< virtual nanoseconds that one step takes, 1 to 10,000
    std::uint64_t quantum = 5000;    ///< steps of a hart's turn, at least 1, where there are several harts
    std::optional<std::uint64_t>
        chaos;  ///< a seed: every turn has its own length, of up to twice the quantum
    std::uint64_t rtc_start = GoldfishRtc::kDefaultStart;  ///< nanoseconds since the epoch at power-on
    bool rtc_is_hosts = false;          ///< the clock is the host's: each reading is an input
    bool reboots = true;                ///< false: a guest's wish to be reset switches the machine off
    bool semihosting = false;           ///< false: its calls are breakpoints like any others
    std::string semihosting_arguments;  ///< the command line that SYS_GET_CMDLINE tells
    std::vector<virtio::DeviceOptions> virtio;  ///< by transport, at most kVirtioTransports

    static constexpr std::size_t kMostHarts = 8;
    /// So that virtual time does not wrap around within 10^15 steps.
    static constexpr std::uint64_t kMostNsPerStep = 10'000;
    static constexpr std::uint64_t kMostQuantum = std::uint64_t{1} << 40;
};

struct Board {
    /// At power-on. Throws std::invalid_argument for options out of their ranges.
    explicit Board(const BoardOptions& options);

    BoardOptions options;                    ///< fixed for the machine's life
    std::shared_ptr<const Decoder> decoder;  ///< for options.isa
    const Isa& isa() const { return options.isa; }

    // ---- time -----------------------------------------------------------------------------------
    StepCount steps;   ///< since power-on
    VirtualTime idle;  ///< virtual time that passed without steps

    VirtualTime time() const { return {steps.value * options.ns_per_step + idle.ns}; }
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
    /// Whether the hart does not wait, or an interrupt that wakes it is pending.
    bool can_move(const Hart& hart) const { return !hart.waiting || (mip(hart) & hart.mie) != 0; }

    // ---- turns: the harts move one after the other, each for some steps ----------------------------
    struct Turn {
        HartId hart;
        StepCount end;  ///< the first position that is not in it any more
        bool operator==(const Turn&) const = default;
    };
    Turn turn;  ///< the last one that began
    /// Whose turn the next step is; nothing if no hart can move. A turn ends early when its hart waits.
    std::optional<Turn> next_turn() const;
    /// A hart that loses its turn loses its reservation.
    void begin(const Turn& next);
    /// After a step with which the hart gives up the rest of its turn, where there is another to take it.
    void end_turn() {
        if (harts.size() > 1) turn.end = steps;
    }

    // ---- devices --------------------------------------------------------------------------------
    Uart16550 uart;
    Aclint aclint;
    Plic plic;
    GoldfishRtc rtc;
    std::array<virtio::Transport, memory_map::kVirtioTransports> virtio;
    Finisher finisher;
    Semihosting semihosting;

    /// A hart's access; `at` is aligned to the size. Nothing / false, and nothing done, where no device
    /// answers.
    std::optional<std::uint64_t> read_device(PhysicalAddress at, AccessSize size);
    bool write_device(PhysicalAddress at, AccessSize size, std::uint64_t value);
    /// The same without side effects.
    std::optional<std::uint64_t> peek_device(PhysicalAddress at, AccessSize size) const;
    /// Whether there is a device in whose range the whole access lies.
    bool has_device(PhysicalAddress at, AccessSize size) const {
        return place_of(at, size).device != nullptr;
    }

    bool has_due_event() const;
    /// The component whose event comes next, if it is due and may write memory.
    std::optional<std::size_t> component_of_due_event() const;
    /// Handles the event of a device that is due now; false if none is. What devices write to memory is noted
    /// in `dma`.
    bool handle_due_event(Dma& dma);
    void input(Channel channel, std::span<const std::byte> bytes, Dma& dma);
    /// Only reads memory.
    std::size_t room_for_input(Channel channel, Dma& dma) const;
    /// After a step in which devices wrote memory: reservations of what they wrote end.
    void break_reservations(std::span<const MemoryPiece> written);

    /// A semihosting call or the clock waits for an answer. Until that input comes nothing happens: no hart
    /// moves, no device, no clock.
    bool waits_for_host() const { return semihosting.request.has_value() || rtc.asks_host(); }
    /// Whether the host has to answer before a hart may make this access: see emu/host_first.hpp.
    bool needs_host(PhysicalAddress at, AccessSize size, bool is_write) const;
    void ask_host() { rtc.ask_host(); }
    bool powered_off() const;
    bool reset_is_due() const;
    /// As at power-on, but for the clock. The memory's part is its own.
    void reset();

    /// Where device output goes; not state. Null drops it.
    OutputSink* output = nullptr;

    // ---- state by component ---------------------------------------------------------------------
    /// "clock", "hart0", "hart1" ..., then the devices, and the virtio devices that there are. Valid as long
    /// as this board or a copy of it.
    std::span<const std::string_view> component_names() const { return *names_; }
    void save(SavedState& into) const;
    /// The component that takes what comes by this channel; nothing if none does.
    std::optional<std::size_t> component_of(Channel channel) const;
    /// Throws BadState; the board is then unusable.
    void load(const SavedState& from);
    /// Every field of one component by name, for reports. Throws BadState.
    std::vector<FieldValue> describe(std::size_t component) const;

  private:
    struct Place {
        const Device* device = nullptr;
        std::uint64_t offset = 0;
    };
    Place place_of(PhysicalAddress at, AccessSize size) const;
    Device& changeable(const Device& device) { return const_cast<Device&>(device); }  // this board's own
    DeviceContext device_context() const { return {time(), output}; }
    /// After anything that a device did: its interrupt line reaches the PLIC.
    void connect_lines();
    StepCount turn_length() const;

    template <class Archive>
    void serialize_clock(Archive& archive);
    template <class Archive>
    void serialize_semihosting(Archive& archive);
    template <class Archive>
    void serialize_component(Archive& archive, std::size_t component);
    /// In the order in which their events come; those of virtio devices come after them.
    std::array<const Device*, 3> devices_with_events() const { return {&uart, &rtc, &aclint}; }
    bool is_due(const Device& device) const {
        const auto when = device.next_event();
        return when && *when <= time();
    }
    bool is_plain_event_due() const;
    std::optional<std::size_t> due_transport() const;

    /// Transports that have a device, in ascending order: only these are components.
    std::vector<std::size_t> virtio_in_use_;
    std::shared_ptr<const std::vector<std::string_view>> names_;
};

}  // namespace backspin::emu
