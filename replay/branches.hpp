// The futures of one machine. Branch 0 begins where history does; each other one in the past of another, and
// shares with it what lies before.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/position.hpp"
#include "replay/line.hpp"
#include "replay/passed_epochs.hpp"

namespace backspin::replay {

/// Each costs some hundred bytes, and two snapshots that are never dropped.
inline constexpr std::size_t kMostBranches = 1000;

/// The name of branch 0.
inline constexpr const char* kMainBranch = "main";

struct BranchInfo {
    Branch number;
    std::string name;
    Position fork;       ///< where it begins, in its parent; of branch 0 the beginning of history
    StepCount frontier;  ///< its newest position
    StepCount cursor;    ///< where the user is in it, or was when they left it
    bool live = false;   ///< the frontier can grow
};

/// A branch, and what its timeline must know of it while another one is current.
struct Future {
    BranchInfo info;
    PassedEpochs passed;        ///< whose snapshots have been taken, on its whole line
    bool is_unapplied = false;  ///< the machine has never been behind the log's last input
    StepCount told_until{};     ///< of accesses, to the listener
};

/// All of them. There is always branch 0, which is current to begin with.
class Futures {
  public:
    Futures(StepCount begin, StepCount frontier, bool live, StepCount epoch_steps);

    /// One more, with the next number. Precondition: there are less than kMostBranches, and the fork is a
    /// place of its parent.
    Future& add(std::string name, Position fork, bool live);

    std::size_t size() const { return all_.size(); }
    Future& at(Branch branch) { return all_.at(branch.id); }
    const Future& at(Branch branch) const { return all_.at(branch.id); }
    bool has(Branch branch) const { return branch.id < all_.size(); }
    const std::vector<Future>& all() const { return all_; }

    Future& current() { return all_[current_.id]; }
    const Future& current() const { return all_[current_.id]; }
    /// That of the current one.
    const Line& line() const { return line_; }
    Line line_of(Branch branch) const;
    /// Precondition: there is one of this number.
    void enter(Branch branch);

  private:
    std::vector<Future> all_;  ///< by number
    Branch current_;
    Line line_;
};

}  // namespace backspin::replay
