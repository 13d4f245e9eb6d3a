#include "testsuite/embedding/recording.hpp"

#include <array>

namespace backspin::m0 {
namespace {

const snapshots::Configuration kConfiguration{{"machine", "cortex-m0"}};

}  // namespace

Recorder::Recorder(const std::filesystem::path& path, std::span<const std::byte> flash,
                   const M0Machine& machine)
    : writer_(path, snapshots::Overwrite::replace, kConfiguration,
              std::array{snapshots::ImageSource{"flash", "flash", flash}}, machine.component_names()) {}

RecordedRun read_recording(const std::filesystem::path& path) {
    const snapshots::RecordingReader reader(path);
    if (reader.configuration() != kConfiguration || reader.images().size() != 1)
        throw snapshots::RecordingError(path.string() + ": not made by this program; name one that is");
    RecordedRun run{reader.image(0), {}};
    reader.for_each_event(
        [&](const snapshots::RecordedEvent& event) { run.past.log.append({event.at, event.input}); });
    run.past.frontier = reader.last_position().step;
    return run;
}

}  // namespace backspin::m0
