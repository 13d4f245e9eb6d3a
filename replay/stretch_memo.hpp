// What is known about stretches of history. History never changes, so what a run over a stretch has found
// stays true.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "base/position.hpp"

namespace backspin::replay {

/// Items, each with a step `at`, of stretches that are known wholly: what is not there did not happen.
/// Bounded: when it would hold more than `most` items, all that was known before is forgotten.
template <class Item>
class StretchMemo {
  public:
    struct Stretch {
        StepCount begin;
        StepCount end;           ///< what happens from begin on, before end
        std::deque<Item> items;  ///< in ascending order of their step
    };

    explicit StretchMemo(std::size_t most) : most_(most) {}

    /// The stretch that knows of this step; null if none does. Valid until add or clear.
    const Stretch* containing(StepCount step) const {
        auto after = stretches_.upper_bound(step);
        if (after == stretches_.begin()) return nullptr;
        const auto& stretch = std::prev(after)->second;
        return step < stretch.end ? &stretch : nullptr;
    }

    /// Precondition: the items lie in [begin, end) in ascending order; they are all that there is.
    void add(StepCount begin, StepCount end, std::vector<Item> items) {
        if (begin >= end) return;
        if (items_ + items.size() > most_) clear();
        Stretch merged{
            begin, end, {std::make_move_iterator(items.begin()), std::make_move_iterator(items.end())}};
        items_ += merged.items.size();
        // Whatever touches or overlaps becomes one.
        auto next = stretches_.lower_bound(begin);
        if (next != stretches_.begin() && std::prev(next)->second.end >= begin) --next;
        while (next != stretches_.end() && next->first <= merged.end) {
            merged = join(std::move(next->second), std::move(merged));
            next = stretches_.erase(next);
        }
        stretches_.emplace(merged.begin, std::move(merged));
    }

    void clear() {
        stretches_.clear();
        items_ = 0;
    }

    std::size_t items() const { return items_; }

  private:
    /// Both know the same about where they overlap.
    Stretch join(Stretch a, Stretch b) {
        if (b.begin < a.begin) std::swap(a, b);
        const auto known_until = a.end;
        // Going back adds short stretches in front of a long one: move the fewer items.
        const auto beyond = std::ranges::lower_bound(b.items, known_until, {}, &Item::at);
        items_ -= static_cast<std::size_t>(beyond - b.items.begin());
        b.items.erase(b.items.begin(), beyond);
        if (a.items.size() > b.items.size()) {
            a.items.insert(a.items.end(), b.items.begin(), b.items.end());
        } else {
            b.items.insert(b.items.begin(), a.items.begin(), a.items.end());
            a.items.swap(b.items);
        }
        a.end = std::max(a.end, b.end);
        return a;
    }

    std::map<StepCount, Stretch> stretches_;
    std::size_t items_ = 0;
    std::size_t most_;
};

}  // namespace backspin::replay
