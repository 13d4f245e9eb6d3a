#include "emu/input.hpp"

#include <algorithm>

#include "emu/csr.hpp"

namespace backspin::emu {
namespace {

const Csr* csr_of(RegisterId which) {
    if (which.value < kFirstCsrRegister || which.value >= kPrivilegeRegister.value) return nullptr;
    return find_csr(CsrNumber{static_cast<std::uint16_t>(which.value - kFirstCsrRegister)});
}

/// Applies each kind of input; one overload each.
struct Applier {
    Board& board;
    Memory& memory;

    void operator()(const DeviceInput& input) const {
        if (auto* device = board.input_device(input.channel))
            device->input(input.bytes, board.device_context());
    }
    void operator()(const IdleWarp& warp) const {
        // A log from a stranger may ask for any warp.
        constexpr auto kMost = Board::kMostIdle.ns;
        board.idle = VirtualTime{std::min(kMost, board.idle.ns + std::min(kMost, warp.by.ns))};
    }
    void operator()(const MemoryWrite& write) const {
        const PhysicalAddress at{write.at.value};  // M and U mode without translation
        if (!memory.load(at, write.bytes)) return;
        for (auto& hart : board.harts) break_reservation(hart, at, write.bytes.size());
    }
    void operator()(const RegisterWrite& write) const {
        if (write.hart.value < board.harts.size()) {
            write_register(board.harts[write.hart.value], write.which, write.value);
        }
    }
};

}  // namespace

void apply_input(Board& board, Memory& memory, const Input& input) {
    std::visit(Applier{board, memory}, input);
}

std::optional<std::uint64_t> read_register(const Board& board, const Hart& hart, RegisterId which) {
    if (which.value < 32) return which.value == 0 ? 0 : hart.x[which.value];
    if (which == kPcRegister) return hart.pc;
    if (which == kPrivilegeRegister) return static_cast<std::uint64_t>(hart.privilege);
    if (const auto* csr = csr_of(which)) return csr->read(board, hart);
    return std::nullopt;
}

void write_register(Hart& hart, RegisterId which, std::uint64_t value) {
    if (which.value < 32) {
        hart.write(which.value, value);
    } else if (which == kPcRegister) {
        hart.pc = value & ~std::uint64_t{1};
    } else if (which == kPrivilegeRegister) {
        if (value == static_cast<std::uint64_t>(Privilege::user)) hart.privilege = Privilege::user;
        if (value == static_cast<std::uint64_t>(Privilege::machine)) hart.privilege = Privilege::machine;
    } else if (const auto* csr = csr_of(which); csr != nullptr && csr->write != nullptr) {
        csr->write(hart, value);
    }
}

void break_reservation(Hart& hart, PhysicalAddress at, std::size_t length) {
    if (!hart.reservation || length == 0) return;
    const auto granule = hart.reservation->value & ~std::uint64_t{7};
    if (at.value < granule + 8 && granule < at.value + length) hart.reservation.reset();
}

}  // namespace backspin::emu
