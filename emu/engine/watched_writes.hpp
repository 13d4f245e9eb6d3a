// Data stops of writes that are no hart's stores: of devices, of inputs, of page walks that set accessed and
// dirty bits. Stop points hold virtual addresses and these writes go to physical ones; a stop point is hit
// if its range, translated as any hart accesses data now, leads to a byte that is written.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "emu/board.hpp"
#include "emu/engine/stop_points.hpp"
#include "emu/memory.hpp"
#include "emu/mmu.hpp"

namespace backspin::emu {

/// What one step writes, each piece within one page.
struct Written {
    std::span<const MemoryPiece> pieces;
    /// Whether the bytes differ afterwards. Asked of parts of the pieces.
    std::function<bool(const MemoryPiece&)> changes;
    Accessor by;
};

/// The hits of the step from board.steps on, in the order of the stop points and each at most once. `board`
/// and `tables` are those before the step; of the harts through whom a range leads there, `first` is named,
/// or else the lowest, and preferably one whose view of it changes.
///
/// A range of more than 64 MiB that is translated counts as leading everywhere: a hit too many rather than
/// one too few.
std::vector<Hit> hits_of(const Written& written, const StopPoints& stops, const Board& board,
                         PageTables& tables, HartId first);

}  // namespace backspin::emu
