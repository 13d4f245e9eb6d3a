// The state archives of every component: the index of one, then the bytes that a snapshot says are its state.
// What a board accepts it must save again, list, and go on from.
#include "base/state.hpp"
#include "emu/input.hpp"
#include "emu/reference.hpp"
#include "testsuite/fuzz/board.hpp"
#include "testsuite/fuzz/fuzz.hpp"

namespace backspin::fuzz {
namespace {

constexpr int kSteps = 16;

SavedState with_component(const SavedState& whole, std::size_t component, std::span<const std::byte> bytes) {
    SavedState changed;
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < whole.ends.size(); ++i) {
        const auto own = std::span(whole.fields).subspan(begin, whole.ends[i] - begin);
        const auto part = i == component ? bytes : own;
        changed.fields.insert(changed.fields.end(), part.begin(), part.end());
        changed.ends.push_back(static_cast<std::uint32_t>(changed.fields.size()));
        begin = whole.ends[i];
    }
    return changed;
}

void go_on(SmallMachine& machine) {
    const std::array<std::byte, 300> bytes{};
    for (int i = 0; i < kSteps; ++i) {
        if (!emu::reference::step(machine.board, machine.memory)) break;
        for (std::size_t device = 0; device < machine.board.options.virtio.size(); ++device) {
            emu::Dma dma(machine.memory);
            const auto channel = emu::virtio_channel(device);
            if (machine.board.room_for_input(channel, dma) > 0) machine.board.input(channel, bytes, dma);
        }
    }
}

void try_state(std::size_t component, std::span<const std::byte> bytes) {
    static const SavedState whole = [] {
        SavedState state;
        SmallMachine(every_device()).board.save(state);
        return state;
    }();
    static const emu::Board at_power_on(SmallMachine::options_for(every_device()));
    SmallMachine machine(at_power_on);
    const auto state = with_component(whole, component % whole.ends.size(), bytes);
    try {
        machine.board.load(state);
    } catch (const BadState&) {
        return;
    }
    SavedState again;
    machine.board.save(again);
    require(again.fields == state.fields && again.ends == state.ends,
            "save, load, save gives the same bytes");
    for (std::size_t i = 0; i < state.ends.size(); ++i) machine.board.describe(i);
    go_on(machine);
}

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    backspin::fuzz::Taker input(backspin::fuzz::bytes_of(data, size));
    const auto component = input.take<std::uint8_t>();
    backspin::fuzz::try_state(component, input.rest());
    return 0;
}
