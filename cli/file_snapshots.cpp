#include "cli/file_snapshots.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "snapshots/patch_chain.hpp"

namespace backspin::cli {
namespace {

/// They share most of their pages.
constexpr std::size_t kMostWhole = 16;

}  // namespace

FileSnapshots::FileSnapshots(const RecordedRun& run, emu::RiscvMachine& machine, HistoryShape shape,
                             HeldStates used)
    : run_(run), store_(machine.page_store()), begin_(machine.save()) {
    const auto& all = run.reader().snapshots();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (const auto at = run.place_of(all[i].at, shape)) held_.try_emplace(*at, Held{i, std::nullopt});
    }
    if (used == HeldStates::all) add_patches(shape);
}

/// Those that can be come to.
void FileSnapshots::add_patches(HistoryShape shape) {
    const auto& all = run_.reader().patches();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto at = run_.place_of(all[i].at, shape);
        if (!at) continue;
        const Position base{at->branch, all[i].base};
        const bool is_known = base == Position{{}, begin_.at} || held_.contains(base);
        if (is_known) held_.try_emplace(*at, Held{i, all[i].base});
    }
}

std::optional<StepCount> FileSnapshots::latest_at_or_before(Position at) const {
    const auto after = held_.upper_bound(at);
    if (after == held_.begin() || std::prev(after)->first.branch != at.branch) return std::nullopt;
    return std::prev(after)->first.step;
}

bool FileSnapshots::is_patch(Position at) const {
    const auto found = held_.find(at);
    return found != held_.end() && found->second.base;
}

std::optional<StepCount> FileSnapshots::patch_after(Position at) const {
    for (auto next = held_.upper_bound(at); next != held_.end() && next->first.branch == at.branch; ++next) {
        if (next->second.base) return next->first.step;
    }
    return std::nullopt;
}

bool FileSnapshots::is_whole(Position at) const {
    if (at == Position{{}, begin_.at}) return true;
    const auto found = held_.find(at);
    return found != held_.end() && !found->second.base;
}

const SavedState& FileSnapshots::whole(Position at) {
    if (at == Position{{}, begin_.at}) return begin_;
    const auto known = whole_.find(at);
    if (known != whole_.end()) return known->second;
    // Users stay where they are for a while: what is farthest from there goes.
    if (whole_.size() == kMostWhole)
        whole_.erase(at < whole_.begin()->first ? std::prev(whole_.end()) : whole_.begin());
    return whole_.emplace(at, run_.load_state(held_.at(at).number, store_)).first->second;
}

std::vector<SavedState> FileSnapshots::load(Position at) {
    if (is_whole(at)) return {whole(at)};
    std::vector<std::pair<Position, std::size_t>> chain;
    auto base = at;
    do {
        const auto& held = held_.at(base);
        chain.emplace_back(base, held.number);
        base.step = *held.base;
    } while (!is_whole(base) && !(last_ && last_at_ == base));
    std::ranges::reverse(chain);
    const auto& from = is_whole(base) ? whole(base) : *last_;
    const auto link = [&](std::size_t i) {
        return snapshots::ChainLink{chain[i].first, run_.load_patch(chain[i].second)};
    };
    std::vector<SavedState> states;
    try {
        for (auto& [position, state] : snapshots::follow_chain(from.pages, chain.size(), link)) {
            state.trusted = false;
            states.push_back(std::move(state));
        }
    } catch (const snapshots::BadPatch& error) {
        throw snapshots::RecordingError(fmt::format("{}: holds a damaged state before step {}: {}",
                                                    run_.reader().path().string(), at.step.value,
                                                    error.what()));
    }
    last_ = states.back();
    last_at_ = at;
    return states;
}

}  // namespace backspin::cli
