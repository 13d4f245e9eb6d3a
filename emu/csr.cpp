#include "emu/csr.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "emu/board.hpp"
#include "emu/hart.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint16_t kCycle = 0xc00, kTime = 0xc01, kInstret = 0xc02;

constexpr std::uint64_t letter(char extension) {
    return std::uint64_t{1} << (extension - 'A');
}
constexpr std::uint64_t kMisa =
    std::uint64_t{2} << 62 | letter('A') | letter('C') | letter('I') | letter('M') | letter('U');

std::uint64_t zero(const Board&, const Hart&) {
    return 0;
}

void write_mstatus(Hart& hart, std::uint64_t value) {
    constexpr auto kWritable = mstatus::kMie | mstatus::kMpie | mstatus::kMprv | mstatus::kTw;
    auto mpp = value & mstatus::kMpp;
    if (mpp != 0 && mpp != mstatus::kMpp) mpp = hart.mstatus & mstatus::kMpp;  // WARL: keeps what it was
    hart.mstatus = mstatus::kUxl64 | (value & kWritable) | mpp;
}

void write_mie(Hart& hart, std::uint64_t value) {
    hart.mie = value & (bit(Interrupt::machine_software) | bit(Interrupt::machine_timer) |
                        bit(Interrupt::machine_external));
}

std::vector<Csr> make_table() {
    using R = const Board&;
    using H = const Hart&;
    std::vector<Csr> table{
        {kCycle, "cycle", [](R, H h) { return h.mcycle; }, nullptr},
        {kTime, "time", [](R b, H) { return b.aclint.mtime(b.time()); }, nullptr},
        {kInstret, "instret", [](R, H h) { return h.minstret; }, nullptr},
        {0xf11, "mvendorid", zero, nullptr},
        {0xf12, "marchid", zero, nullptr},
        {0xf13, "mimpid", zero, nullptr},
        {0xf14, "mhartid", [](R, H h) -> std::uint64_t { return h.id.value; }, nullptr},
        {0xf15, "mconfigptr", zero, nullptr},
        {0x300, "mstatus", [](R, H h) { return h.mstatus; }, write_mstatus},
        {0x301, "misa", [](R, H) { return kMisa; }, nullptr},
        {0x304, "mie", [](R, H h) { return h.mie; }, write_mie},
        {0x305, "mtvec", [](R, H h) { return h.mtvec; },
         [](Hart& h, std::uint64_t v) { h.mtvec = v & ~std::uint64_t{2}; }},
        {0x306, "mcounteren", [](R, H h) { return h.mcounteren; },
         [](Hart& h, std::uint64_t v) { h.mcounteren = v & 7; }},
        {0x30a, "menvcfg", zero, nullptr},
        {0x320, "mcountinhibit", [](R, H h) { return h.mcountinhibit; },
         [](Hart& h, std::uint64_t v) { h.mcountinhibit = v & (kCounterCycle | kCounterInstret); }},
        {0x340, "mscratch", [](R, H h) { return h.mscratch; },
         [](Hart& h, std::uint64_t v) { h.mscratch = v; }},
        {0x341, "mepc", [](R, H h) { return h.mepc; },
         [](Hart& h, std::uint64_t v) { h.mepc = v & ~std::uint64_t{1}; }},
        {0x342, "mcause", [](R, H h) { return h.mcause; }, [](Hart& h, std::uint64_t v) { h.mcause = v; }},
        {0x343, "mtval", [](R, H h) { return h.mtval; }, [](Hart& h, std::uint64_t v) { h.mtval = v; }},
        {0x344, "mip", [](R b, H h) { return b.mip(h); }, nullptr},
        {kMcycle.value, "mcycle", [](R, H h) { return h.mcycle; },
         [](Hart& h, std::uint64_t v) { h.mcycle = v; }},
        {kMinstret.value, "minstret", [](R, H h) { return h.minstret; },
         [](Hart& h, std::uint64_t v) { h.minstret = v; }},
    };
    // No physical memory protection and no event counters: all their fields are read-only zero, as the manual
    // allows.
    for (std::uint16_t i = 0; i < 16; ++i) {
        table.push_back(
            {static_cast<std::uint16_t>(0x3b0 + i), "pmpaddr" + std::to_string(i), zero, nullptr});
    }
    table.push_back({0x3a0, "pmpcfg0", zero, nullptr});
    table.push_back({0x3a2, "pmpcfg2", zero, nullptr});
    for (std::uint16_t i = 3; i < 32; ++i) {
        table.push_back(
            {static_cast<std::uint16_t>(0xb00 + i), "mhpmcounter" + std::to_string(i), zero, nullptr});
        table.push_back(
            {static_cast<std::uint16_t>(0x320 + i), "mhpmevent" + std::to_string(i), zero, nullptr});
    }
    std::ranges::sort(table, {}, &Csr::number);
    return table;
}

}  // namespace

std::span<const Csr> csrs() {
    static const std::vector<Csr> kTable = make_table();
    return kTable;
}

const Csr* find_csr(CsrNumber number) {
    const auto table = csrs();
    const auto found = std::ranges::lower_bound(table, number.value, {}, &Csr::number);
    return found != table.end() && found->number == number.value ? &*found : nullptr;
}

const Csr* find_impossible_csr(const Board& board, const Hart& hart) {
    Hart fresh;
    for (const auto& csr : csrs()) {
        if (csr.write == nullptr) continue;
        const auto value = csr.read(board, hart);
        csr.write(fresh, value);
        if (csr.read(board, fresh) != value) return &csr;
    }
    return nullptr;
}

bool csr_is_accessible(const Hart& hart, CsrNumber number, bool for_writing) {
    const auto lowest = number.value >> 8 & 3;
    if (static_cast<int>(hart.privilege) < lowest) return false;
    if (for_writing && (number.value >> 10) == 3) return false;
    if (hart.privilege == Privilege::user && number.value >= kCycle && number.value <= kInstret) {
        return (hart.mcounteren >> (number.value - kCycle) & 1) != 0;
    }
    return true;
}

}  // namespace backspin::emu
