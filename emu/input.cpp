#include "emu/input.hpp"

#include <algorithm>

#include "emu/csr.hpp"
#include "emu/mmu.hpp"
#include "emu/page_tables.hpp"
#include "emu/semihosting.hpp"

namespace backspin::emu {
namespace {

const Csr* csr_of(const Board& board, RegisterId which) {
    if (which.value < kFirstCsrRegister || which.value >= kPrivilegeRegister.value) return nullptr;
    return find_csr(board.isa(), CsrNumber{static_cast<std::uint16_t>(which.value - kFirstCsrRegister)});
}

bool is_float_register(RegisterId which) {
    return which.value >= kFirstFloatRegister && which.value < kFirstFloatRegister + 32;
}

/// What a debugger may set the current privilege to.
std::optional<Privilege> privilege_of(std::uint64_t value) {
    for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
        if (value == static_cast<std::uint64_t>(privilege)) return privilege;
    }
    return std::nullopt;
}

/// Applies each kind of input; one overload each.
struct Applier {
    Board& board;
    Memory& memory;

    using Changed = std::vector<MemoryPiece>;

    Changed operator()(const DeviceInput& input) const {
        if (input.channel == kSemihostingChannel) return take_answer(board, memory, input.bytes);
        Dma dma(memory);
        board.input(input.channel, input.bytes, dma);
        auto written = dma.take_written();
        board.break_reservations(written);
        return written;
    }
    Changed operator()(const IdleWarp& warp) const {
        // A log from a stranger may ask for any warp.
        constexpr auto kMost = Board::kMostIdle.ns;
        board.idle = VirtualTime{std::min(kMost, board.idle.ns + std::min(kMost, warp.by.ns))};
        return {};
    }
    Changed operator()(const MemoryWrite& write) const {
        if (write.hart.value >= board.harts.size()) return {};
        const auto pieces = locate_for_debugger(board, memory, write.hart, write.at, write.bytes.size());
        if (!pieces) return {};
        write_from_outside(board, memory, *pieces, write.bytes);
        return *pieces;
    }
    Changed operator()(const RegisterWrite& write) const {
        if (write.hart.value < board.harts.size()) {
            write_register(board, board.harts[write.hart.value], write.which, write.value);
        }
        return {};
    }
};

}  // namespace

std::vector<MemoryPiece> apply_input(Board& board, Memory& memory, const Input& input) {
    return std::visit(Applier{board, memory}, input);
}

std::optional<std::uint64_t> read_register(const Board& board, const Hart& hart, RegisterId which) {
    if (which.value < 32) return which.value == 0 ? 0 : hart.x[which.value];
    if (which == kPcRegister) return hart.pc;
    if (is_float_register(which)) return hart.f[which.value - kFirstFloatRegister];
    if (which == kPrivilegeRegister) return static_cast<std::uint64_t>(hart.privilege);
    if (const auto* csr = csr_of(board, which)) return csr->read(board, hart);
    return std::nullopt;
}

void write_register(const Board& board, Hart& hart, RegisterId which, std::uint64_t value) {
    const auto narrowed = value & hart.xlen_mask();
    if (which.value < 32) {
        hart.write(which.value, narrowed);
    } else if (which == kPcRegister) {
        hart.pc = narrowed & ~std::uint64_t{1};
    } else if (is_float_register(which)) {
        hart.f[which.value - kFirstFloatRegister] = value;
    } else if (which == kPrivilegeRegister) {
        if (const auto privilege = privilege_of(value)) hart.privilege = *privilege;
    } else if (const auto* csr = csr_of(board, which); csr != nullptr && csr->write != nullptr) {
        csr->write(board, hart, narrowed);
    }
}

void write_from_outside(Board& board, Memory& memory, std::span<const MemoryPiece> pieces,
                        std::span<const std::byte> bytes) {
    std::size_t done = 0;
    for (const auto& piece : pieces) {
        memory.load(piece.at, bytes.subspan(done, piece.length));
        done += piece.length;
        for (auto& hart : board.harts) break_reservation(hart, piece.at, piece.length);
    }
}

std::optional<std::vector<MemoryPiece>> locate_for_debugger(const Board& board, const Memory& memory,
                                                            HartId id, VirtualAddress at,
                                                            std::size_t length) {
    const auto& hart = board.harts.at(id.value);
    ConstPageTables tables(memory);
    std::vector<MemoryPiece> pieces;
    for (std::size_t done = 0; done < length;) {
        const VirtualAddress here{(at.value + done) & hart.xlen_mask()};
        const auto part = std::min(length - done, kPageSize - here.value % kPageSize);
        const auto place = translate_for_debugger(hart, board.isa(), here, tables);
        if (!place || !memory.page_of(*place)) return std::nullopt;
        pieces.push_back({*place, part});
        done += part;
    }
    return pieces;
}

}  // namespace backspin::emu
