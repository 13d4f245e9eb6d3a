#include "cli/file_snapshots.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "snapshots/patch_chain.hpp"

namespace backspin::cli {
namespace {

/// They share most of their pages.
constexpr std::size_t kMostWhole = 16;

template <class Positions, class Projection>
std::optional<StepCount> latest(const Positions& all, StepCount step, Projection at) {
    const auto after = std::ranges::upper_bound(all, step, {}, at);
    return after == all.begin() ? std::nullopt : std::optional(std::invoke(at, *std::prev(after)));
}

}  // namespace

std::optional<StepCount> FileSnapshots::latest_at_or_before(StepCount step) const {
    const auto whole = latest(run_.snapshots(), step, std::identity{});
    if (used_ == HeldStates::whole) return whole;
    const auto patched = latest(run_.patches(), step, &RecordedRun::PatchedState::at);
    return std::max(whole, patched);
}

const SavedState& FileSnapshots::whole(StepCount at) {
    if (at == begin_.at) return begin_;
    const auto known = whole_.find(at);
    if (known != whole_.end()) return known->second;
    if (whole_.size() == kMostWhole) {
        // Users stay where they are for a while: what is farthest from there goes.
        const auto first = whole_.begin();
        const auto last = std::prev(whole_.end());
        const bool is_first_farther =
            at > first->first && at - first->first > last->first - std::min(at, last->first);
        whole_.erase(is_first_farther ? first : last);
    }
    return whole_.emplace(at, run_.load_snapshot(at, store_)).first->second;
}

std::vector<SavedState> FileSnapshots::load(StepCount at) {
    if (at == begin_.at || std::ranges::binary_search(run_.snapshots(), at)) return {whole(at)};
    std::vector<RecordedRun::PatchedState> chain;
    for (auto here = at;;) {
        chain.push_back(run_.patch_at(here));
        here = chain.back().base;
        const bool is_known = last_ && last_->at == here;
        if (is_known || here == begin_.at || std::ranges::binary_search(run_.snapshots(), here)) break;
    }
    std::ranges::reverse(chain);
    const auto base = chain.front().base;
    const auto& from = last_ && last_->at == base ? *last_ : whole(base);
    const auto link = [&](std::size_t i) {
        return snapshots::ChainLink{{Branch{}, chain[i].at}, run_.load_patch(chain[i])};
    };
    std::vector<SavedState> states;
    try {
        for (auto& [position, state] : snapshots::follow_chain(from.pages, chain.size(), link)) {
            state.trusted = false;
            states.push_back(std::move(state));
        }
    } catch (const snapshots::BadPatch& error) {
        throw snapshots::RecordingError(fmt::format("{}: holds a damaged state before step {}: {}",
                                                    run_.reader().path().string(), at.value, error.what()));
    }
    last_ = states.back();
    return states;
}

}  // namespace backspin::cli
