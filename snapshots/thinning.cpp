#include "snapshots/thinning.hpp"

namespace backspin::snapshots {

Thinning::Thinning(std::vector<Item> items) {
    places_.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) places_.push_back({items[i], i - 1, i + 1, {}});
    const auto last_of_branch = [&](std::size_t i) {
        return i + 1 == items.size() || items[i + 1].at.branch != items[i].at.branch;
    };
    StepCount newest;
    for (auto i = items.size(); i-- > 0;) {
        if (last_of_branch(i)) newest = items[i].at.step;
        places_[i].newest = newest;
    }
    for (std::size_t i = 1; i < items.size(); ++i) {
        if (items[i].stays || last_of_branch(i) || last_of_branch(i - 1)) continue;
        candidates_.push({loss(i), i});
    }
}

double Thinning::loss(std::size_t number) const {
    const auto& place = places_[number];
    const auto gap = places_[place.after].item.at.step - places_[place.before].item.at.step;
    const auto age = place.newest - place.item.at.step;
    return static_cast<double>(gap.value) / static_cast<double>(age.value);
}

std::optional<std::size_t> Thinning::next() {
    while (!candidates_.empty()) {
        const auto [loss_then, number] = candidates_.top();
        candidates_.pop();
        // A neighbour may have gone since, which makes this one worth more.
        if (const auto loss_now = loss(number); loss_now > loss_then) {
            candidates_.push({loss_now, number});
            continue;
        }
        const auto& place = places_[number];
        places_[place.before].after = place.after;
        places_[place.after].before = place.before;
        return number;
    }
    return std::nullopt;
}

}  // namespace backspin::snapshots
