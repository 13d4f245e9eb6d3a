// Virtio devices as a hostile guest and a stranger's recording use them: the kind of a device, then commands
// that write registers, rings and memory, let events happen and bring input. The queues have been set up as a
// driver would, so that the commands get far.
#include "testsuite/fuzz/virtio_commands.hpp"

#include "base/state.hpp"
#include "emu/input.hpp"
#include "testsuite/fuzz/board.hpp"
#include "testsuite/fuzz/fuzz.hpp"

namespace backspin::fuzz {
namespace {

using emu::AccessSize;
using emu::virtio::Transport;

class Guest {
  public:
    explicit Guest(const emu::Board& at_power_on) : at_power_on_(at_power_on), machine_(at_power_on) {
        bring_up();
    }

    void obey(Taker& input) {
        switch (static_cast<Command>(input.take<std::uint8_t>() % kCommands)) {
            case Command::write_register: return write_register(input);
            case Command::read_register: return read_register(input);
            case Command::put: return put(input);
            case Command::describe: return describe(input);
            case Command::offer: return offer(input);
            case Command::notify: return write(Transport::QueueNotify, input.take<std::uint8_t>() % 4);
            case Command::events: return events(input.take<std::uint8_t>());
            case Command::input: return bring(input.take_bytes(input.take<std::uint16_t>()));
            case Command::snapshot: return go_through_a_snapshot();
        }
    }

    void go_through_a_snapshot() {
        SavedState before;
        SavedState after;
        machine_.board.save(before);
        emu::Board other(at_power_on_);
        try {
            other.load(before);
        } catch (const BadState& error) {
            std::fprintf(stderr, "%s\n", error.what());
            require(false, "what a guest can reach can be loaded");
        }
        other.save(after);
        require(before.fields == after.fields && before.ends == after.ends,
                "save, load, save gives the same bytes");
    }

  private:
    static constexpr auto kBase = emu::memory_map::kVirtio.base.value;
    static constexpr auto kRam = emu::memory_map::kRamBase.value;

    void write(std::uint64_t offset, std::uint32_t value) {
        machine_.board.write_device({kBase + offset}, AccessSize::word, value);
    }
    void bring_up() {
        for (const std::uint32_t status : {0u, 1u, 3u}) write(Transport::Status, status);
        for (const std::uint32_t half : {0u, 1u}) {
            write(Transport::DriverFeaturesSel, half);
            write(Transport::DriverFeatures, ~0u);
        }
        write(Transport::Status, 11);
        for (std::uint32_t queue = 0; queue < Transport::kMostQueues; ++queue) {
            write(Transport::QueueSel, queue);
            write(Transport::QueueNum, kQueueSize);
            const auto at = static_cast<std::uint32_t>(kRam) + queue_area(queue);
            write(Transport::QueueDescLow, at);
            write(Transport::QueueDriverLow, at + kAvailable);
            write(Transport::QueueDeviceLow, at + kUsed);
            write(Transport::QueueReady, 1);
        }
        write(Transport::Status, 15);
    }

    static AccessSize size_of(std::uint8_t choice) { return static_cast<AccessSize>(1u << choice % 4); }
    void write_register(Taker& input) {
        const auto size = size_of(input.take<std::uint8_t>());
        const auto mask = static_cast<std::uint64_t>(size) - 1;
        const auto offset = input.take<std::uint16_t>() % 0x200 & ~mask;
        machine_.board.write_device({kBase + offset}, size, input.take<std::uint32_t>());
    }
    void read_register(Taker& input) {
        const auto size = size_of(input.take<std::uint8_t>());
        const auto mask = static_cast<std::uint64_t>(size) - 1;
        const auto offset = input.take<std::uint16_t>() % 0x200 & ~mask;
        machine_.board.read_device({kBase + offset}, size);
    }
    void put(Taker& input) {
        const auto at = input.take<std::uint16_t>();
        const auto bytes = input.take_bytes(input.take<std::uint8_t>());
        machine_.memory.write({kRam + at}, bytes);
    }
    void put_word(std::uint32_t at, std::uint16_t value) {
        machine_.memory.write({kRam + at}, std::as_bytes(std::span(&value, 1)));
    }
    void describe(Taker& input) {
        const auto queue = input.take<std::uint8_t>() % Transport::kMostQueues;
        const auto index = input.take<std::uint8_t>() % kQueueSize;
        struct {
            std::uint64_t at;
            std::uint32_t length;
            std::uint16_t flags, next;
        } const descriptor{kRam + input.take<std::uint16_t>(), input.take<std::uint16_t>(),
                           input.take<std::uint8_t>(), input.take<std::uint8_t>()};
        const auto at = queue_area(static_cast<std::uint32_t>(queue)) + 16 * index;
        machine_.memory.write({kRam + at}, std::as_bytes(std::span(&descriptor, 1)));
    }
    void offer(Taker& input) {
        const auto queue = static_cast<std::uint32_t>(input.take<std::uint8_t>() % Transport::kMostQueues);
        auto& next = offered_[queue];
        put_word(queue_area(queue) + kAvailable + 4 + 2 * (next % kQueueSize), input.take<std::uint8_t>());
        put_word(queue_area(queue) + kAvailable + 2, ++next);
    }
    void events(std::uint8_t most) {
        auto& board = machine_.board;
        for (int i = 0; i < most; ++i) {
            const auto deadline = board.virtio[0].next_event();
            if (!deadline) return;
            if (*deadline > board.time() && !board.jump_to_deadline()) return;
            emu::Dma dma(machine_.memory);
            if (!board.handle_due_event(dma)) return;
            board.steps += StepCount{1};
        }
    }
    void bring(std::span<const std::byte> bytes) {
        emu::Dma dma(machine_.memory);
        const auto channel = emu::virtio_channel(0);
        const auto room = machine_.board.room_for_input(channel, dma);
        require(room <= (std::size_t{1} << 20), "no device wants more than an input may hold");
        emu::apply_input(machine_.board, machine_.memory, DeviceInput{channel, {bytes.begin(), bytes.end()}});
    }

    const emu::Board& at_power_on_;
    SmallMachine machine_;
    std::array<std::uint16_t, Transport::kMostQueues> offered_{};
};

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin::fuzz;
    static const auto boards = [] {
        std::vector<backspin::emu::Board> one_of_each;
        for (const auto& device : every_device())
            one_of_each.emplace_back(SmallMachine::options_for({device}));
        return one_of_each;
    }();
    Taker input(bytes_of(data, size));
    Guest guest(boards[input.take<std::uint8_t>() % boards.size()]);
    constexpr int kMostCommands = 500;
    for (int i = 0; i < kMostCommands && !input.empty(); ++i) guest.obey(input);
    guest.go_through_a_snapshot();
    return 0;
}
