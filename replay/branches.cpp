#include "replay/branches.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace backspin::replay {

Futures::Futures(StepCount begin, StepCount frontier, bool live, StepCount epoch_steps) {
    all_.push_back({{{}, kMainBranch, {{}, begin}, frontier, begin, live}, PassedEpochs(epoch_steps)});
}

Future& Futures::add(std::string name, Position fork, bool live) {
    const Branch number{static_cast<std::uint32_t>(all_.size())};
    const auto epoch_steps = all_.front().passed.epoch_steps();
    all_.push_back({{number, std::move(name), fork, fork.step, fork.step, live}, PassedEpochs(epoch_steps)});
    return all_.back();
}

// A parent has a smaller number than its branches, so this ends.
Line Futures::line_of(Branch branch) const {
    std::vector<Branch> ancestors;
    for (auto number = branch; number != Branch{}; number = at(number).info.fork.branch)
        ancestors.push_back(number);
    Line line;
    for (const auto number : std::views::reverse(ancestors))
        line = line.with(number, at(number).info.fork.step);
    return line;
}

void Futures::enter(Branch branch) {
    current_ = branch;
    line_ = line_of(branch);
}

}  // namespace backspin::replay
