// Frames on their way to the machine, until its driver has a buffer for them.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <utility>
#include <vector>

namespace backspin::cli {

class FrameQueue {
  public:
    /// What waits for a driver that takes nothing: the newest frames are dropped then, as by any network.
    static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

    bool empty() const { return frames_.empty(); }
    /// A sender that can be made to wait should wait.
    bool half_full() const { return bytes_ >= kMostBytes / 2; }
    /// Drops the frame when the queue is full.
    void add(std::span<const std::byte> frame) {
        if (bytes_ + cost_of(frame) > kMostBytes) return;
        bytes_ += cost_of(frame);
        frames_.emplace_back(frame.begin(), frame.end());
    }
    /// The oldest of at most `room` bytes; longer ones before it are dropped. Empty if there is none.
    std::vector<std::byte> take(std::size_t room) {
        while (!frames_.empty()) {
            auto frame = std::move(frames_.front());
            frames_.pop_front();
            bytes_ -= cost_of(frame);
            if (frame.size() <= room) return frame;
        }
        return {};
    }

  private:
    /// With what keeping it takes, so that a flood of tiny ones is bounded too.
    static std::size_t cost_of(std::span<const std::byte> frame) { return frame.size() + 64; }

    std::deque<std::vector<std::byte>> frames_;
    std::size_t bytes_ = 0;  ///< by cost_of
};

}  // namespace backspin::cli
