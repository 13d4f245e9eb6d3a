// Which snapshots to do without, so that the distance to the nearest one stays in proportion to how far back
// it lies.
#pragma once

#include <cstddef>
#include <optional>
#include <queue>
#include <vector>

#include "base/position.hpp"

namespace backspin::snapshots {

/// Names those of a row one after the other, the least missed first. The first and the last of each branch
/// stay.
class Thinning {
  public:
    struct Item {
        Position at;
        bool stays = false;
    };
    /// Ascending and without doubles.
    explicit Thinning(std::vector<Item> items);

    /// The number of the next one to go; it counts as gone from here on. Nothing when only those are left
    /// that stay.
    std::optional<std::size_t> next();

  private:
    struct Place {
        Item item;
        std::size_t before = 0;
        std::size_t after = 0;
        StepCount newest;  ///< of its branch
    };
    struct Candidate {
        double loss;
        std::size_t number;
        bool operator<(const Candidate& other) const { return loss > other.loss; }  // the least on top
    };

    /// The gap that dropping it would leave, as a share of its age: how much going back there would suffer.
    /// Dropping the least keeps these alike, which is a distance within a constant factor of the age.
    double loss(std::size_t number) const;

    std::vector<Place> places_;
    std::priority_queue<Candidate> candidates_;
};

}  // namespace backspin::snapshots
