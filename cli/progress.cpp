#include "cli/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace backspin::cli {

Progress::Progress(std::string what, bool forced)
    : what_(std::move(what)), wanted_(forced || ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (shown_) fmt::print(stderr, "\r{:{}}\r", "", what_.size() + 40);
}

void Progress::show(double share) {
    if (!wanted_ || std::chrono::steady_clock::now() - begin_ < std::chrono::seconds(1)) return;
    constexpr std::size_t kWidth = 24;
    const auto done = std::clamp(share, 0.0, 1.0);
    const std::string bar(static_cast<std::size_t>(done * kWidth), '#');
    fmt::print(stderr, "\r{} [{:<{}}] {:3.0f} %", what_, bar, kWidth, done * 100);
    std::fflush(stderr);
    shown_ = true;
}

}  // namespace backspin::cli
