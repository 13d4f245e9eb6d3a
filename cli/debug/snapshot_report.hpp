// `monitor info snapshots`: what is kept to go back by, and what going back costs.
#pragma once

#include <string>

#include "replay/timeline.hpp"

namespace backspin::cli {

std::string describe_snapshots(const replay::Timeline& timeline);
/// Its line about the time that snapshots take.
std::string describe_cost(const replay::Timeline& timeline);

}  // namespace backspin::cli
