#include "snapshots/patch_maker.hpp"

#include <algorithm>
#include <utility>

#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_schema.hpp"

namespace backspin::snapshots {
namespace {

// Patches are read more often than images, and hardly shrink more at higher levels.
constexpr int kPatchLevel = 1;

}  // namespace

void PatchMaker::begin_at(Position at, const PageRoot& memory) {
    base_ = Base{at, memory};
}

std::optional<PatchMaker::Made> PatchMaker::next(Position at, const SavedState& state, bool in_a_hurry) {
    credit_ = std::min(credit_ + kBytesPerEpoch, kMostSaved);
    if (!base_ || base_->at.branch != at.branch || base_->at.step >= at.step) return std::nullopt;
    if (credit_ < 0 || in_a_hurry) return std::nullopt;
    const auto patch = patch_between(base_->memory, state);
    auto packed = compressed(patch, kPatchLevel);
    credit_ -= static_cast<std::int64_t>(packed.size());
    if (patch.size() > kLongestPatch || packed.size() > kLongestPatch) return std::nullopt;
    const auto base = std::exchange(base_, Base{at, state.pages});
    return Made{at, base->at.step, patch.size(), std::move(packed)};
}

}  // namespace backspin::snapshots
