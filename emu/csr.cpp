#include "emu/csr.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "emu/board.hpp"
#include "emu/hart.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {
namespace {

using R = const Board&;
using H = const Hart&;
using Value = std::uint64_t;

constexpr Value kLowHalf = 0xffff'ffff;

// ---- ways to read and write -----------------------------------------------------------------------

Value zero(R, H) {
    return 0;
}

template <Value Hart::* kField>
Value read(R, H hart) {
    return hart.*kField & hart.xlen_mask();
}
template <Value Hart::* kField>
Value read_upper(R, H hart) {
    return hart.*kField >> 32;
}
/// Of RV32, the lower half alone.
template <Value Hart::* kField, Value kMask = ~Value{0}>
void write(R, Hart& hart, Value value) {
    const auto kept = hart.*kField & ~hart.xlen_mask();
    hart.*kField = kept | (value & kMask);
}
template <Value Hart::* kField, Value kMask = ~Value{0}>
void write_upper(R, Hart& hart, Value value) {
    hart.*kField = (hart.*kField & kLowHalf) | ((value << 32) & kMask);
}

// ---- machine status -------------------------------------------------------------------------------

constexpr Value kSstatus =
    mstatus::kSie | mstatus::kSpie | mstatus::kSpp | mstatus::kFs | mstatus::kSum | mstatus::kMxr;

/// What shows besides the bits that are kept: SD, and the width of S and U mode.
Value with_summary(H hart, Value status, Value widths) {
    if ((status & mstatus::kFs) == mstatus::kFs) status |= Value{1} << (hart.xlen - 1);
    return hart.xlen == 64 ? status | widths : status;
}

constexpr Value kUxl64 = Value{2} << 32, kSxl64 = Value{2} << 34;

Value read_mstatus(R, H hart) {
    return with_summary(hart, hart.mstatus, kUxl64 | kSxl64);
}
Value read_sstatus(R, H hart) {
    return with_summary(hart, hart.mstatus & kSstatus, kUxl64);
}
Value with_possible_fs(R board, Value status) {
    return board.isa().has(Extension::F) ? status : status & ~mstatus::kFs;
}
void write_mstatus(R board, Hart& hart, Value value) {
    constexpr auto kWritable = kSstatus | mstatus::kMie | mstatus::kMpie | mstatus::kMprv | mstatus::kTvm |
                               mstatus::kTw | mstatus::kTsr;
    auto mpp = value & mstatus::kMpp;
    if (mpp >> mstatus::kMppShift == 2) mpp = hart.mstatus & mstatus::kMpp;  // WARL: keeps what it was
    hart.mstatus = with_possible_fs(board, value & kWritable) | mpp;
}
void write_sstatus(R board, Hart& hart, Value value) {
    hart.mstatus = (hart.mstatus & ~kSstatus) | with_possible_fs(board, value & kSstatus);
}

// ---- interrupts -----------------------------------------------------------------------------------

bool has_supervisor_timer(R board, H hart) {
    return board.isa().has(Extension::Sstc) && (hart.menvcfg & envcfg::kStce) != 0;
}
Value writable_mip(R board, H hart) {
    return has_supervisor_timer(board, hart) ? kSupervisorInterrupts & ~bit(Interrupt::supervisor_timer)
                                             : kSupervisorInterrupts;
}
Value read_mip(R board, H hart) {
    return board.mip(hart);
}
Value read_written_mip(R, H hart) {
    return hart.mip;
}
void write_mip(R board, Hart& hart, Value value) {
    const auto writable = writable_mip(board, hart);
    hart.mip = (hart.mip & ~writable) | (value & writable);
}
Value read_sip(R board, H hart) {
    return board.mip(hart) & hart.mideleg;
}
void write_sip(R, Hart& hart, Value value) {
    const auto writable = bit(Interrupt::supervisor_software) & hart.mideleg;
    hart.mip = (hart.mip & ~writable) | (value & writable);
}
Value read_sie(R, H hart) {
    return hart.mie & hart.mideleg;
}
void write_sie(R, Hart& hart, Value value) {
    hart.mie = (hart.mie & ~hart.mideleg) | (value & hart.mideleg);
}

/// Exceptions that can be delegated: all but calls from M mode and those that do not exist.
constexpr Value kDelegable = 0xb3ff;

// ---- traps ----------------------------------------------------------------------------------------

template <Value Hart::* kField>
void write_vector(R, Hart& hart, Value value) {
    hart.*kField = value & ~Value{2};
}
template <Value Hart::* kField>
void write_epc(R board, Hart& hart, Value value) {
    hart.*kField = value & ~(board.isa().has(Extension::Zca) ? Value{1} : Value{3});
}

// ---- translation ----------------------------------------------------------------------------------

/// A write with a mode that there is not changes nothing.
void write_satp(R board, Hart& hart, Value value) {
    const auto mode = value >> 60;
    const bool sv57 = mode == 10 && board.isa().has(Extension::Sv57);
    const bool possible = hart.xlen == 32 || mode == 0 || mode == 8 || mode == 9 || sv57;
    if (possible) hart.satp = value;
}

// ---- environment ----------------------------------------------------------------------------------

Value possible_senvcfg(R board) {
    auto bits = envcfg::kFiom;
    if (board.isa().has(Extension::Zicbom)) bits |= envcfg::kCbie | envcfg::kCbcfe;
    if (board.isa().has(Extension::Zicboz)) bits |= envcfg::kCbze;
    return bits;
}
Value possible_menvcfg(R board) {
    auto bits = possible_senvcfg(board);
    if (board.isa().has(Extension::Svadu)) bits |= envcfg::kAdue;
    if (board.isa().has(Extension::Svpbmt)) bits |= envcfg::kPbmte;
    if (board.isa().has(Extension::Sstc)) bits |= envcfg::kStce;
    return bits;
}
/// CBIE = 2 is reserved: it keeps what it was.
Value with_legal_cbie(Value old, Value value) {
    const bool reserved = (value & envcfg::kCbie) >> envcfg::kCbieShift == 2;
    return reserved ? (value & ~envcfg::kCbie) | (old & envcfg::kCbie) : value;
}
void write_menvcfg(R board, Hart& hart, Value value) {
    const auto whole = (hart.menvcfg & ~hart.xlen_mask()) | value;
    hart.menvcfg = with_legal_cbie(hart.menvcfg, whole) & possible_menvcfg(board);
}
void write_menvcfgh(R board, Hart& hart, Value value) {
    hart.menvcfg = ((hart.menvcfg & kLowHalf) | value << 32) & possible_menvcfg(board);
}
void write_senvcfg(R board, Hart& hart, Value value) {
    hart.senvcfg = with_legal_cbie(hart.senvcfg, value) & possible_senvcfg(board);
}

// ---- floating point -------------------------------------------------------------------------------

template <unsigned kShift, Value kMask>
Value read_fcsr(R, H hart) {
    return hart.fcsr >> kShift & kMask;
}
template <unsigned kShift, Value kMask>
void write_fcsr(R, Hart& hart, Value value) {
    hart.fcsr = (hart.fcsr & ~(kMask << kShift)) | (value & kMask) << kShift;
    hart.mstatus |= mstatus::kFsDirty;
}

// ---- counters -------------------------------------------------------------------------------------

Value read_time(R board, H hart) {
    return board.aclint.mtime(board.time()) & hart.xlen_mask();
}
Value read_timeh(R board, H) {
    return board.aclint.mtime(board.time()) >> 32;
}
Value possible_counters(R board) {
    Value bits = 0;
    if (board.isa().has(Extension::Zicntr)) bits |= kCounterCycle | kCounterTime | kCounterInstret;
    if (board.isa().has(Extension::Zihpm)) bits |= kLowHalf & ~Value{7};
    return bits;
}
template <Value Hart::* kField>
void write_counter_enable(R board, Hart& hart, Value value) {
    hart.*kField = value & possible_counters(board);
}

// ---- physical memory protection -------------------------------------------------------------------

/// Four entries a register, eight of RV64.
template <std::size_t kRegister>
Value read_pmpcfg(R, H hart) {
    Value value = 0;
    for (std::size_t i = 0; i < hart.xlen / 8; ++i)
        value |= Value{hart.pmp.config(4 * kRegister + i)} << (8 * i);
    return value;
}
template <std::size_t kRegister>
void write_pmpcfg(R, Hart& hart, Value value) {
    for (std::size_t i = 0; i < hart.xlen / 8; ++i)
        hart.pmp.write_config(4 * kRegister + i, static_cast<std::uint8_t>(value >> (8 * i)));
}
template <std::size_t kEntry>
Value read_pmpaddr(R, H hart) {
    return hart.pmp.address(kEntry);
}
template <std::size_t kEntry>
void write_pmpaddr(R, Hart& hart, Value value) {
    hart.pmp.write_address(kEntry, value);
}

// ---- the table ------------------------------------------------------------------------------------

namespace needs = requirement;
constexpr Requirement kRv32 = requirement::only_in(32, requirement::I);
constexpr Requirement kCounters{Extension::Zicntr}, kEventCounters{Extension::Zihpm};
constexpr Requirement kTimerCompare{Extension::Sstc};

using Table = std::vector<Csr>;

template <class... Rest>
void add(Table& table, unsigned number, std::string name, Requirement what, Rest... rest) {
    table.push_back(Csr{static_cast<std::uint16_t>(number), std::move(name), what, rest...});
}

void add_user_registers(Table& t) {
    add(t, 0x001, "fflags", needs::F, read_fcsr<0, 31>, write_fcsr<0, 31>, nullptr, true);
    add(t, 0x002, "frm", needs::F, read_fcsr<5, 7>, write_fcsr<5, 7>, nullptr, true);
    add(t, 0x003, "fcsr", needs::F, read_fcsr<0, 255>, write_fcsr<0, 255>);
    add(t, 0xc00, "cycle", kCounters, read<&Hart::mcycle>);
    add(t, 0xc01, "time", kCounters, read_time);
    add(t, 0xc02, "instret", kCounters, read<&Hart::minstret>);
    add(t, 0xc80, "cycleh", requirement::only_in(32, kCounters), read_upper<&Hart::mcycle>);
    add(t, 0xc81, "timeh", requirement::only_in(32, kCounters), read_timeh);
    add(t, 0xc82, "instreth", requirement::only_in(32, kCounters), read_upper<&Hart::minstret>);
}

void add_supervisor_registers(Table& t) {
    add(t, 0x100, "sstatus", needs::I, read_sstatus, write_sstatus, nullptr, true);
    add(t, 0x104, "sie", needs::I, read_sie, write_sie, nullptr, true);
    add(t, 0x105, "stvec", needs::I, read<&Hart::stvec>, write_vector<&Hart::stvec>);
    add(t, 0x106, "scounteren", needs::I, read<&Hart::scounteren>, write_counter_enable<&Hart::scounteren>);
    add(t, 0x10a, "senvcfg", needs::I, read<&Hart::senvcfg>, write_senvcfg);
    add(t, 0x140, "sscratch", needs::I, read<&Hart::sscratch>, write<&Hart::sscratch>);
    add(t, 0x141, "sepc", needs::I, read<&Hart::sepc>, write_epc<&Hart::sepc>);
    add(t, 0x142, "scause", needs::I, read<&Hart::scause>, write<&Hart::scause>);
    add(t, 0x143, "stval", needs::I, read<&Hart::stval>, write<&Hart::stval>);
    add(t, kSip.value, "sip", needs::I, read_sip, write_sip, nullptr, true);
    add(t, 0x14d, "stimecmp", kTimerCompare, read<&Hart::stimecmp>, write<&Hart::stimecmp>);
    add(t, 0x15d, "stimecmph", requirement::only_in(32, kTimerCompare), read_upper<&Hart::stimecmp>,
        write_upper<&Hart::stimecmp>);
    add(t, 0x180, "satp", needs::I, read<&Hart::satp>, write_satp);
}

void add_machine_registers(Table& t) {
    for (const auto& [number, name] :
         {std::pair{0xf11u, "mvendorid"}, {0xf12u, "marchid"}, {0xf13u, "mimpid"}, {0xf15u, "mconfigptr"}}) {
        add(t, number, name, needs::I, zero);
    }
    add(t, 0xf14, "mhartid", needs::I, [](R, H h) -> Value { return h.id.value; });
    add(t, 0x300, "mstatus", needs::I, read_mstatus, write_mstatus);
    add(t, 0x310, "mstatush", kRv32, zero);
    add(t, 0x301, "misa", needs::I, [](R b, H) { return b.isa().misa(); });
    add(t, 0x302, "medeleg", needs::I, read<&Hart::medeleg>, write<&Hart::medeleg, kDelegable>);
    add(t, 0x303, "mideleg", needs::I, read<&Hart::mideleg>, write<&Hart::mideleg, kSupervisorInterrupts>);
    add(t, 0x304, "mie", needs::I, read<&Hart::mie>, write < &Hart::mie,
        kSupervisorInterrupts | kMachineInterrupts >);
    add(t, 0x305, "mtvec", needs::I, read<&Hart::mtvec>, write_vector<&Hart::mtvec>);
    add(t, 0x306, "mcounteren", needs::I, read<&Hart::mcounteren>, write_counter_enable<&Hart::mcounteren>);
    add(t, 0x30a, "menvcfg", needs::I, read<&Hart::menvcfg>, write_menvcfg);
    add(t, 0x31a, "menvcfgh", kRv32, read_upper<&Hart::menvcfg>, write_menvcfgh);
    add(t, 0x320, "mcountinhibit", needs::I, read<&Hart::mcountinhibit>, write < &Hart::mcountinhibit,
        kCounterCycle | kCounterInstret >);
    add(t, 0x340, "mscratch", needs::I, read<&Hart::mscratch>, write<&Hart::mscratch>);
    add(t, 0x341, "mepc", needs::I, read<&Hart::mepc>, write_epc<&Hart::mepc>);
    add(t, 0x342, "mcause", needs::I, read<&Hart::mcause>, write<&Hart::mcause>);
    add(t, 0x343, "mtval", needs::I, read<&Hart::mtval>, write<&Hart::mtval>);
    add(t, kMip.value, "mip", needs::I, read_mip, write_mip, read_written_mip, true);
    add(t, kMcycle.value, "mcycle", needs::I, read<&Hart::mcycle>, write<&Hart::mcycle>);
    add(t, kMinstret.value, "minstret", needs::I, read<&Hart::minstret>, write<&Hart::minstret>);
    add(t, kMcycleh.value, "mcycleh", kRv32, read_upper<&Hart::mcycle>, write_upper<&Hart::mcycle>);
    add(t, kMinstreth.value, "minstreth", kRv32, read_upper<&Hart::minstret>, write_upper<&Hart::minstret>);
}

/// No triggers: whoever asks finds none at any index (RISC-V Debug Specification, section "Enumeration").
void add_trigger_registers(Table& t) {
    for (const auto& [number, name] :
         {std::pair{0x7a0u, "tselect"}, {0x7a1u, "tdata1"}, {0x7a2u, "tdata2"}, {0x7a3u, "tdata3"}}) {
        add(t, number, name, needs::I, zero);
    }
    add(t, 0x7a4, "tinfo", needs::I, [](R, H) -> Value { return 1; });
}

/// The event counters count nothing: all their fields are read-only zero, as the manual allows.
void add_event_counters(Table& t) {
    for (unsigned i = 3; i < 32; ++i) {
        const auto n = std::to_string(i);
        add(t, 0xb00 + i, "mhpmcounter" + n, needs::I, zero);
        add(t, 0xb80 + i, "mhpmcounter" + n + "h", kRv32, zero);
        add(t, 0x320 + i, "mhpmevent" + n, needs::I, zero);
        add(t, 0xc00 + i, "hpmcounter" + n, kEventCounters, zero);
        add(t, 0xc80 + i, "hpmcounter" + n + "h", requirement::only_in(32, kEventCounters), zero);
    }
}

void add_protection_registers(Table& t) {
    add(t, 0x3a0, "pmpcfg0", needs::I, read_pmpcfg<0>, write_pmpcfg<0>);
    add(t, 0x3a1, "pmpcfg1", kRv32, read_pmpcfg<1>, write_pmpcfg<1>);
    add(t, 0x3a2, "pmpcfg2", needs::I, read_pmpcfg<2>, write_pmpcfg<2>);
    add(t, 0x3a3, "pmpcfg3", kRv32, read_pmpcfg<3>, write_pmpcfg<3>);
    [&]<std::size_t... kEntry>(std::index_sequence<kEntry...>) {
        (add(t, 0x3b0 + kEntry, "pmpaddr" + std::to_string(kEntry), needs::I, read_pmpaddr<kEntry>,
             write_pmpaddr<kEntry>, nullptr, true),
         ...);
    }(std::make_index_sequence<Pmp::kEntries>());
}

struct Registers {
    Table table;
    std::array<std::uint16_t, 4096> place{};  ///< in the table, + 1; 0: none

    Registers() {
        add_user_registers(table);
        add_supervisor_registers(table);
        add_machine_registers(table);
        add_trigger_registers(table);
        add_event_counters(table);
        add_protection_registers(table);
        std::ranges::sort(table, {}, &Csr::number);
        for (std::size_t i = 0; i < table.size(); ++i)
            place[table[i].number] = static_cast<std::uint16_t>(i + 1);
    }
};

const Registers& registers() {
    static const Registers kRegisters;
    return kRegisters;
}

std::vector<std::byte> bytes_of(Hart hart) {
    std::vector<std::byte> bytes;
    StateWriter writer(bytes);
    hart.serialize(writer, kStateVersion);
    return bytes;
}
std::vector<FieldValue> fields_of(Hart hart) {
    StateLister lister;
    hart.serialize(lister, kStateVersion);
    return lister.fields();
}

}  // namespace

std::span<const Csr> csrs() {
    return registers().table;
}

const Csr* find_csr(const Isa& isa, CsrNumber number) {
    const auto& all = registers();
    const auto place = all.place[number.value & 4095];
    if (place == 0) return nullptr;
    const auto& csr = all.table[place - 1u];
    return isa.has(csr.needs) ? &csr : nullptr;
}

std::optional<std::string> find_impossible_field(const Board& board, const Hart& hart) {
    // A hart that differs in its CSRs alone, and then is given what they show. Fields, not what is read, are
    // compared: a register may show fewer bits than its field has.
    Hart as_written;
    as_written.xlen = hart.xlen;
    as_written.x = hart.x;
    as_written.f = hart.f;
    as_written.pc = hart.pc;
    as_written.privilege = hart.privilege;
    as_written.waiting = hart.waiting;
    as_written.reservation = hart.reservation;
    as_written.mip = hart.mip;
    as_written.pmp = hart.pmp;
    for (const auto& csr : csrs()) {
        if (csr.write != nullptr && !csr.is_view && board.isa().has(csr.needs))
            csr.write(board, as_written, csr.read(board, hart));
    }
    if (bytes_of(as_written) == bytes_of(hart)) return std::nullopt;
    const auto given = fields_of(hart), possible = fields_of(as_written);
    return std::ranges::mismatch(given, possible).in1->name;
}

bool csr_is_accessible(const Hart& hart, CsrNumber number, bool for_writing) {
    const auto n = number.value;
    const auto lowest = n >> 8 & 3;
    if (static_cast<int>(hart.privilege) < lowest) return false;
    if (for_writing && (n >> 10) == 3) return false;
    if (n >= 1 && n <= 3) return hart.floating_point_is_on();
    if (hart.privilege == Privilege::machine) return true;

    const bool is_counter = (n & ~0x9fu) == 0xc00;
    if (is_counter) {
        const auto bit = Value{1} << (n & 31);
        const bool by_supervisor = hart.privilege == Privilege::supervisor || (hart.scounteren & bit) != 0;
        return by_supervisor && (hart.mcounteren & bit) != 0;
    }
    if (n == 0x180) return (hart.mstatus & mstatus::kTvm) == 0;
    if (n == 0x14d || n == 0x15d)
        return (hart.menvcfg & envcfg::kStce) != 0 && (hart.mcounteren & kCounterTime) != 0;
    return true;
}

}  // namespace backspin::emu
