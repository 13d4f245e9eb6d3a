#include "cli/recorded_digests.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/recorded_run.hpp"

namespace backspin::cli {

std::string describe(const Divergence& divergence) {
    auto text = fmt::format("epoch {} (steps {} to {}): ", divergence.epoch, divergence.last_equal.value,
                            divergence.at.value);
    if (divergence.kind == Divergence::Kind::snapshot) text += "the file's snapshot is another state: ";
    if (divergence.components.empty()) return text + divergence.why;
    text += divergence.components.front() + " differs";
    if (divergence.components.size() > 1)
        text += fmt::format(", and {} more", divergence.components.size() - 1);
    return text;
}

RecordedDigests::RecordedDigests(const snapshots::RecordingReader& reader, Branch branch) {
    const auto line = line_of(reader, branch);
    reader.for_each_digest([&](const snapshots::RecordedDigest& digest) {
        // At a fork both may have some; they are of one state.
        if (!line.has(digest.at) || line.position(digest.at.step) != digest.at) return;
        all_[digest.at.step].push_back({index_of(digest.component), digest.value});
    });
}

std::uint16_t RecordedDigests::index_of(const std::string& component) {
    const auto found = std::ranges::find(names_, component);
    const auto index = found - names_.begin();
    // A machine has a handful of components; more names than this are no recording of ours, and share the
    // last index.
    constexpr std::ptrdiff_t kMost = 1024;
    if (found == names_.end() && index < kMost) names_.push_back(component);
    return static_cast<std::uint16_t>(std::min(index, kMost - 1));
}

std::vector<std::string> RecordedDigests::different(const AtPosition& recorded,
                                                    std::span<const ComponentDigest> replayed) const {
    std::vector<std::string> names;
    for (const auto& digest : recorded) {
        const auto found = std::ranges::find(replayed, name_of(digest), &ComponentDigest::component);
        if (found == replayed.end() || found->value != digest.value) names.push_back(name_of(digest));
    }
    return names;
}

std::uint64_t epoch_that_ends(StepCount at, StepCount epoch_steps) {
    return at.value == 0 || epoch_steps.value == 0 ? 0 : (at.value - 1) / epoch_steps.value;
}

}  // namespace backspin::cli
