#include "emu/guest_buffer.hpp"

#include <algorithm>

#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"

namespace backspin::emu {

std::optional<std::vector<MemoryPiece>> locate_for_hart(const Isa& isa, const Memory& memory,
                                                        const Hart& hart, VirtualAddress at,
                                                        std::size_t length, AccessKind kind) {
    const auto space = kind == AccessKind::fetch ? fetch_space(hart) : data_space(hart);
    ConstPageTables tables(memory);
    std::vector<MemoryPiece> pieces;
    for (std::size_t done = 0; done < length;) {
        const VirtualAddress here{(at.value + done) & hart.xlen_mask()};
        const auto part = std::min(length - done, kPageSize - here.value % kPageSize);
        const auto found = translate(space, hart, isa, here, kind, tables, Updates::only_report);
        if (found.fault || !hart.pmp.allows(found.at, part, kind, space.privilege)) return std::nullopt;
        const bool is_there =
            kind == AccessKind::store ? memory.is_writable(found.at) : memory.page_of(found.at).has_value();
        if (!is_there) return std::nullopt;
        pieces.push_back({found.at, part});
        done += part;
    }
    return pieces;
}

bool read_for_hart(const Isa& isa, const Memory& memory, const Hart& hart, VirtualAddress at,
                   std::span<std::byte> out, AccessKind kind) {
    const auto pieces = locate_for_hart(isa, memory, hart, at, out.size(), kind);
    if (!pieces) return false;
    for (const auto& piece : *pieces) {
        memory.read(piece.at, out.first(piece.length));
        out = out.subspan(piece.length);
    }
    return true;
}

}  // namespace backspin::emu
