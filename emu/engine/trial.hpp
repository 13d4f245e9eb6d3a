// A change of board and memory that can be taken back, to find out what it writes.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"
#include "emu/board.hpp"
#include "emu/engine/stop_points.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// Holds the state from before the change. What devices give out meanwhile is held back until keep().
class Trial {
  public:
    /// Shares all pages of the memory.
    Trial(Board& board, Memory& memory);
    ~Trial() { board_.output = outside_; }
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    /// The data stops that the change hits, told as of before it.
    std::vector<Hit> hits(std::span<const MemoryPiece> written, const StopPoints& stops, Accessor by) const;
    /// Board and memory as before. Harts keep their places.
    void take_back();
    void keep();

  private:
    class Held final : public OutputSink {
      public:
        void output(Channel channel, std::span<const std::byte> bytes) override {
            items_.emplace_back(channel, std::vector<std::byte>(bytes.begin(), bytes.end()));
        }
        void drop() { items_.clear(); }
        void hand_on(OutputSink& to) const {
            for (const auto& [channel, bytes] : items_) to.output(channel, bytes);
        }

      private:
        std::vector<std::pair<Channel, std::vector<std::byte>>> items_;
    };

    Board& board_;
    Memory& memory_;
    OutputSink* outside_;
    Held held_;
    Board before_;
    PageRoot pages_;
};

}  // namespace backspin::emu
