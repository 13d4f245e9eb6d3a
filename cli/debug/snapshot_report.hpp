// `monitor info snapshots`: what is kept to go back by, and what going back costs.
#pragma once

#include <string>

#include "replay/timeline.hpp"

namespace backspin::cli {

std::string describe_snapshots(const replay::Timeline& timeline);

}  // namespace backspin::cli
