#include "emu/host_first.hpp"

#include <array>
#include <optional>
#include <span>

#include "emu/execute.hpp"
#include "emu/guest_buffer.hpp"
#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"

namespace backspin::emu {
namespace {

/// Looks where an access would go, and makes none.
class Probe {
  public:
    Probe(const Board& board, const Memory& memory, const Hart& hart)
        : board_(board), memory_(memory), hart_(hart), space_(data_space(hart)) {}

    bool needs_host() const { return needs_host_; }
    Trap trap() const { return {}; }

    template <class Value>
    AccessEnd load(VirtualAddress at, std::uint64_t&) {
        return look(at, sizeof(Value), AccessKind::load);
    }
    template <class Value>
    AccessEnd store(VirtualAddress at, std::uint64_t) {
        return look(at, sizeof(Value), AccessKind::store);
    }
    // Devices take none of these.
    template <class Value, class Modify>
    AccessEnd atomic(VirtualAddress, std::uint64_t&, Modify) {
        return AccessEnd::stopped;
    }
    template <class Value>
    AccessEnd reserve(VirtualAddress, std::uint64_t&) {
        return AccessEnd::stopped;
    }
    template <class Value>
    AccessEnd conditional(VirtualAddress, std::uint64_t, std::uint64_t&) {
        return AccessEnd::stopped;
    }
    AccessEnd cache_block(VirtualAddress, CacheOperation) { return AccessEnd::stopped; }

  private:
    AccessEnd look(VirtualAddress at, std::size_t size, AccessKind kind) {
        if (at.value % size != 0) return AccessEnd::stopped;
        ConstPageTables tables(memory_);
        const auto found = translate(space_, hart_, board_.isa(), at, kind, tables, Updates::only_report);
        needs_host_ = !found.fault && hart_.pmp.allows(found.at, size, kind, space_.privilege) &&
                      board_.needs_host(found.at, static_cast<AccessSize>(size), kind == AccessKind::store);
        return AccessEnd::stopped;
    }

    const Board& board_;
    const Memory& memory_;
    const Hart& hart_;
    AddressSpace space_;
    bool needs_host_ = false;
};

std::optional<Instruction> fetch(const Board& board, const Memory& memory, const Hart& hart) {
    std::array<std::uint16_t, 2> halves{};
    for (std::size_t half = 0; half < halves.size(); ++half) {
        const VirtualAddress at{(hart.pc + 2 * half) & hart.xlen_mask()};
        const auto bytes = std::as_writable_bytes(std::span(halves)).subspan(2 * half, 2);
        if (!read_for_hart(board.isa(), memory, hart, at, bytes, AccessKind::fetch)) return std::nullopt;
        if (instruction_length(halves[0]) == 2) break;
    }
    return board.decoder->decode(halves[0] | std::uint32_t{halves[1]} << 16);
}

}  // namespace

bool must_ask_host(const Board& board, const Memory& memory, const Hart& hart) {
    if (!board.options.rtc_is_hosts) return false;
    const auto instruction = fetch(board, memory, hart);
    if (!instruction) return false;
    auto scratch = hart;
    Probe probe(board, memory, hart);
    execute(*instruction, board, scratch, probe);
    return probe.needs_host();
}

}  // namespace backspin::emu
