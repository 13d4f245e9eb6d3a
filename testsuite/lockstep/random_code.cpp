#include "testsuite/lockstep/random_code.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "emu/csr.hpp"
#include "emu/hart.hpp"
#include "emu/isa/semantics.hpp"
#include "testsuite/lockstep/layout.hpp"
#include "testsuite/lockstep/registers.hpp"
#include "testsuite/lockstep/tables.hpp"
#include "testsuite/lockstep/values.hpp"

namespace backspin::lockstep {
namespace {

using emu::Definition;
using emu::Instruction;
using emu::Kind;
using emu::Opcode;
using namespace emu::testing;
using namespace layout;
using namespace csrs;

constexpr std::uint16_t kCompressedNop = 0x0001;
/// No construct is longer; a chunk that has no more room than this is filled up.
constexpr std::size_t kLongest = 40;

class RandomCode {
  public:
    RandomCode(Writer& out, Random& random, const emu::Decoder& decoder, bool traps_fences)
        : out_(out), random_(random), decoder_(decoder), isa_(decoder.isa()), traps_fences_(traps_fences) {
        for (const auto& row : emu::definitions())
            if (isa_.has(row.needs)) rows_.push_back(&row);
        for (const auto& csr : emu::csrs())
            if (isa_.has(csr.needs) && !is_counter(csr.number) && !is_trigger(csr.number))
                readable_.push_back(csr.number);
    }

    void write() {
        for (std::size_t at = kCode; at < kCode + kCodeBytes; at += kChunk) write_chunk(at);
    }

  private:
    /// A branch or jump, whose target is chosen when its chunk is complete.
    struct Forward {
        std::size_t at;      ///< where its word is
        std::size_t origin;  ///< what its offset counts from
        Word word;           ///< without the offset
        Opcode opcode;
    };

    bool has(emu::Extension extension) const { return isa_.has(extension); }
    unsigned any_destination() { return static_cast<unsigned>(random_.any(0, kFirstReserved - 1)); }
    unsigned any_base() { return static_cast<unsigned>(random_.any(1, kFirstReserved - 1)); }
    unsigned any_source() { return static_cast<unsigned>(random_.any(0, 31)); }

    static bool is_counter(unsigned number) {
        const auto low = number & 0xf7f;  // without the bit of the upper halves
        return (low >= 0xc00 && low < 0xc20) || (low >= 0xb00 && low < 0xb20);
    }

    /// The bits of an instruction's immediate.
    static Word offset_bits(Opcode opcode, std::int64_t offset) {
        return encode(opcode, Operands{0, 0, 0, offset}) & ~emu::definition(opcode).pattern.mask;
    }

    /// QEMU has debug triggers; here they read as absent.
    static bool is_trigger(unsigned number) { return number >= 0x7a0 && number < 0x7b0; }

    // ---- chunks ---------------------------------------------------------------------------------

    void write_chunk(std::size_t start) {
        const auto end = start + kChunk;
        boundaries_.clear();
        forwards_.clear();
        out_.go_to(start);
        while (out_.at() + kLongest <= end) {
            boundaries_.push_back(out_.at());
            write_something();
        }
        fill_up(end);
        boundaries_.push_back(end);
        for (const auto& forward : forwards_) aim(forward);
    }

    /// Ends in a long instruction, which crosses into the next page where the chunk does.
    void fill_up(std::size_t end) {
        while (out_.at() + 6 <= end && has(emu::Extension::C)) out_.emit_half(kCompressedNop);
        while (out_.at() < end) out_.emit(op(Opcode::xor_, any_destination(), any_source(), any_source()));
    }

    void aim(const Forward& forward) {
        const auto later = std::upper_bound(boundaries_.begin(), boundaries_.end(), forward.at);
        const auto target = random_.one_of(std::span(later, boundaries_.end()));
        auto offset = static_cast<std::int64_t>(target - forward.origin);
        if (forward.opcode == Opcode::jalr && random_.chance(10)) offset |= 1;  // which is dropped
        out_.data(forward.at, forward.word | offset_bits(forward.opcode, offset), 4);
    }

    void write_something() {
        if (random_.chance(2)) return write_illegal();
        if (has(emu::Extension::C) && random_.chance(30)) return write_compressed();
        if (random_.chance(4)) return write_forth_and_back();
        if (!traps_fences_ && random_.chance(2)) return write_table_edit();
        write_row(*random_.one_of(rows_));
    }

    void write_illegal() {
        if (has(emu::Extension::C) && random_.chance(30)) {
            out_.emit_half(0);
            return out_.emit_half(kCompressedNop);
        }
        for (;;) {
            const auto word = static_cast<Word>(random_.bits()) | (has(emu::Extension::C) ? 3 : 0);
            if ((word & 31) == 31 || is_of_others(word) || decoder_.decode(word).opcode != Opcode::illegal)
                continue;
            return out_.emit(word);
        }
    }

    /// Encodings that QEMU has and we have not, even with all that can be switched off there switched off.
    static bool is_of_others(Word word) { return (word & 0x7f) == 0x73; }

    // ---- the rows of the table ------------------------------------------------------------------

    void write_row(const Definition& row) {
        switch (row.kind) {
            case Kind::load:
            case Kind::floating_load:
                return write_access(row, word_of(row), random_.any(0, 15) == 0 ? 4096 : 64);
            case Kind::store:
            case Kind::floating_store: return write_access(row, word_of(row), 64);
            case Kind::atomic: return write_access(row, word_of(row), 0);
            case Kind::cache: return write_cache_operation(row);
            case Kind::reserve:
            case Kind::conditional: return write_reservation(row);
            case Kind::branch: return write_forward(row);
            case Kind::jump: return row.opcode == Opcode::jal ? write_forward(row) : write_jump_register();
            case Kind::floating: return write_floating(row);
            case Kind::system: return write_system(row);
            default: return out_.emit(word_of(row));
        }
    }

    /// Random operands. The handlers' registers stay what they are.
    Word word_of(const Definition& row) {
        for (;;) {
            const auto word = row.pattern.value | (static_cast<Word>(random_.bits()) & ~row.pattern.mask);
            const auto decoded = decoder_.decode(word);
            if (decoded.opcode == row.opcode && !writes_reserved(decoded)) return word;
        }
    }

    static bool writes_reserved(const Instruction& instruction) {
        const auto& fields = emu::definition(instruction.opcode).pattern.fields;
        return fields.rd && !fields.float_rd && instruction.rd >= kFirstReserved;
    }

    /// With a base that points where something is. Offsets are at most `reach`.
    void write_access(const Definition& row, Word word, std::int64_t reach) {
        const auto base = any_base();
        word = (word & ~(Word{31} << 15)) | base << 15;
        auto imm = std::int64_t{0};
        if (reach != 0 && row.pattern.form != emu::Form::r) {
            imm =
                static_cast<std::int64_t>(random_.any(0, static_cast<std::uint64_t>(reach) - 1)) - reach / 2;
            word = (word & ~offset_bits(row.opcode, -1)) | offset_bits(row.opcode, imm);
        }
        point(base, imm);
        out_.emit(word);
    }

    /// base + imm = the address of some data, or of something else.
    void point(unsigned base, std::int64_t imm) {
        if (random_.chance(4) && out_.has_room_in_pool()) return out_.constant(base, nowhere());
        out_.address(base, target() - imm);
    }

    /// An address with nothing behind it, whether translated or not.
    std::uint64_t nowhere() {
        if (isa_.xlen() == 32) return 0xd000'0000 + random_.any(0, 0x2fff'ffff);
        return random_.bits() | std::uint64_t{1} << random_.any(36, 63);
    }

    std::size_t place_in_page() {
        if (random_.chance(20)) return kPage - random_.any(1, 15);  // across its end, perhaps
        const auto place = random_.any(0, kEdge - 16) + (random_.chance(50) ? kPage - kEdge : 0);
        return random_.chance(75) ? place & ~std::size_t{7} : place;
    }

    /// Counted from the start of the program.
    std::int64_t target() {
        const auto data = random_.any(0, kDataPages - 1) * kPage + place_in_page();
        const auto alias = kAlias - kBase;
        const auto step = isa_.xlen() == 32 ? kAliasStep32 : kAliasStep64;
        const auto pick = random_.any(0, 99);
        if (pick < 70) return static_cast<std::int64_t>(kData + data);
        if (pick < 86)
            return static_cast<std::int64_t>(alias + random_.any(0, kAliasEntries - 1) * kPage +
                                             place_in_page());
        if (pick < 96)
            return static_cast<std::int64_t>(alias + step * random_.any(1, isa_.xlen() == 32 ? 2 : 3) +
                                             kData + data);
        return static_cast<std::int64_t>(kCode + random_.any(0, kCodeBytes - 16));
    }

    /// Only where there is memory, translated or not: elsewhere QEMU sees no fault in what does not write.
    void point_to_memory(unsigned base) {
        out_.address(base, static_cast<std::int64_t>(kData + random_.any(0, kDataPages - 1) * kPage +
                                                     place_in_page()));
    }

    void write_cache_operation(const Definition& row) {
        const auto base = any_base();
        // At the start of a block, which QEMU shows as what faulted wherever in the block the address is.
        const auto place = random_.any(0, 1) * (kPage - 2 * emu::kCacheBlock) + emu::kCacheBlock;
        out_.address(base, static_cast<std::int64_t>(kData + random_.any(0, kDataPages - 1) * kPage + place));
        out_.emit((word_of(row) & ~(Word{31} << 15)) | base << 15);
    }

    void write_reservation(const Definition& row) {
        const bool wide = row.opcode == Opcode::lr_d || row.opcode == Opcode::sc_d;
        const auto base = any_base();
        const auto other = base == 27 ? 26 : base + 1;
        point_to_memory(base);
        const bool alone = row.kind == Kind::conditional && random_.chance(20);
        if (!alone) out_.emit(atomic(wide ? Opcode::lr_d : Opcode::lr_w, other, 0, base));
        if (random_.chance(60)) out_.emit(op(Opcode::xor_, other, any_source(), any_source()));
        out_.emit(atomic(wide ? Opcode::sc_d : Opcode::sc_w, any_destination(), any_source(), base));
    }

    void write_floating(const Definition& row) {
        const auto word = word_of(row);
        const auto decoded = decoder_.decode(word);
        // Results drift towards NaNs: fetch an operand anew now and then.
        if (row.pattern.fields.float_rs1 && random_.chance(40) && out_.has_room_in_pool()) {
            const auto base = any_base();
            const bool again = random_.chance(70) && operands_ != 0;
            const auto place = again ? operands_ : operands_ = out_.pool(interesting_float(random_));
            const auto low = out_.upper(base, static_cast<std::int64_t>(place));
            out_.emit(load(has(emu::Extension::D) ? Opcode::fld : Opcode::flw, decoded.rs1, low, base));
        }
        out_.emit(word);
    }

    // ---- control flow ---------------------------------------------------------------------------

    void write_forward(const Definition& row) {
        const auto word = word_of(row) & ~offset_bits(row.opcode, -1);
        forwards_.push_back({out_.at(), out_.at(), word, row.opcode});
        out_.emit(word);
    }

    void write_jump_register() {
        const auto base = any_base();
        if (random_.chance(8) && out_.has_room_in_pool()) {
            out_.constant(base, nowhere());
            return out_.emit(jalr(any_destination(), base, static_cast<std::int64_t>(random_.any(0, 64))));
        }
        const auto origin = out_.at();
        out_.upper(base, static_cast<std::int64_t>(origin));
        const auto word = jalr(any_destination(), base, 0);
        forwards_.push_back({out_.at(), origin, word, Opcode::jalr});
        out_.emit(word);
    }

    /// Over one jump, back to it, and over all three.
    void write_forth_and_back() {
        static constexpr std::array kAlways{Opcode::beq, Opcode::bge, Opcode::bgeu};
        const auto same = any_source();
        out_.emit(jal(zero, 8));
        out_.emit(jal(any_destination(), 8));
        if (random_.chance(50))
            out_.emit(branch(random_.one_of(kAlways), same, same, -4));
        else
            out_.emit(jal(zero, -4));
    }

    // ---- compressed -----------------------------------------------------------------------------

    void write_compressed() {
        for (;;) {
            const auto half = static_cast<std::uint16_t>(random_.bits());
            if ((half & 3) == 3) continue;
            const auto decoded = decoder_.decode(half);
            if (decoded.opcode == Opcode::illegal || writes_reserved(decoded)) continue;
            if (write_compressed(half, decoded)) return;
        }
    }

    /// False if these operands lead nowhere. What may trap is followed by 2 bytes that the handlers skip.
    bool write_compressed(std::uint16_t half, const Instruction& decoded) {
        const auto& row = emu::definition(decoded.opcode);
        switch (row.kind) {
            case Kind::alu: out_.emit_half(half); return true;
            case Kind::branch:
            case Kind::jump:
                return row.opcode == Opcode::jalr ? write_compressed_jump(half, decoded)
                                                  : write_compressed_hop(half, decoded);
            case Kind::load:
            case Kind::store:
            case Kind::floating_load:
            case Kind::floating_store:
                if (decoded.rs1 == 0 || decoded.rs1 >= kFirstReserved) return false;
                point(decoded.rs1, decoded.imm);
                break;
            case Kind::system:
                if (decoded.opcode != Opcode::ebreak) return false;
                break;
            default: return false;
        }
        out_.emit_half(half);
        out_.emit_half(kCompressedNop);
        return true;
    }

    bool write_compressed_hop(std::uint16_t half, const Instruction& decoded) {
        if (decoded.imm < 4 || decoded.imm > 10) return false;
        out_.emit_half(half);
        for (int at = 2; at < decoded.imm; at += 2) out_.emit_half(kCompressedNop);
        return true;
    }

    bool write_compressed_jump(std::uint16_t half, const Instruction& decoded) {
        if (decoded.rs1 == 0 || decoded.rs1 >= kFirstReserved) return false;
        const auto behind = static_cast<std::int64_t>(out_.at()) + 12;
        out_.address(decoded.rs1, behind);
        out_.emit_half(half);
        out_.emit_half(kCompressedNop);
        return true;
    }

    // ---- system ---------------------------------------------------------------------------------

    void write_system(const Definition& row) {
        switch (row.opcode) {
            case Opcode::wfi: return out_.emit(nop());  // would wait for ever
            case Opcode::mret: return write_return(Opcode::mret, kMepc);
            case Opcode::sret: return write_return(Opcode::sret, kSepc);
            case Opcode::csrrw:
            case Opcode::csrrs:
            case Opcode::csrrc:
            case Opcode::csrrwi:
            case Opcode::csrrsi:
            case Opcode::csrrci: return write_csr(row);
            // Errata: QEMU lets U mode execute the first two, and shows no word for the third where it is
            // illegal.
            case Opcode::sfence_w_inval:
            case Opcode::sfence_inval_ir:
            case Opcode::wrs_nto: return out_.emit(nop());
            default: return out_.emit(word_of(row));
        }
    }

    /// To the next instruction, in whatever mode.
    void write_return(Opcode back, unsigned epc) {
        const auto through = any_base();
        out_.address(through, static_cast<std::int64_t>(out_.at()) + 16);
        out_.emit(csr(Opcode::csrrw, zero, epc, through));
        out_.emit(op(back));
    }

    void write_csr(const Definition& row) {
        // Whatever the register holds may go into these; none of them takes the program off its way.
        static constexpr std::array kAnything{kSscratch, kMscratch,   kScause,     kMcause, kStval,
                                              kMtval,    kScounteren, kMcounteren, kFflags, kFflags};
        const auto pick = random_.any(0, 99);
        if (pick < 45) return emit_csr(row, random_.one_of(kAnything), any_source());
        if (pick < 65) return emit_csr(row, random_.one_of(readable_), 0, true);
        if (pick < 70) return out_.emit(csr(Opcode::csrrs, zero, counter(), zero));
        if (pick < 75) return write_rounding(row);
        write_chosen_csr();
    }

    /// As a csrr? or csrr?i; `only_read`: in the form that writes nothing.
    void emit_csr(const Definition& row, unsigned number, unsigned source, bool only_read = false) {
        auto opcode = row.opcode;
        if (only_read && (opcode == Opcode::csrrw || opcode == Opcode::csrrwi)) opcode = Opcode::csrrs;
        out_.emit(csr(opcode, any_destination(), number, source));
    }

    /// cycle, time or instret, or what is beside them: whether it may be read, not what it says.
    unsigned counter() {
        static constexpr std::array<unsigned, 5> kCounters{0xc00, 0xc01, 0xc02, 0xb00, 0xb02};
        const auto number = random_.one_of(kCounters);
        return isa_.xlen() == 32 && random_.chance(30) ? number | 0x80 : number;
    }

    void write_rounding(const Definition& row) {
        if (random_.chance(30)) return emit_csr(row, random_.chance(50) ? kFrm : kFcsr, any_source());
        out_.emit(csr(Opcode::csrrwi, any_destination(), kFrm, static_cast<unsigned>(random_.any(0, 4))));
    }

    /// Values that keep the program on its way.
    void write_chosen_csr() {
        const auto through = any_base();
        const auto set = [&](Opcode opcode, unsigned number, std::uint64_t value) {
            out_.number(through, value);
            out_.emit(csr(opcode, random_.chance(50) ? 0 : any_destination(), number, through));
        };
        const auto change = random_.chance(50) ? Opcode::csrrs : Opcode::csrrc;
        switch (random_.any(0, 15)) {
            case 0: return set(Opcode::csrrw, kMedeleg, random_medeleg(random_));
            case 1: return set(Opcode::csrrw, kMideleg, random_.bits() & 0x222);
            case 2: return set(Opcode::csrrw, kMie, random_.bits() & 0x222);
            case 3: return set(Opcode::csrrw, kSie, random_.bits() & 0x222);
            case 4:
                set(Opcode::csrrw, kSatp, random_satp(random_, isa_.xlen()));
                return out_.emit(op(Opcode::sfence_vma));
            case 5: return set(change, random_.chance(50) ? kMip : kSip, random_.bits() & 0x222);
            case 6:
                return set(Opcode::csrrw, kPmpaddr0 + static_cast<unsigned>(random_.any(0, 6)),
                           random_pmp_address(random_));
            case 7: return write_pmp_config(through);
            case 8:
                return set(Opcode::csrrw, random_.chance(50) ? kMenvcfg : kSenvcfg, random_menvcfg(random_));
            case 9:
                return set(Opcode::csrrw, random_.chance(50) ? kMepc : kSepc,
                           interesting_value(random_) & ~std::uint64_t{1});
            case 10: return set(change, kSstatus, random_.bits() & status_bits());
            default: return set(change, kMstatus, random_.bits() & status_bits());
        }
    }

    void write_pmp_config(unsigned through) {
        std::uint64_t config = 0;
        for (unsigned entry = 1; entry < 7; ++entry) config |= random_pmp_config(random_) << (8 * entry);
        config |= std::uint64_t{31} << 56;  // the last entry goes on letting all through
        const bool upper = isa_.xlen() == 32 && random_.chance(50);
        out_.number(through, upper ? config >> 32 : isa_.xlen() == 32 ? config & 0xffff'ffff : config);
        out_.emit(csr(Opcode::csrrw, any_destination(), kPmpcfg0 + (upper ? 1 : 0), through));
    }

    std::uint64_t status_bits() {
        namespace m = emu::mstatus;
        auto bits = m::kSie | m::kMie | m::kSpie | m::kMpie | m::kSpp | m::kSum | m::kMxr;
        if (random_.chance(60)) bits |= m::kMprv;
        if (random_.chance(30)) bits |= m::kMpp;
        if (random_.chance(15)) bits |= m::kTw | m::kTsr | (traps_fences_ ? m::kTvm : 0);
        if (random_.chance(8)) bits |= m::kFs;
        return bits;
    }

    /// Another leaf for some page, as a kernel does it: with a fence.
    void write_table_edit() {
        if (!out_.has_room_in_pool()) return out_.emit(nop());
        const auto size = isa_.xlen() / 8;
        const auto table = any_base();
        const auto value = table == 27 ? 1 : table + 1;
        const bool own = random_.chance(30);
        const auto entry =
            own ? kData / kPage + random_.any(0, kDataPages - 1) : random_.any(0, kAliasEntries - 1);
        out_.address(table, static_cast<std::int64_t>((own ? kLeaves : kAliasLeaves) + entry * size));
        out_.constant(value, random_leaf(random_, isa_.xlen()));
        out_.emit(store(size == 8 ? Opcode::sd : Opcode::sw, value, 0, table));
        out_.emit(op(Opcode::sfence_vma));
    }

    Writer& out_;
    Random& random_;
    const emu::Decoder& decoder_;
    const emu::Isa& isa_;
    bool traps_fences_;
    std::vector<const Definition*> rows_;
    std::vector<std::uint16_t> readable_;
    std::vector<std::size_t> boundaries_;  ///< of the chunk: where one may jump to
    std::vector<Forward> forwards_;
    std::size_t operands_ = 0;  ///< where the pool holds a floating-point operand
};

}  // namespace

void write_random_code(Writer& out, Random& random, const emu::Decoder& decoder, bool traps_fences) {
    RandomCode(out, random, decoder, traps_fences).write();
}

std::uint64_t random_medeleg(Random& random) {
    constexpr std::uint64_t kCallFromS = 1u << 9, kFetch = 1u << 0 | 1u << 1 | 1u << 12;
    const auto bits = random.bits() & 0xb3ff & ~kCallFromS;
    return random.chance(50) ? bits & ~kFetch : bits;
}

std::uint64_t random_menvcfg(Random& random) {
    using namespace emu::envcfg;
    constexpr auto kOneOfCbie = std::uint64_t{1} << kCbieShift;  // 1 or 3; 2 is reserved
    return (random.bits() & (kFiom | kCbie | kCbcfe | kCbze | kAdue | kPbmte | kStce)) | kOneOfCbie;
}

std::uint64_t random_pmp_config(Random& random) {
    auto config = random.any(0, 0x1f);
    if ((config & 3) == 2) config |= 1;  // W without R is reserved
    return random.chance(2) ? config | 0x80 : config;
}

std::uint64_t random_pmp_address(Random& random) {
    // Between pages, or amid one where no access goes: a border inside an access divides it or not, as one
    // likes.
    const auto place = (kBase + kData + random.any(0, 2 * kDataPages) * (kPage / 2)) >> 2;
    // For a region of a power of 2: low ones say how large it is, from half a page on.
    return random.chance(50) ? place : place | ((std::uint64_t{1} << random.any(8, 11)) - 1);
}

}  // namespace backspin::lockstep
