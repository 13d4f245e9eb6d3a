#include "snapshots/snapshot_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "snapshots/thinning.hpp"

namespace backspin::snapshots {
namespace {

// Up to this share of the budget nothing is spilled: most sessions never come there.
constexpr std::size_t kSpillFrom = 2;
// So that what was not spilled until then is caught up with long before the budget is reached.
constexpr int kSpilledAtOnce = 4;

}  // namespace

/// What the snapshot shares its pages with: the one before it, for a branch's first one that of the parent at
/// the fork, and for the very first one an empty memory.
PageRoot SnapshotSet::before(Entries::const_iterator entry) const {
    const auto branch = entry->first.branch;
    if (entry != entries_.begin() && std::prev(entry)->first.branch == branch)
        return std::prev(entry)->second.snapshot.state.pages;
    const auto fork = forks_.find(branch);
    const auto* parent = fork != forks_.end() ? nearest_at_or_before(fork->second) : nullptr;
    return parent != nullptr ? parent->state.pages : PageRoot{};
}

std::size_t SnapshotSet::cost(Entries::const_iterator entry) const {
    std::size_t bytes = sizeof(Entry) + entry->second.snapshot.state.fields.size() +
                        entry->second.snapshot.state.ends.size() * sizeof(std::uint32_t);
    if (budget_.snapshots <= 1) return bytes;
    std::uint64_t nodes = 0;  // one more than the last one's number
    PageRoot::for_each_difference(before(entry), entry->second.snapshot.state.pages,
                                  [&](PageIndex index, const Page*, const Page* page) {
                                      if (page != nullptr) bytes += kPageSize;
                                      if (index.value / kPagesPerNode < nodes) return;
                                      nodes = index.value / kPagesPerNode + 1;
                                      bytes += sizeof(PageNode);
                                  });
    return bytes;
}

void SnapshotSet::recount(Entries::iterator entry) {
    if (entry == entries_.end()) return;
    bytes_ -= entry->second.bytes;
    entry->second.bytes = cost(entry);
    bytes_ += entry->second.bytes;
}

/// Their first snapshots were compared with one that is gone.
void SnapshotSet::recount_branches_at(Position gone, Position until) {
    for (const auto& [branch, fork] : forks_) {
        if (fork < gone || fork >= until) continue;
        const auto first = entries_.lower_bound({branch, {}});
        if (first != entries_.end() && first->first.branch == branch) recount(first);
    }
}

void SnapshotSet::insert(Snapshot snapshot, Pin pin) {
    const auto at = snapshot.at;
    const auto [entry, added] = entries_.try_emplace(at, Entry{std::move(snapshot), false, 0});
    if (pin == Pin::yes) entry->second.pinned = true;
    if (!added) return;
    recount(entry);
    recount(std::next(entry));
    if (spill_ != nullptr && !spill_->holds(at)) unspilled_.insert(at);
    spill_some();
    if (entries_.size() > budget_.snapshots || bytes_ > budget_.bytes) thin(at);
}

// In ascending order, so that each is a small patch to the one before. Whatever the spill has no time for is
// dropped unspilled when its turn comes.
void SnapshotSet::spill_some() {
    if (entries_.size() <= budget_.snapshots / kSpillFrom && bytes_ <= budget_.bytes / kSpillFrom) return;
    for (int n = 0; n < kSpilledAtOnce && !unspilled_.empty() && spill_->has_room(); ++n) {
        const auto at = *unspilled_.begin();
        unspilled_.erase(unspilled_.begin());
        spill_->add(at, entries_.at(at).snapshot.state);
    }
}

const Snapshot* SnapshotSet::nearest_at_or_before(Position at) const {
    auto entry = entries_.upper_bound(at);
    if (entry == entries_.begin()) return nullptr;
    --entry;
    return entry->first.branch == at.branch ? &entry->second.snapshot : nullptr;
}

void SnapshotSet::fetch_nearest(Position at, StepCount good_enough) {
    if (spill_ == nullptr) return;
    const auto next = entries_.upper_bound(at);
    const auto* nearest = nearest_at_or_before(at);
    if (nearest == nullptr) return;
    const auto resident = [this](Position position) -> const SavedState* {
        const auto entry = entries_.find(position);
        return entry != entries_.end() ? &entry->second.snapshot.state : nullptr;
    };
    auto loaded = spill_->load_latest(at, std::max(nearest->at.step, good_enough), resident,
                                      next != entries_.end() ? &next->second.snapshot.state.pages : nullptr);
    for (auto& [position, state] : loaded) insert({position, std::move(state)});
}

std::size_t SnapshotSet::pinned() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(entries_, [](const auto& entry) { return entry.second.pinned; }));
}

void SnapshotSet::for_each(const std::function<void(const Snapshot&)>& visit) const {
    for (const auto& [at, entry] : entries_) visit(entry.snapshot);
}

const Snapshot* SnapshotSet::newest(Branch branch) const {
    return nearest_at_or_before({branch, kEndOfTime});
}

// Down to 15/16 of the budget at once: a pass over all entries then serves n/16 insertions, so thinning costs
// each of them about 16 log n instead of n.
void SnapshotSet::thin(Position keep) {
    std::vector<Thinning::Item> items;
    std::vector<Entries::iterator> places;
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        items.push_back({entry->first, entry->second.pinned || entry->first == keep});
        places.push_back(entry);
    }
    Thinning thinning(std::move(items));
    const auto enough = [](std::size_t budget) { return budget - budget / 16; };
    while (entries_.size() > enough(budget_.snapshots) || bytes_ > enough(budget_.bytes)) {
        const auto least = thinning.next();
        if (!least) return;
        const auto entry = places[*least];
        unspilled_.erase(entry->first);
        bytes_ -= entry->second.bytes;
        const auto gone = entry->first;
        const auto next = entries_.erase(entry);
        recount(next);
        recount_branches_at(gone, next != entries_.end() ? next->first : Position{{~0U}, kEndOfTime});
    }
}

}  // namespace backspin::snapshots
