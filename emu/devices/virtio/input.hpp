// Input device: a keyboard, or a pointer that says where on the screen it is. Source: Virtual I/O Device
// (VIRTIO) 1.2, section 5.8; Linux, Documentation/input/event-codes.rst and input-event-codes.h.
//
// Its events are those of Linux. What comes from outside is whole events as the driver gets them, 8 bytes
// each: type and code in 2 bytes, value in 4, the lowest first.
#pragma once

#include <cstdint>

#include "base/state.hpp"
#include "emu/devices/virtio/device.hpp"

namespace backspin::emu::virtio {

struct InputOptions {
    enum class Kind : std::uint8_t { keyboard, pointer };
    Kind kind = Kind::keyboard;
    bool operator==(const InputOptions&) const = default;
};

/// Types and codes of events.
namespace input_event {
inline constexpr std::uint16_t kSyn = 0, kKey = 1, kRel = 2, kAbs = 3, kLed = 0x11, kRep = 0x14;
inline constexpr std::uint16_t kFirstKey = 1, kLastKey = 127;  ///< KEY_ESC to KEY_COMPOSE
inline constexpr std::uint16_t kLeft = 0x110, kRight = 0x111, kMiddle = 0x112;
inline constexpr std::uint16_t kWheel = 8;
inline constexpr std::uint16_t kX = 0, kY = 1;
inline constexpr std::uint32_t kLargestCoordinate = 32767;
inline constexpr std::size_t kSize = 8;
}  // namespace input_event

class Input final : public VirtioDevice {
  public:
    static constexpr std::uint32_t kDeviceId = 18;
    static constexpr std::size_t kEvents = 0, kStatus = 1;  ///< the queues

    /// What the configuration space shows, by its field `select` (5.8.2).
    enum Select : std::uint8_t {
        kUnset = 0,
        kName = 0x01,
        kSerial = 0x02,
        kIds = 0x03,
        kProperties = 0x10,
        kEventBits = 0x11,
        kAbsoluteInfo = 0x12,
    };
    /// Offsets of the fields of the configuration space.
    static constexpr std::uint64_t kSelectAt = 0, kSubselectAt = 1, kSizeAt = 2, kDataAt = 8;
    static constexpr std::size_t kMostData = 128;

    explicit Input(const InputOptions& options) : options_(options) {}

    std::uint32_t device_id() const override { return kDeviceId; }
    std::size_t queue_count() const override { return 2; }
    void read_configuration(std::uint64_t offset, std::span<std::byte> out) const override;
    void write_configuration(std::uint64_t offset, std::span<const std::byte> bytes) override;
    void reset() override { select_ = subselect_ = 0; }
    void notified(std::size_t queue, Port&) override;
    std::size_t room_for_input(Port&) const override;
    /// Half an event is none.
    void input(std::span<const std::byte> bytes, Port&) override;

    /// Any value of these fields is a state that this device can be in.
    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("select", select_) & make_nvp("subselect", subselect_);
    }

  private:
    bool is_keyboard() const { return options_.kind == InputOptions::Kind::keyboard; }
    std::vector<std::byte> selected() const;
    std::vector<std::byte> event_bits() const;

    InputOptions options_;
    std::uint8_t select_ = kUnset;
    std::uint8_t subselect_ = 0;
};

}  // namespace backspin::emu::virtio
