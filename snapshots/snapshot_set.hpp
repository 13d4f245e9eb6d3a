// The snapshots of a timeline that are in memory, thinned with age so that their number stays bounded while
// the distance to the nearest one stays in proportion to how far back it lies.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "snapshots/spill.hpp"

namespace backspin::snapshots {

struct Snapshot {
    Position at;
    SavedState state;  ///< state.at == at.step
};

/// What a set may hold. The first snapshot of a branch and pinned ones count, but are never dropped for it.
struct Budget {
    /// With n snapshots, spacing s and a history of L steps, thinning leaves gaps of about ln(L/s)/n of the
    /// age: 16,384 over 10^12 steps at 2^20 a piece are 0.1 percent, so what lies 10^9 steps back is at most
    /// a million steps away.
    std::size_t snapshots = 16'384;
    /// Bytes of states, and of pages that differ from the neighbour's.
    std::size_t bytes = std::size_t{1} << 30;
};

enum class Pin : bool { no, yes };

class SnapshotSet {
  public:
    /// With a spill, which outlives the set and serves no other, snapshots are spilled before they are
    /// dropped.
    explicit SnapshotSet(Budget budget = {}, Spill* spill = nullptr) : budget_(budget), spill_(spill) {}

    /// From this place of its parent on, the branch's pages are counted as changes of the parent's.
    void add_branch(Branch branch, Position fork) { forks_[branch] = fork; }

    /// Keeps the snapshot, unless there is one at its position already (whose pin it may add). Drops others
    /// to stay within the budget, never the new one.
    void insert(Snapshot snapshot, Pin pin = Pin::no);

    /// The latest snapshot of the position's branch that is not after it; null if there is none. Valid until
    /// insert.
    const Snapshot* nearest_at_or_before(Position at) const;
    /// Brings a spilled one back if it is nearer than those in memory, and after `good_enough`.
    void fetch_nearest(Position at, StepCount good_enough);
    /// The last of the branch. Null if the branch has none. Valid until insert.
    const Snapshot* newest(Branch branch) const;

    /// All that are in memory, in ascending order.
    void for_each(const std::function<void(const Snapshot&)>& visit) const;

    std::size_t size() const { return entries_.size(); }
    std::size_t pinned() const;
    /// What they cost: each its fields, and the pages in which it differs from the one before, with the
    /// tables that lead to them. With a budget of one snapshot there is nothing to choose between, and pages
    /// are not counted: that takes a share of a run that only records.
    std::size_t bytes() const { return bytes_; }
    const Budget& budget() const { return budget_; }
    /// Null if there is none.
    const Spill* spill() const { return spill_; }

  private:
    struct Entry {
        Snapshot snapshot;
        bool pinned = false;
        std::size_t bytes = 0;
    };
    using Entries = std::map<Position, Entry>;

    PageRoot before(Entries::const_iterator entry) const;
    std::size_t cost(Entries::const_iterator entry) const;
    void recount(Entries::iterator entry);
    void recount_branches_at(Position gone, Position until);
    void spill_some();
    void thin(Position keep);

    Entries entries_;
    std::map<Branch, Position> forks_;
    Budget budget_;
    Spill* spill_;
    std::set<Position> unspilled_;  ///< of entries_; empty without a spill
    std::size_t bytes_ = 0;
};

}  // namespace backspin::snapshots
