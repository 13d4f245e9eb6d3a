// One virtio transport and the device behind it, if any. Source: Virtual I/O Device (VIRTIO) 1.2, section 4.2
// "Virtio Over MMIO"; not the legacy interface.
//
// The driver's notification only notes the queue: the device looks at it after its latency, in an event of
// its own, so no access to a register ever touches memory.
//
// Deviation, on purpose: as on QEMU, no access faults, whatever its size; what is no register reads as 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "base/state.hpp"
#include "emu/device.hpp"
#include "emu/devices/virtio/list.hpp"
#include "emu/devices/virtio/queue.hpp"

namespace backspin::emu::virtio {

class Transport final : public Device {
  public:
    enum Register : std::uint64_t {
        MagicValue = 0x000,
        Version = 0x004,
        DeviceID = 0x008,
        VendorID = 0x00c,
        DeviceFeatures = 0x010,
        DeviceFeaturesSel = 0x014,
        DriverFeatures = 0x020,
        DriverFeaturesSel = 0x024,
        QueueSel = 0x030,
        QueueNumMax = 0x034,
        QueueNum = 0x038,
        QueueReady = 0x044,
        QueueNotify = 0x050,
        InterruptStatus = 0x060,
        InterruptACK = 0x064,
        Status = 0x070,
        QueueDescLow = 0x080,
        QueueDescHigh = 0x084,
        QueueDriverLow = 0x090,
        QueueDriverHigh = 0x094,
        QueueDeviceLow = 0x0a0,
        QueueDeviceHigh = 0x0a4,
        SHMLenLow = 0x0b0,  ///< there are no shared memory regions: all ones
        SHMLenHigh = 0x0b4,
        SHMBaseLow = 0x0b8,
        SHMBaseHigh = 0x0bc,
        ConfigGeneration = 0x0fc,
        Config = 0x100,  ///< the device's configuration space, to the end
    };
    static constexpr std::uint32_t kMagic = 0x7472'6976;   ///< "virt"
    static constexpr std::uint32_t kVersion = 2;           ///< not the legacy interface
    static constexpr std::uint32_t kVendor = 0x554d'4551;  ///< "QEMU"
    static constexpr std::size_t kMostQueues = 4;

    /// Bits of Status (section 2.1).
    enum StatusBit : std::uint32_t {
        kAcknowledge = 1,
        kDriver = 2,
        kDriverOk = 4,
        kFeaturesOk = 8,
        kNeedsReset = 64,
        kFailed = 128,
    };
    /// Bits of InterruptStatus.
    enum InterruptBit : std::uint32_t { kUsedBuffer = 1, kConfigurationChange = 2 };

    Transport() = default;
    /// The device's output goes by this channel.
    explicit Transport(const DeviceOptions& options, Channel channel = {})
        : device_(make_device(options)), channel_(channel) {}

    // ---- Device: the registers ------------------------------------------------------------------
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;
    std::optional<VirtualTime> next_event() const override;

    // ---- with memory in reach -------------------------------------------------------------------
    /// Called once as a step of its own when the virtual time has reached next_event().
    void dma_event(const DeviceContext& context, Dma& dma);
    void dma_input(std::span<const std::byte> bytes, const DeviceContext& context, Dma& dma);
    /// Reads memory only.
    std::size_t room_for_dma_input(VirtualTime now, Dma& dma) const;

    /// Level of the interrupt line.
    bool interrupt_pending() const { return registers_.interrupt_status != 0; }
    bool has_device() const { return device() != nullptr; }
    const AnyDevice& any_device() const { return device_; }

    /// As at power-on.
    void reset();

    template <class Archive>
    void serialize(Archive& archive, unsigned version) {
        using boost::serialization::make_nvp;
        archive& make_nvp("status", registers_.status) &
            make_nvp("device_features_sel", registers_.device_features_sel) &
            make_nvp("driver_features_sel", registers_.driver_features_sel) &
            make_nvp("driver_features", registers_.driver_features) &
            make_nvp("queue_sel", registers_.queue_sel) & make_nvp("queues", registers_.queues) &
            make_nvp("interrupt_status", registers_.interrupt_status) &
            make_nvp("config_generation", registers_.config_generation) &
            make_nvp("notified", registers_.notified) & make_nvp("notified_at", registers_.notified_at);
        check();
        std::visit(
            [&](auto& device) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(device)>, std::monostate>)
                    device.serialize(archive, version);
            },
            device_);
    }

  private:
    VirtioDevice* device();
    const VirtioDevice* device() const { return const_cast<Transport*>(this)->device(); }
    std::uint64_t offered_features() const;
    bool is_running() const {
        return (registers_.status & kDriverOk) != 0 && (registers_.status & kNeedsReset) == 0;
    }
    Queue* selected();
    const Queue* selected() const { return const_cast<Transport*>(this)->selected(); }

    std::uint32_t read_register(std::uint64_t offset) const;
    void write_register(std::uint64_t offset, std::uint32_t value, VirtualTime now);
    std::uint64_t read_configuration(std::uint64_t offset, std::size_t size) const;
    void write_queue_register(std::uint64_t offset, std::uint32_t value);
    void write_driver_features(std::uint32_t value);
    void write_status(std::uint32_t value);
    void notify(std::uint32_t queue, VirtualTime now);

    /// Runs `work(device, port)` and does what the device asked its port for.
    template <class Work>
    void with_port(const DeviceContext& context, Dma& dma, Work work);
    /// Throws BadState for what no driver can have led to.
    void check() const;

    /// All that a reset puts back, besides the device.
    struct Registers {
        std::uint32_t status = 0;
        std::uint32_t device_features_sel = 0;
        std::uint32_t driver_features_sel = 0;
        std::uint64_t driver_features = 0;
        std::uint32_t queue_sel = 0;
        std::array<Queue, kMostQueues> queues{};
        std::uint32_t interrupt_status = 0;
        std::uint32_t config_generation = 0;
        std::uint32_t notified = 0;              ///< a bit for each queue that waits for the device's look
        std::optional<VirtualTime> notified_at;  ///< when the device looks
    };

    AnyDevice device_;
    Channel channel_;
    Registers registers_;
};

}  // namespace backspin::emu::virtio
