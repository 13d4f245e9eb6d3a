#include "snapshots/snapshot_set.hpp"

#include <iterator>
#include <queue>
#include <utility>

namespace backspin::snapshots {

std::size_t SnapshotSet::cost(Entries::const_iterator entry) const {
    std::size_t bytes = sizeof(Entry) + entry->second.snapshot.state.fields.size() +
                        entry->second.snapshot.state.ends.size() * sizeof(std::uint32_t);
    if (budget_.snapshots <= 1) return bytes;
    // A first snapshot is compared with an empty memory.
    PageRoot before;
    if (entry != entries_.begin() && std::prev(entry)->first.branch == entry->first.branch) {
        before = std::prev(entry)->second.snapshot.state.pages;
    }
    PageRoot::for_each_difference(before, entry->second.snapshot.state.pages,
                                  [&](PageIndex, const Page*, const Page* page) {
                                      if (page != nullptr) bytes += kPageSize;
                                  });
    return bytes;
}

void SnapshotSet::recount(Entries::iterator entry) {
    if (entry == entries_.end()) return;
    bytes_ -= entry->second.bytes;
    entry->second.bytes = cost(entry);
    bytes_ += entry->second.bytes;
}

void SnapshotSet::insert(Snapshot snapshot, Pin pin) {
    const auto at = snapshot.at;
    const auto [entry, added] = entries_.try_emplace(at, Entry{std::move(snapshot), false, 0});
    if (pin == Pin::yes) entry->second.pinned = true;
    if (!added) return;
    recount(entry);
    recount(std::next(entry));
    if (entries_.size() > budget_.snapshots || bytes_ > budget_.bytes) thin(at);
}

const Snapshot* SnapshotSet::nearest_at_or_before(Position at) const {
    auto entry = entries_.upper_bound(at);
    if (entry == entries_.begin()) return nullptr;
    --entry;
    return entry->first.branch == at.branch ? &entry->second.snapshot : nullptr;
}

void SnapshotSet::for_each(const std::function<void(const Snapshot&)>& visit) const {
    for (const auto& [at, entry] : entries_) visit(entry.snapshot);
}

const Snapshot* SnapshotSet::newest(Branch branch) const {
    return nearest_at_or_before({branch, kEndOfTime});
}

double SnapshotSet::loss(Entries::const_iterator entry) const {
    const auto next = std::next(entry);
    const auto gap = next->first.step - std::prev(entry)->first.step;
    const auto age = newest(entry->first.branch)->at.step - entry->first.step;
    return static_cast<double>(gap.value) / static_cast<double>(age.value);
}

// Down to 15/16 of the budget at once: a pass over all entries then serves n/16 insertions, so thinning costs
// each of them about 16 log n instead of n.
void SnapshotSet::thin(Position keep) {
    struct Candidate {
        double loss;
        Entries::iterator entry;
        bool operator<(const Candidate& other) const { return loss > other.loss; }  // the least on top
    };
    std::priority_queue<Candidate> candidates;
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        const auto next = std::next(entry);
        const bool first = entry == entries_.begin() || std::prev(entry)->first.branch != entry->first.branch;
        const bool last = next == entries_.end() || next->first.branch != entry->first.branch;
        if (first || last || entry->second.pinned || entry->first == keep) continue;
        candidates.push({loss(entry), entry});
    }
    const auto enough = [](std::size_t budget) { return budget - budget / 16; };
    while (!candidates.empty() &&
           (entries_.size() > enough(budget_.snapshots) || bytes_ > enough(budget_.bytes))) {
        const auto [loss_then, entry] = candidates.top();
        candidates.pop();
        // A neighbour may have gone since, which makes this one worth more.
        if (const auto loss_now = loss(entry); loss_now > loss_then) {
            candidates.push({loss_now, entry});
        } else {
            bytes_ -= entry->second.bytes;
            recount(entries_.erase(entry));
        }
    }
}

}  // namespace backspin::snapshots
