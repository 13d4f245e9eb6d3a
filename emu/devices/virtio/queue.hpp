// A split virtqueue as the device sees it. Source: Virtual I/O Device (VIRTIO) 1.2, section 2.7 "Split
// Virtqueues" with 2.7.5.3 "Indirect Descriptors" and 2.7.7, 2.7.10 "used_event / avail_event".
//
// The rings lie in memory that a hostile guest writes as it likes: every index and address is checked, a
// chain is at most as long as its table, and what cannot be is reported once as broken, never followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/state.hpp"
#include "emu/dma.hpp"

namespace backspin::emu::virtio {

/// A range of guest memory that the driver offers. It need not be RAM.
struct Buffer {
    PhysicalAddress at;
    std::uint32_t length = 0;
};

/// One request of the driver: what the device may read, then what it may write.
struct Chain {
    std::uint16_t head = 0;  ///< index of its first descriptor: names it in the used ring
    std::vector<Buffer> readable;
    std::vector<Buffer> writable;

    /// Bytes of all buffers together.
    static std::uint64_t length(std::span<const Buffer> buffers);
};

/// Reads from the buffers in order, starting `offset` bytes into them, as much as is there and fits. Nothing
/// if a buffer on the way is not RAM.
std::optional<std::size_t> gather(const Dma& dma, std::span<const Buffer> buffers, std::uint64_t offset,
                                  std::span<std::byte> out);
/// Writes to the buffers in the same way.
std::optional<std::size_t> scatter(Dma& dma, std::span<const Buffer> buffers, std::uint64_t offset,
                                   std::span<const std::byte> bytes);

/// What the driver accepted decides how the rings are used.
struct RingFeatures {
    bool indirect = false;   ///< VIRTIO_F_INDIRECT_DESC
    bool event_idx = false;  ///< VIRTIO_F_EVENT_IDX
};

class Queue {
  public:
    static constexpr std::uint16_t kMaxSize = 256;

    // ---- set up by the driver through the transport ---------------------------------------------
    std::uint16_t size = kMaxSize;  ///< entries; a power of two, at most kMaxSize, when ready
    bool ready = false;
    PhysicalAddress descriptors;  ///< descriptor area
    PhysicalAddress driver_area;  ///< available ring
    PhysicalAddress device_area;  ///< used ring

    // ---- used by the device ---------------------------------------------------------------------
    /// Whether the driver has made more chains available.
    bool has_chain(const Dma& dma) const;
    /// How many; 0 where more are said to be there than there can be.
    std::size_t chains(const Dma& dma) const;
    /// The next chain; nothing when there is none, or when the rings are broken (then broken() is true from
    /// here on, and the device needs a reset).
    std::optional<Chain> pop(const Dma& dma, RingFeatures features);
    /// The next chain without taking it.
    std::optional<Chain> peek(const Dma& dma, RingFeatures features);
    /// Gives a chain back with so many bytes written into its writable buffers. True if the driver wants to
    /// hear of it now.
    bool push(Dma& dma, const Chain& chain, std::uint32_t written, RingFeatures features);
    /// With event_idx: the driver need not notify before it has made this many more available.
    void ask_for_notification(Dma& dma, RingFeatures features) const;
    bool broken() const { return broken_; }

    void reset() { *this = {}; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("size", size) & make_nvp("ready", ready) & make_nvp("descriptors", descriptors) &
            make_nvp("driver_area", driver_area) & make_nvp("device_area", device_area) &
            make_nvp("next_available", next_available_) & make_nvp("next_used", next_used_) &
            make_nvp("broken", broken_);
        if (size > kMaxSize) throw BadState("virtio: a queue larger than there is");
    }

  private:
    struct Descriptor {
        PhysicalAddress at;
        std::uint32_t length = 0;
        std::uint16_t flags = 0;
        std::uint16_t next = 0;
    };
    static std::optional<Descriptor> read_descriptor(const Dma& dma, PhysicalAddress table,
                                                     std::uint16_t index);
    std::optional<std::uint16_t> available_index(const Dma& dma) const;
    bool follow(const Dma& dma, RingFeatures features, Chain& chain) const;

    std::uint16_t next_available_ = 0;  ///< free-running index of the next chain to take
    std::uint16_t next_used_ = 0;       ///< free-running index of the next used entry to write
    bool broken_ = false;
};

}  // namespace backspin::emu::virtio
