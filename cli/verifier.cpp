#include "cli/verifier.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace backspin::cli {

std::string describe(const Divergence& divergence) {
    auto text = fmt::format("epoch {} (steps {} to {}): {} differs", divergence.epoch,
                            divergence.last_equal.step.value, divergence.at.step.value, divergence.component);
    if (divergence.others != 0) text += fmt::format(", and {} more", divergence.others);
    return text;
}

Verifier::Verifier(const snapshots::RecordingReader& reader,
                   std::span<const std::string_view> component_names, StepCount epoch_steps)
    : digests_(component_names), epoch_steps_(epoch_steps) {
    reader.for_each_digest([&](const snapshots::RecordedDigest& digest) {
        if (digest.at.branch != Branch{}) return;
        expected_.push_back({digest.at.step, digest.value, index_of(digest.component)});
    });
    std::ranges::stable_sort(expected_, {}, &Expected::at);
}

std::uint16_t Verifier::index_of(const std::string& component) {
    const auto found = std::ranges::find(names_, component);
    const auto index = found - names_.begin();
    // A machine has a handful of components; more names than this are no recording of ours, and share the
    // last index.
    constexpr std::ptrdiff_t kMost = 1024;
    if (found == names_.end() && index < kMost) names_.push_back(component);
    return static_cast<std::uint16_t>(std::min(index, kMost - 1));
}

void Verifier::compare(Position at, const SavedState& state) {
    if (divergence_ || at.branch != Branch{}) return;
    for (; next_ < expected_.size() && expected_[next_].at < at.step; ++next_) ++missed_;
    if (next_ == expected_.size() || expected_[next_].at != at.step) return;
    compare_at(at, digests_.of(state));
}

void Verifier::compare_at(Position at, std::span<const ComponentDigest> digests) {
    std::vector<std::string> different;
    for (; next_ < expected_.size() && expected_[next_].at == at.step; ++next_) {
        const auto& name = names_[expected_[next_].component];
        const auto found = std::ranges::find(digests, name, &ComponentDigest::component);
        if (found == digests.end() || found->value != expected_[next_].value) different.push_back(name);
        ++compared_;
    }
    if (different.empty()) {
        last_equal_ = at;
        return;
    }
    divergence_ = Divergence{at, last_equal_, last_equal_.step.value / epoch_steps_.value, different.front(),
                             different.size() - 1};
}

}  // namespace backspin::cli
