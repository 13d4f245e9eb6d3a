// A recording of a small machine that no program ran on.
#pragma once

#include <array>
#include <filesystem>

#include "snapshots/recording.hpp"
#include "testsuite/fuzz/board.hpp"

namespace backspin::fuzz {

inline std::vector<emu::virtio::DeviceOptions> small_recording_devices() {
    return {emu::virtio::SoundOptions{}};
}

/// Something of everything.
inline void write_small_recording(const std::filesystem::path& path) {
    using namespace snapshots;
    SmallMachine machine(small_recording_devices());
    const auto saved = [&] {
        SavedState state{machine.board.steps, {}, {}, machine.memory.pages().share()};
        machine.board.save(state);
        return state;
    };
    const std::array<std::byte, 16> bytes{};
    const ImageSource image{"fw.elf", "program", bytes};
    const auto names = machine.board.component_names();
    RecordingWriter writer(path, Overwrite::replace, {{"machine.harts", "1"}}, std::span(&image, 1), names);
    const auto at = [&] { return Position{Branch{0}, machine.board.steps}; };
    const auto move = [&] { machine.board.steps += StepCount{4}; };
    writer.add_epoch(at(), saved());
    writer.add_snapshot(at(), saved());
    writer.add(RecordedEvent{at(), DeviceInput{Channel{0}, {bytes.begin(), bytes.end()}}});
    move();
    writer.add(RecordedEvent{at(), IdleWarp{VirtualTime{77}}});
    move();
    writer.add_output(at(), VirtualTime{44}, Channel{0}, bytes);
    writer.add_disk_block(0, 3, {bytes.begin(), bytes.end()}, true);
    machine.memory.write(emu::memory_map::kRamBase, bytes);
    writer.add_snapshot(at(), saved(), "name");
    writer.add_bookmark({"mark", at()});
    writer.add_accesses({{Branch{0}, StepCount{0}}, machine.board.steps, {bytes.begin(), bytes.end()}});
    move();
    writer.finish({at(), VirtualTime{277}, "powered off", 0});
}

}  // namespace backspin::fuzz
