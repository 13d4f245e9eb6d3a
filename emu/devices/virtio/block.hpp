// Block device. Source: Virtual I/O Device (VIRTIO) 1.2, section 5.2.
//
// It is a view of one of the machine's drives, so what the guest writes is part of the machine's memory, and
// nothing comes from outside: a request completes after a fixed virtual latency. A long one, and many at
// once, are served in several steps; what is under way is then the oldest request in the queue, and how much
// of it is done.
//
// Its size is counted in sectors of 512 bytes: of an image whose size is no multiple of that, the guest does
// not see the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/state.hpp"
#include "emu/devices/virtio/device.hpp"

namespace backspin::emu::virtio {

struct BlockOptions {
    std::uint64_t size = 0;  ///< bytes of the image
    bool readonly = false;
    std::string id;         ///< what the guest reads as the serial number: at most Block::kIdLength bytes
    std::size_t drive = 0;  ///< which of the machine's drives
    bool operator==(const BlockOptions&) const = default;
};

class Block final : public VirtioDevice {
  public:
    static constexpr std::uint32_t kDeviceId = 2;
    static constexpr std::size_t kRequests = 0;  ///< the queue
    static constexpr std::uint64_t kSector = 512;
    static constexpr std::size_t kIdLength = 20;  ///< VIRTIO_BLK_ID_BYTES

    /// Feature bits (5.2.3).
    enum Feature : std::uint64_t {
        kSegMax = std::uint64_t{1} << 2,
        kReadOnly = std::uint64_t{1} << 5,
        kBlkSize = std::uint64_t{1} << 6,
        kFlush = std::uint64_t{1} << 9,
        kDiscard = std::uint64_t{1} << 13,
        kWriteZeroes = std::uint64_t{1} << 14,
    };
    /// Types of request, and how one ended (5.2.6).
    enum class Type : std::uint32_t {
        in = 0,
        out = 1,
        flush = 4,
        get_id = 8,
        discard = 11,
        write_zeroes = 13,
    };
    enum class Status : std::uint8_t { ok = 0, ioerr = 1, unsupp = 2 };

    /// Pieces of a request's data: with its header and status they fit into the longest chain.
    static constexpr std::uint32_t kMostSegments = 126;
    /// Sectors that one request discards or zeroes: what is zeroed costs the host memory.
    static constexpr std::uint32_t kMostZeroed = (std::uint32_t{4} << 20) / kSector;
    /// What one step serves: long enough for a driver's ordinary request, short enough that a user who wants
    /// to interrupt it does not notice.
    static constexpr std::uint64_t kBytesAtOnce = std::uint64_t{1} << 20;
    static constexpr int kRequestsAtOnce = 64;

    explicit Block(BlockOptions options) : options_(std::move(options)) {}

    std::uint32_t device_id() const override { return kDeviceId; }
    std::uint64_t features() const override;
    std::size_t queue_count() const override { return 1; }
    VirtualTime latency() const override { return VirtualTime{20'000}; }
    void read_configuration(std::uint64_t offset, std::span<std::byte> out) const override;
    void reset() override;
    void notified(std::size_t /*queue*/, Port& port) override { serve(port); }
    std::optional<VirtualTime> next_event() const override { return goes_on_; }
    void event(Port& port) override { serve(port); }

    const BlockOptions& options() const { return options_; }
    std::uint64_t sectors() const { return options_.size / kSector; }

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("requests", requests_) & make_nvp("errors", errors_) &
            make_nvp("sectors_read", sectors_read_) & make_nvp("sectors_written", sectors_written_) &
            make_nvp("sectors_zeroed", sectors_zeroed_) & make_nvp("sectors_discarded", sectors_discarded_) &
            make_nvp("done", done_) & make_nvp("goes_on", goes_on_);
        if (done_ % kSector != 0 || (done_ != 0 && !goes_on_))
            throw BadState("block device: half a request, and nothing that ends it");
    }

  private:
    struct Request;
    struct Range;

    void serve(Port&);
    /// Serves what the budget allows of it. Nothing: there is more to do.
    std::optional<Status> go_on(const Request&, Port&, std::uint64_t& budget);
    std::optional<Status> copy(const Request&, Port&, std::uint64_t& budget);
    std::optional<Status> change_range(const Request&, Port&, std::uint64_t& budget);
    std::optional<Status> write_zeros(const Range&, Drive, std::uint64_t& budget);
    Status give_id(const Request&, Port&);
    void finish(const Request&, Status, Port&);
    bool lies_inside(std::uint64_t sector, std::uint64_t count) const;

    BlockOptions options_;

    // All that was ever done, also across resets: two runs whose drives differ show it here, too.
    std::uint64_t requests_ = 0;
    std::uint64_t errors_ = 0;
    std::uint64_t sectors_read_ = 0;
    std::uint64_t sectors_written_ = 0;
    std::uint64_t sectors_zeroed_ = 0;
    std::uint64_t sectors_discarded_ = 0;

    std::uint64_t done_ = 0;              ///< bytes served of the oldest request in the queue
    std::optional<VirtualTime> goes_on_;  ///< when the device looks at its queue again by itself
};

}  // namespace backspin::emu::virtio
