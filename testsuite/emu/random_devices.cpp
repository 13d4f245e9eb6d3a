#include "testsuite/emu/random_devices.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "testsuite/emu/random_program.hpp"
#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu::testing {
namespace {

using virtio::Transport;

constexpr std::uint64_t kImageBytes = std::uint64_t{64} * 512;
constexpr std::uint16_t kQueueSize = 16;
constexpr std::uint64_t kAvailable = 0x200, kUsed = 0x300, kHeaders = 0x400, kTable = 0x800;

std::uint64_t any(std::mt19937_64& random, std::uint64_t low, std::uint64_t high) {
    return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
}

class Image final : public DiskImage {
  public:
    std::uint64_t size() const override { return kImageBytes; }
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
        for (auto& byte : out) byte = static_cast<std::byte>(offset++ * 7);
    }
};

/// One device's queues.
class Setter {
  public:
    Setter(std::mt19937_64& random, Board& board, Memory& memory, std::size_t transport)
        : random_(random), board_(board), memory_(memory), transport_(transport) {}

    void set_up() {
        write(Transport::Status, Transport::kAcknowledge | Transport::kDriver);
        for (const std::uint32_t half : {0u, 1u}) {
            write(Transport::DriverFeaturesSel, half);
            // All that is offered, or some of it.
            const auto some = any(random_, 0, 1) == 0 ? ~std::uint32_t{0} : bits() | half;
            write(Transport::DriverFeatures, some);
        }
        write(Transport::Status, 15 & ~std::uint32_t{Transport::kDriverOk});
        for (std::uint32_t queue = 0; queue < Transport::kMostQueues; ++queue) set_up_queue(queue);
        write(Transport::Status, 15);
        for (std::uint32_t queue = 0; queue < Transport::kMostQueues; ++queue)
            if (any(random_, 0, 1) == 0) write(Transport::QueueNotify, queue);
    }

  private:
    std::uint32_t bits() { return static_cast<std::uint32_t>(random_()); }
    bool one_in(std::uint64_t n) { return any(random_, 1, n) == 1; }

    void write(std::uint64_t offset, std::uint32_t value) {
        const auto base = memory_map::kVirtio.base.value + transport_ * memory_map::kVirtioTransportSize;
        board_.write_device({base + offset}, AccessSize::word, value);
    }
    template <class T>
    void put(std::uint64_t offset, const T& value) {
        memory_.write({memory_map::kRamBase.value + offset}, std::as_bytes(std::span(&value, 1)));
    }

    /// A place for a buffer.
    std::uint64_t place() {
        using namespace random_layout;
        const auto offset = one_in(12) ? any(random_, kCode, kCodeEnd) : any(random_, kData, kDataEnd - 600);
        if (one_in(60)) return bits();  // anywhere: no RAM, most likely
        return kBase + offset;
    }

    void set_up_queue(std::uint32_t queue) {
        const auto ring = ring_of(transport_, queue);
        const auto base = static_cast<std::uint32_t>(memory_map::kRamBase.value + ring);
        write(Transport::QueueSel, queue);
        write(Transport::QueueNum, kQueueSize);
        write(Transport::QueueDescLow, base);
        write(Transport::QueueDriverLow, base + kAvailable);
        write(Transport::QueueDeviceLow, base + kUsed);
        write(Transport::QueueReady, 1);
        const bool for_input = queue == 0 && !one_in(8);
        std::uint16_t entries = 0;
        for (std::uint16_t index = 0; index + 3 <= kQueueSize; ++entries) {
            put(ring + kAvailable + 4 + std::uint64_t{2} * entries, index);
            index = put_chain(ring, index, for_input);
        }
        put(ring + kAvailable, static_cast<std::uint16_t>(one_in(4)));
        put(ring + kAvailable + 2, static_cast<std::uint16_t>(any(random_, 0, entries)));
    }

    /// The index behind its descriptors.
    std::uint16_t put_chain(std::uint64_t ring, std::uint16_t index, bool for_input) {
        std::vector<Descriptor> chain;
        if (!for_input || one_in(4)) chain.push_back(header(ring, index));
        const auto length = static_cast<std::uint32_t>(one_in(3) ? 512 : any(random_, 0, 600));
        const auto writable = static_cast<std::uint16_t>(for_input || one_in(2) ? kWrite : 0);
        chain.push_back({place(), length, writable, 0});
        if (!for_input || one_in(4)) chain.push_back({place(), one_in(2) ? 1u : 16u, kWrite, 0});
        for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
            chain[i].flags |= kNext;
            chain[i].next = static_cast<std::uint16_t>(index + i + 1);
        }
        if (one_in(30)) chain.back() = {bits(), bits(), static_cast<std::uint16_t>(bits()), 3};
        for (const auto& descriptor : chain) put(ring + 16 * std::uint64_t{index++}, descriptor);
        if (one_in(4)) {  // the last one becomes a table of one
            put(ring + kTable + 16 * std::uint64_t{index}, chain.back());
            const auto at = memory_map::kRamBase.value + ring + kTable + 16 * std::uint64_t{index};
            put(ring + 16 * (std::uint64_t{index} - 1), Descriptor{at, 16, kIndirect, 0});
        }
        return index;
    }

    /// What a drive takes as a request, and others as a beginning.
    Descriptor header(std::uint64_t ring, std::uint16_t index) {
        static constexpr std::array<std::uint32_t, 8> kTypes{0, 0, 1, 1, 4, 8, 13, 0x100};
        const auto at = ring + kHeaders + 16 * std::uint64_t{index};
        put(at, kTypes[any(random_, 0, kTypes.size() - 1)]);
        put(at + 8, any(random_, 0, kImageBytes / 512));
        return {memory_map::kRamBase.value + at, one_in(10) ? 12u : 16u, 0, 0};
    }

    std::mt19937_64& random_;
    Board& board_;
    Memory& memory_;
    std::size_t transport_;
};

}  // namespace

std::vector<virtio::DeviceOptions> random_devices(std::mt19937_64& random) {
    virtio::BlockOptions block;
    block.size = kImageBytes;
    block.id = "random";
    std::vector<virtio::DeviceOptions> devices{virtio::EntropyOptions{random()},
                                               virtio::EntropyOptions{},
                                               block,
                                               virtio::NetOptions{},
                                               virtio::ConsoleOptions{},
                                               virtio::SoundOptions{},
                                               virtio::InputOptions{}};
    for (auto& device : devices)
        if (any(random, 0, 2) == 0) device = {};
    return devices;
}

std::shared_ptr<const DiskImage> random_image() {
    return std::make_shared<const Image>();
}

void set_up_devices(std::mt19937_64& random, Board& board, Memory& memory) {
    for (std::size_t i = 0; i < board.virtio.size(); ++i)
        if (board.virtio[i].has_device()) Setter(random, board, memory, i).set_up();
}

Input random_device_input(std::mt19937_64& random, const Board& board) {
    const auto transport = any(random, 0, board.virtio.size() - 1);
    if (any(random, 0, 3) == 0) {
        const HartId hart{static_cast<std::uint32_t>(any(random, 0, board.harts.size() - 1))};
        const auto ring = memory_map::kRamBase.value + ring_of(transport, any(random, 0, 3));
        const bool adds_chains = any(random, 0, 3) != 0;
        const auto at = ring + (adds_chains ? kAvailable + 2 : any(random, 0, kTable));
        return MemoryWrite{hart, {at}, {static_cast<std::byte>(any(random, 0, 20)), std::byte{}}};
    }
    std::vector<std::byte> bytes(any(random, 0, 80));
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    return DeviceInput{virtio_channel(transport), bytes};
}

}  // namespace backspin::emu::testing
