#include "emu/engine/trial.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "emu/engine/watched_writes.hpp"

namespace backspin::emu {
namespace {

/// Page tables as they lie in a picture of the memory. An entry never crosses a page.
class PicturedTables final : public PageTables {
  public:
    PicturedTables(const Memory& memory, const PageRoot& pages) : memory_(memory), pages_(pages) {}
    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override {
        const auto index = memory_.page_of(at);
        if (!index) return std::nullopt;
        std::uint64_t entry = 0;
        std::memcpy(&entry, pages_.page(*index).data() + at.value % kPageSize, size);
        return entry;
    }
    bool write(PhysicalAddress, unsigned, std::uint64_t) override { return true; }

  private:
    const Memory& memory_;
    const PageRoot& pages_;
};

}  // namespace

Trial::Trial(Board& board, Memory& memory)
    : board_(board), memory_(memory), outside_(board.output), before_(board), pages_(memory.pages().share()) {
    if (outside_ != nullptr) board_.output = &held_;
}

std::vector<Hit> Trial::hits(std::span<const MemoryPiece> written, const StopPoints& stops,
                             Accessor by) const {
    const auto changes = [&](const MemoryPiece& piece) {
        const auto index = *memory_.page_of(piece.at);
        const auto offset = piece.at.value % kPageSize;
        const auto before = pages_.page(index).subspan(offset, piece.length);
        return std::memcmp(before.data(), memory_.pages().read_page(index) + offset, piece.length) != 0;
    };
    PicturedTables tables(memory_, pages_);
    const auto turn = before_.next_turn();
    const auto current = turn ? turn->hart : before_.turn.hart;
    return hits_of({written, changes, by}, stops, before_, tables, current);
}

void Trial::take_back() {
    board_ = before_;
    if (outside_ != nullptr) board_.output = &held_;
    held_.drop();
    memory_.pages().restore(pages_);
}

void Trial::keep() {
    if (outside_ != nullptr) held_.hand_on(*outside_);
    held_.drop();
}

}  // namespace backspin::emu
