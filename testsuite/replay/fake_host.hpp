// A host whose clock moves only when somebody waits on it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "replay/host.hpp"

namespace backspin::replay {

inline DeviceInput typed(std::initializer_list<int> bytes) {
    DeviceInput input;
    for (const auto byte : bytes) input.bytes.push_back(static_cast<std::byte>(byte));
    return input;
}

class FakeHost : public InputPort {
  public:
    std::optional<DeviceInput> next(const Machine& machine) override {
        if (queue_.empty() || queue_.front().first > now) return std::nullopt;
        if (machine.room_for_input(queue_.front().second.channel) < queue_.front().second.bytes.size()) {
            return std::nullopt;
        }
        auto input = std::move(queue_.front().second);
        queue_.pop_front();
        return input;
    }
    void wait(std::chrono::nanoseconds at_most) override {
        ++waits;
        auto until = now + at_most;
        if (!queue_.empty()) until = std::min(until, std::max(now, queue_.front().first));
        now = until;
    }
    bool interactive() const override { return is_interactive; }

    void arrives(DeviceInput input, std::chrono::nanoseconds at = {}) {
        queue_.emplace_back(at, std::move(input));
    }

    HostHooks hooks() {
        return {.input = this,
                .interrupted = [this] { return interrupt && interrupt(); },
                .progress = [this](const SearchProgress& told) { progress.push_back(told); },
                .clock = [this] { return now += each_look; }};
    }

    std::chrono::nanoseconds now{};
    std::chrono::nanoseconds each_look{};  ///< how much the clock moves when somebody looks at it
    bool is_interactive = false;
    int waits = 0;
    std::function<bool()> interrupt;
    std::vector<SearchProgress> progress;

  private:
    std::deque<std::pair<std::chrono::nanoseconds, DeviceInput>> queue_;
};

}  // namespace backspin::replay
