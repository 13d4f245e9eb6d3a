#include "emu/engine/watched_writes.hpp"

#include <algorithm>
#include <optional>

namespace backspin::emu {
namespace {

/// What a range, as one hart sees it, has to do with what is written.
class Meeting {
  public:
    Meeting(const Written& written, const Board& board, PageTables& tables)
        : written_(written), board_(board), tables_(tables) {}

    bool touched() const { return touched_; }
    bool changed() const { return changed_; }

    void look(const Hart& hart, const StopPoint& point) {
        touched_ = changed_ = false;
        if (point.space == StopSpace::physical || data_space(hart).satp == 0) {
            meet(PhysicalAddress{point.address.value}, point.length);
        } else if (point.length > StopPoints::kMostListedPages * kPageSize) {
            for (const auto& piece : written_.pieces) meet(piece.at, piece.length);
        } else {
            look_through_tables(hart, point);
        }
    }

  private:
    void look_through_tables(const Hart& hart, const StopPoint& point) {
        for (std::uint64_t done = 0; done < point.length;) {
            const VirtualAddress here{(point.address.value + done) & hart.xlen_mask()};
            const auto part = std::min(point.length - done, kPageSize - here.value % kPageSize);
            if (const auto at = translate_for_debugger(hart, board_.isa(), here, tables_)) meet(*at, part);
            done += part;
        }
    }

    void meet(PhysicalAddress at, std::uint64_t length) {
        for (const auto& piece : written_.pieces) {
            const auto common =
                overlap(VirtualAddress{at.value}, length, VirtualAddress{piece.at.value}, piece.length);
            if (common.length == 0) continue;
            touched_ = true;
            changed_ = changed_ || written_.changes({{common.start}, common.length});
        }
    }

    const Written& written_;
    const Board& board_;
    PageTables& tables_;
    bool touched_ = false;
    bool changed_ = false;
};

}  // namespace

std::vector<Hit> hits_of(const Written& written, const StopPoints& stops, const Board& board,
                         PageTables& tables, HartId first) {
    std::vector<Hit> hits;
    Meeting meeting(written, board, tables);
    for (const auto& point : stops.watches()) {
        if (point.kind == StopKind::read) continue;
        std::optional<Hit> hit;
        for (std::size_t i = 0; i < board.harts.size() && !(hit && hit->changes_value); ++i) {
            const auto& hart = board.harts[(first.value + i) % board.harts.size()];
            meeting.look(hart, point);
            if (!meeting.touched() || (hit && !meeting.changed())) continue;
            hit = Hit{point.kind, point.address, board.steps, hart.id, meeting.changed(), written.by};
        }
        if (hit) hits.push_back(*hit);
    }
    return hits;
}

}  // namespace backspin::emu
