// A driver's view of one virtio device, for tests: a board with the device and nobody who runs on it. The
// test writes the registers and rings as a driver would, lets the device's events happen, and looks at what
// came back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emu/board.hpp"
#include "emu/input.hpp"

namespace backspin::emu::testing {

/// What the device gave out, call by call: packets, or pieces of a stream.
class OutputLog final : public OutputSink {
  public:
    struct Item {
        Channel channel;
        std::vector<std::byte> bytes;
    };
    void output(Channel channel, std::span<const std::byte> bytes) override {
        items.push_back({channel, {bytes.begin(), bytes.end()}});
    }
    std::vector<std::byte> stream() const {
        std::vector<std::byte> all;
        for (const auto& item : items) all.insert(all.end(), item.bytes.begin(), item.bytes.end());
        return all;
    }
    std::vector<Item> items;
};

inline std::vector<std::byte> bytes_of(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

/// One descriptor's range.
struct DriverBuffer {
    std::uint64_t at = 0;
    std::uint32_t length = 0;
    bool writable = false;  ///< by the device
};

/// An entry of the used ring.
struct UsedEntry {
    std::uint32_t head = 0;
    std::uint32_t written = 0;
    bool operator==(const UsedEntry&) const = default;
};

enum DescriptorFlag : std::uint16_t { kNext = 1, kWrite = 2, kIndirect = 4 };

struct Descriptor {
    std::uint64_t at = 0;
    std::uint32_t length = 0;
    std::uint16_t flags = 0;
    std::uint16_t next = 0;
};
static_assert(sizeof(Descriptor) == 16);

class VirtioDriver {
  public:
    using Transport = virtio::Transport;

    static constexpr std::uint64_t kRam = memory_map::kRamBase.value;
    static constexpr std::uint64_t kRamBytes = 8 << 20;
    static constexpr std::uint64_t kRamEnd = kRam + kRamBytes;
    static constexpr std::uint64_t kHeap = kRam + 0x1'0000;  ///< what allocate() gives out

    explicit VirtioDriver(virtio::DeviceOptions options,
                          std::vector<std::shared_ptr<const DiskImage>> images = {},
                          std::size_t transport = 0)
        : options_(board_options(std::move(options), transport)),
          images_(std::move(images)),
          transport_(transport),
          board_(std::make_unique<Board>(options_)),
          memory_(std::make_unique<Memory>(store_, kRamBytes, images_)) {
        memory_->keep_as_power_on();
        power_on_ = memory_->pages().share();
        board_->output = &output_;
    }

    // ---- registers ------------------------------------------------------------------------------
    std::uint32_t read(std::uint64_t offset) { return read_as<std::uint32_t>(offset); }
    void write(std::uint64_t offset, std::uint32_t value) {
        EXPECT_TRUE(board_->write_device(address(offset), AccessSize::word, value));
    }
    template <std::unsigned_integral T>
    T read_as(std::uint64_t offset) {
        const auto value = board_->read_device(address(offset), static_cast<AccessSize>(sizeof(T)));
        EXPECT_TRUE(value.has_value());
        return static_cast<T>(value.value_or(0));
    }
    /// A field of the configuration space.
    template <std::unsigned_integral T>
    T configuration(std::uint64_t offset) {
        return read_as<T>(Transport::Config + offset);
    }
    std::uint64_t offered_features() {
        std::uint64_t features = 0;
        for (const std::uint32_t half : {0u, 1u}) {
            write(Transport::DeviceFeaturesSel, half);
            features |= std::uint64_t{read(Transport::DeviceFeatures)} << (32 * half);
        }
        return features;
    }
    /// The interrupt's line at the PLIC.
    bool line() const { return device().interrupt_pending(); }
    /// Acknowledges what is pending; tells what was.
    std::uint32_t acknowledge() {
        const auto pending = read(Transport::InterruptStatus);
        write(Transport::InterruptACK, pending);
        return pending;
    }

    // ---- bringing it up (3.1.1) -----------------------------------------------------------------
    /// From reset to DRIVER_OK. Every queue has `queue_size` entries and areas of its own. Features that are
    /// not offered are not asked for.
    void start(std::uint64_t features = ~std::uint64_t{0}, std::uint16_t queue_size = 64) {
        negotiate(features);
        for (std::uint32_t number = 0; queue_exists(number); ++number) set_up_queue(number, queue_size);
        write(Transport::Status, read(Transport::Status) | Transport::kDriverOk);
    }
    /// From reset to FEATURES_OK.
    void negotiate(std::uint64_t features = ~std::uint64_t{0}) {
        write(Transport::Status, 0);
        queues_.clear();
        write(Transport::Status, Transport::kAcknowledge);
        write(Transport::Status, Transport::kAcknowledge | Transport::kDriver);
        features_ = features & offered_features();
        for (const std::uint32_t half : {0u, 1u}) {
            write(Transport::DriverFeaturesSel, half);
            write(Transport::DriverFeatures, static_cast<std::uint32_t>(features_ >> (32 * half)));
        }
        write(Transport::Status, Transport::kAcknowledge | Transport::kDriver | Transport::kFeaturesOk);
    }
    bool queue_exists(std::uint32_t number) {
        write(Transport::QueueSel, number);
        return read(Transport::QueueNumMax) != 0;
    }
    void set_up_queue(std::uint32_t number, std::uint16_t size) {
        const auto descriptors = allocate(std::uint64_t{16} * size, 16);
        const auto available = allocate(6 + std::uint64_t{2} * size, 2);
        const auto used = allocate(6 + std::uint64_t{8} * size, 4);
        place_queue(number, size, descriptors, available, used);
    }
    void place_queue(std::uint32_t number, std::uint16_t size, std::uint64_t descriptors,
                     std::uint64_t available, std::uint64_t used) {
        write(Transport::QueueSel, number);
        write(Transport::QueueNum, size);
        const auto write_address = [&](std::uint64_t low, std::uint64_t at) {
            write(low, static_cast<std::uint32_t>(at));
            write(low + 4, static_cast<std::uint32_t>(at >> 32));
        };
        write_address(Transport::QueueDescLow, descriptors);
        write_address(Transport::QueueDriverLow, available);
        write_address(Transport::QueueDeviceLow, used);
        write(Transport::QueueReady, 1);
        if (queues_.size() <= number) queues_.resize(number + 1);
        queues_[number] = {size, descriptors, available, used, 0, 0, 0};
    }

    // ---- guest memory ---------------------------------------------------------------------------
    /// Never given back; holds zeros.
    std::uint64_t allocate(std::uint64_t bytes, std::uint64_t alignment = 8) {
        next_free_ = (next_free_ + alignment - 1) / alignment * alignment;
        const auto at = next_free_;
        next_free_ += bytes;
        EXPECT_LE(next_free_, kRamEnd) << "the driver's memory is used up";
        return at;
    }
    void put(std::uint64_t at, std::span<const std::byte> bytes) {
        EXPECT_TRUE(memory_->write(PhysicalAddress{at}, bytes));
    }
    template <class T>
        requires std::is_trivially_copyable_v<T> && (!std::convertible_to<T, std::span<const std::byte>>)
    void put(std::uint64_t at, const T& value) {
        put(at, std::as_bytes(std::span(&value, 1)));
    }
    std::vector<std::byte> get(std::uint64_t at, std::size_t length) const {
        std::vector<std::byte> bytes(length);
        EXPECT_TRUE(memory_->read(PhysicalAddress{at}, bytes));
        return bytes;
    }
    template <class T>
    T get(std::uint64_t at) const {
        T value{};
        EXPECT_TRUE(memory_->read(PhysicalAddress{at}, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }
    /// A buffer with these bytes, for the device to read.
    DriverBuffer readable(std::span<const std::byte> bytes) {
        const auto at = allocate(bytes.size());
        put(at, bytes);
        return {at, static_cast<std::uint32_t>(bytes.size()), false};
    }
    /// A buffer for the device to write.
    DriverBuffer writable(std::uint32_t length) { return {allocate(length), length, true}; }

    // ---- rings ----------------------------------------------------------------------------------
    /// Makes a chain available and returns its head. Descriptors are used in order, round and round: there
    /// are as many in flight as the test knows to fit.
    std::uint16_t add(std::size_t queue, std::span<const DriverBuffer> buffers) {
        auto& ring = queues_.at(queue);
        const auto head = ring.next_descriptor;
        for (std::size_t i = 0; i < buffers.size(); ++i) {
            const auto last = i + 1 == buffers.size();
            const auto here = ring.next_descriptor;
            ring.next_descriptor = static_cast<std::uint16_t>((here + 1) % ring.size);
            put_descriptor(queue, here, descriptor(buffers[i], last, ring.next_descriptor));
        }
        make_available(queue, head);
        return head;
    }
    std::uint16_t add(std::size_t queue, std::initializer_list<DriverBuffer> buffers) {
        return add(queue, std::span(buffers.begin(), buffers.size()));
    }
    /// The same by an indirect table.
    std::uint16_t add_indirect(std::size_t queue, std::span<const DriverBuffer> buffers) {
        const auto bytes = static_cast<std::uint32_t>(sizeof(Descriptor) * buffers.size());
        const auto table = allocate(bytes, 16);
        for (std::size_t i = 0; i < buffers.size(); ++i) {
            const auto last = i + 1 == buffers.size();
            put(table + sizeof(Descriptor) * i,
                descriptor(buffers[i], last, static_cast<std::uint16_t>(i + 1)));
        }
        auto& ring = queues_.at(queue);
        const auto head = ring.next_descriptor;
        ring.next_descriptor = static_cast<std::uint16_t>((head + 1) % ring.size);
        put_descriptor(queue, head, {table, bytes, kIndirect, 0});
        make_available(queue, head);
        return head;
    }
    std::uint16_t add_indirect(std::size_t queue, std::initializer_list<DriverBuffer> buffers) {
        return add_indirect(queue, std::span(buffers.begin(), buffers.size()));
    }
    /// The parts, for those who want to write them wrongly.
    void put_descriptor(std::size_t queue, std::uint16_t index, const Descriptor& descriptor) {
        put(queues_.at(queue).descriptors + sizeof(Descriptor) * index, descriptor);
    }
    void make_available(std::size_t queue, std::uint16_t head) {
        auto& ring = queues_.at(queue);
        put(ring.available + 4 + std::uint64_t{2} * (ring.next_available % ring.size), head);
        ++ring.next_available;
        put(ring.available + 2, ring.next_available);
    }
    void notify(std::uint32_t queue) { write(Transport::QueueNotify, queue); }

    /// What the device has given back since this was last asked.
    std::vector<UsedEntry> used(std::size_t queue) {
        auto& ring = queues_.at(queue);
        std::vector<UsedEntry> entries;
        for (; ring.next_used != get<std::uint16_t>(ring.used + 2); ++ring.next_used)
            entries.push_back(
                get<UsedEntry>(ring.used + 4 + std::uint64_t{8} * (ring.next_used % ring.size)));
        return entries;
    }
    struct Ring {
        std::uint16_t size = 0;
        std::uint64_t descriptors = 0, available = 0, used = 0;
        std::uint16_t next_descriptor = 0, next_available = 0, next_used = 0;
    };
    Ring& ring(std::size_t queue) { return queues_.at(queue); }

    // ---- steps ----------------------------------------------------------------------------------
    /// Jumps to the next deadline if nothing is due, and lets one event happen. False if there is none.
    bool event() {
        if (!device().next_event()) return false;
        if (*device().next_event() > board_->time() && !board_->jump_to_deadline()) return false;
        Dma dma(*memory_);
        const bool happened = board_->handle_due_event(dma);
        if (happened) board_->steps += StepCount{1};
        return happened;
    }
    /// Until no event is left, or so many have happened. How many.
    std::size_t run_events(std::size_t most = 1000) {
        std::size_t count = 0;
        while (count < most && event()) ++count;
        return count;
    }
    void input(std::span<const std::byte> bytes) {
        apply_input(*board_, *memory_, DeviceInput{channel(), {bytes.begin(), bytes.end()}});
        board_->steps += StepCount{1};
    }
    std::size_t room() const {
        Dma dma(*memory_);
        return board_->room_for_input(channel(), dma);
    }
    Channel channel() const { return virtio_channel(transport_); }

    /// Saves, loads into a machine that knew nothing, saves again: equal bytes. The test goes on with that
    /// other machine, so what is not saved shows. Callable anywhere, also in the middle of an operation.
    void through_a_snapshot() {
        SavedState before, after;
        board_->save(before);
        before.trusted = false;
        auto other = std::make_unique<Board>(options_);
        other->load(before);
        other->save(after);
        EXPECT_TRUE(before.fields == after.fields && before.ends == after.ends);
        auto memory = std::make_unique<Memory>(store_, kRamBytes, images_);
        memory->set_power_on(power_on_);
        memory->pages().restore(memory_->pages().share());
        other->output = &output_;
        board_ = std::move(other);
        memory_ = std::move(memory);
    }
    /// The machine is switched off and on: memory and device as at power-on, drives as they are.
    void reboot() {
        board_->reset();
        memory_->reset();
        queues_.clear();
    }

    OutputLog& output() { return output_; }
    Board& board() { return *board_; }
    Memory& memory() { return *memory_; }
    const Transport& device() const { return board_->virtio[transport_]; }
    VirtualTime now() const { return board_->time(); }
    bool needs_reset() { return (read(Transport::Status) & Transport::kNeedsReset) != 0; }
    std::uint64_t features() const { return features_; }  ///< as negotiated

    /// A field of the device's saved state by its name, as reports show it; for what cannot be seen
    /// otherwise.
    std::string field(std::string_view name) const {
        for (std::size_t i = 0; i < board_->component_names().size(); ++i) {
            if (!board_->component_names()[i].starts_with("virtio")) continue;
            for (const auto& field : board_->describe(i)) {
                if (field.name == name) return field.value;
            }
        }
        ADD_FAILURE() << "no field " << name;
        return {};
    }

  private:
    static BoardOptions board_options(virtio::DeviceOptions device, std::size_t transport) {
        BoardOptions options;
        options.virtio.resize(transport);
        options.virtio.push_back(std::move(device));
        return options;
    }
    static Descriptor descriptor(const DriverBuffer& buffer, bool last, std::uint16_t next) {
        const auto flags = (buffer.writable ? kWrite : 0) | (last ? 0 : kNext);
        return {buffer.at, buffer.length, static_cast<std::uint16_t>(flags), last ? std::uint16_t{0} : next};
    }
    PhysicalAddress address(std::uint64_t offset) const {
        return {memory_map::kVirtio.base.value + transport_ * memory_map::kVirtioTransportSize + offset};
    }

    BoardOptions options_;
    std::vector<std::shared_ptr<const DiskImage>> images_;
    std::size_t transport_;
    std::shared_ptr<PageStore> store_ = PageStore::create();
    std::unique_ptr<Board> board_;
    std::unique_ptr<Memory> memory_;
    PageRoot power_on_;
    OutputLog output_;
    std::vector<Ring> queues_;
    std::uint64_t features_ = 0;
    std::uint64_t next_free_ = kHeap;
};

}  // namespace backspin::emu::testing
