#include "testsuite/emu/random_code.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "emu/csr.hpp"
#include "emu/hart.hpp"
#include "emu/trap.hpp"
#include "testsuite/emu/csr_numbers.hpp"
#include "testsuite/emu/fp_operands.hpp"
#include "testsuite/emu/random_handlers.hpp"
#include "testsuite/emu/random_tables.hpp"

namespace backspin::emu::testing {
namespace {

using namespace random_layout;
using namespace csr_number;

constexpr std::uint16_t kCompressedNop = 0x0001;
/// No construct is longer.
constexpr std::size_t kLongest = 64;

/// What random values must not get into: traps would lead nowhere, and nothing would move any more.
bool is_spared(unsigned number) {
    static constexpr std::array kSpared{kMtvec,   kStvec,   kMie,     kMedeleg,  kSatp,
                                        kMstatus, kSstatus, kMenvcfg, kMenvcfgh, kPmpaddr0 + 15};
    return std::ranges::count(kSpared, number) != 0 || (number >= kPmpcfg0 && number <= kPmpcfg3);
}

class RandomCode {
  public:
    RandomCode(ProgramWriter& out, Random& random, const RandomProgramOptions& options)
        : out_(out), random_(random), options_(options), decoder_(options.isa) {
        for (const auto& row : definitions())
            if (options.isa.has(row.needs)) rows_.push_back(&row);
        for (const auto& csr : csrs())
            if (options.isa.has(csr.needs)) csrs_.push_back(csr.number);
        if (options.privileged) prepare_values();
    }

    void write() {
        out_.go_to(kCode);
        while (out_.at() + kLongest <= kCodeEnd) write_something();
        while (out_.at() + 4 <= kCodeEnd) out_.emit(nop());
    }

  private:
    bool has(Extension extension) const { return options_.isa.has(extension); }
    unsigned any_destination() { return static_cast<unsigned>(random_.any(0, kFirstReserved - 1)); }
    unsigned any_base() { return static_cast<unsigned>(random_.any(1, kFirstReserved - 1)); }
    unsigned any_source() { return static_cast<unsigned>(random_.any(0, 31)); }
    unsigned other_than(unsigned base) { return base == 1 ? 2 : base - 1; }

    // ---- what there is --------------------------------------------------------------------------

    void write_something() {
        const auto pick = random_.any(0, 999);
        if (pick < 8) return write_any_bits();
        if (options_.privileged && pick < 40 && dares(Privilege::supervisor)) return write_table_edit();
        if (options_.privileged && pick < 70 && dares(Privilege::supervisor)) return write_chosen_csr();
        if (options_.privileged && pick < 90 && dares(Privilege::supervisor)) return write_foreign_access();
        if (pick < 105) return write_code_edit();
        if (pick < 125) return write_far_jump();
        if (pick < 137) return out_.emit(op(Opcode::ecall));
        if (pick < 152) return write_device_access();
        if (pick < 157 && dares(Privilege::supervisor)) return out_.emit(op(Opcode::wfi));
        if (pick < 170 && dares(Privilege::supervisor)) return write_own_interrupt();
        // Soon after one compressed instruction comes another: the handlers go on at multiples of 4.
        const bool aligned = out_.at() % 4 == 0;
        if (pick < (aligned ? 360 : 600) && has(Extension::Zca)) return write_compressed(aligned);
        write_row(*random_.one_of(rows_));
    }

    void write_any_bits() {
        const auto bits = random_.bits();
        if (random_.chance(50)) return out_.emit(static_cast<Word>(bits));
        out_.emit_half(static_cast<std::uint16_t>(bits));
        out_.emit_half(static_cast<std::uint16_t>(bits >> 16 | 3));
    }

    void write_row(const Definition& row) {
        switch (row.kind) {
            case Kind::load:
            case Kind::store:
            case Kind::floating_load:
            case Kind::floating_store: return write_access(row);
            case Kind::atomic:
            case Kind::cache: return write_aligned_access(row);
            case Kind::reserve:
            case Kind::conditional: return write_reservation(row);
            case Kind::branch: return out_.emit(word_of(row, short_distance()));
            case Kind::jump:
                if (row.opcode == Opcode::jalr) return write_far_jump();
                return out_.emit(word_of(row, 4 * short_distance()));
            case Kind::system: return write_system(row);
            default: return out_.emit(word_of(row));
        }
    }

    /// Random operands; the handlers' registers stay what they are, and rounding modes mostly exist.
    Word word_of(const Definition& row) {
        for (;;) {
            const auto word = row.pattern.value | (static_cast<Word>(random_.bits()) & ~row.pattern.mask);
            const auto decoded = decoder_.decode(word);
            if (decoded.opcode != row.opcode || writes_reserved(decoded)) continue;
            if ((decoded.rounding == 5 || decoded.rounding == 6) && random_.chance(90)) continue;
            return word;
        }
    }
    Word word_of(const Definition& row, std::int64_t imm) { return with_immediate(word_of(row), imm); }

    static bool writes_reserved(const Instruction& instruction) {
        const auto& fields = definition(instruction.opcode).pattern.fields;
        return fields.rd && !fields.float_rd && instruction.rd >= kFirstReserved;
    }
    Word with_immediate(Word word, std::int64_t imm) const {
        const auto opcode = decoder_.decode(word).opcode;
        const auto bits = [&](std::int64_t value) {
            return encode(opcode, {0, 0, 0, value}) & ~definition(opcode).pattern.mask;
        };
        return (word & ~bits(-1)) | bits(imm);
    }
    static Word with_base(Word word, unsigned base) { return (word & ~(Word{31} << 15)) | base << 15; }

    /// Mostly forward, or nothing would ever end.
    std::int64_t short_distance() {
        const auto distance = 2 * static_cast<std::int64_t>(random_.any(2, 24));
        return random_.chance(15) ? -distance : distance & ~std::int64_t{random_.chance(90) ? 3 : 1};
    }

    // ---- memory ---------------------------------------------------------------------------------

    bool in_user_page() const { return is_user_page(out_.at()); }
    /// Whether this page's code may do what a mode may. What it may not, it tries now and then.
    bool dares(Privilege what) { return mode_of(out_.at()) >= what || random_.chance(4); }

    /// A page of these that is as ours is: for U mode or not.
    std::size_t page_like_ours(std::size_t from, std::size_t end) {
        for (;;) {
            const auto page = from + random_.any(0, (end - from) / kPage - 1) * kPage;
            if (random_.chance(6) || is_user_page(page) == in_user_page()) return page;
        }
    }

    /// Counted from the start of the program: data, mostly.
    std::int64_t target() {
        auto place = random_.any(0, kPage - 64);
        if (random_.chance(8)) place = kPage - random_.any(1, 15);  // across the page's end, perhaps
        if (random_.chance(70)) place &= ~std::uint64_t{7};
        const auto data = page_like_ours(kData, kDataEnd) + place;
        const auto large = out_.xlen() == 64 ? kLargeAlias64 : kLargeAlias32;
        // Machine mode sees no alias, but in another mode's name.
        const bool translated = mode_of(out_.at()) != Privilege::machine || random_.chance(8);
        const auto pick = random_.any(0, 99);
        std::uint64_t result = data;
        if (pick < 3) {
            result = page_like_ours(kCode, kCodeEnd) + place;
        } else if (pick < 5) {
            result = kMiddle + random_.any(0, 4 * kPage - 8);
        } else if (pick < 6) {
            result = 0x3000'0000 + random_.bits() % 0x1000'0000;  // where nothing is
        } else if (translated && pick < 10) {
            result += kAlias;
        } else if (translated && pick < 13) {
            result += large;
        } else if (translated && pick < 15) {
            result = kAlias + random_.any(kPages, 3 * kPages - 1) * kPage + place;
        } else if (translated && pick < 16) {
            result += large + 0x20'0000 * random_.any(1, 2);
        }
        return static_cast<std::int64_t>(result);
    }

    void write_access(const Definition& row) {
        const auto imm = static_cast<std::int64_t>(random_.any(0, 255)) - 128;
        const auto word = word_of(row, imm);
        if (random_.chance(5)) return out_.emit(word);  // wherever that register points
        const auto base = any_base();
        out_.address(base, target() - imm);
        out_.emit(with_base(word, base));
    }

    void write_aligned_access(const Definition& row) {
        const auto base = any_base();
        const auto where = target();
        out_.address(base, random_.chance(92) ? where & ~std::int64_t{7} : where);
        out_.emit(with_base(word_of(row), base));
    }

    void write_reservation(const Definition& row) {
        if (random_.chance(25)) return write_aligned_access(row);
        const bool wide = row.opcode == Opcode::lr_d || row.opcode == Opcode::sc_d;
        const auto base = any_base();
        const auto other = other_than(base);
        out_.address(base, target() & ~std::int64_t{7});
        out_.emit(atomic(wide ? Opcode::lr_d : Opcode::lr_w, other, 0, base));
        if (random_.chance(60)) out_.emit(op(Opcode::xor_, other, any_source(), any_source()));
        if (random_.chance(15)) out_.emit(atomic(Opcode::amoadd_w, other, other, base));
        out_.emit(atomic(wide ? Opcode::sc_d : Opcode::sc_w, any_destination(), any_source(), base));
    }

    /// In another mode's name, or past what its pages permit.
    void write_foreign_access() {
        const bool machine = mode_of(out_.at()) == Privilege::machine;
        const auto number = machine ? kMstatus : kSstatus;
        auto bits = random_.bits() & (mstatus::kSum | mstatus::kMxr);
        if (machine) bits |= mstatus::kMprv | (random_.bits() & mstatus::kMpp);
        const auto base = any_base();
        out_.small_constant(base, static_cast<std::uint32_t>(bits));
        out_.emit(csr(Opcode::csrrs, zero, number, base));
        for (auto count = random_.any(1, 3); count > 0; --count) {
            const auto other = any_base();
            const auto low = out_.upper(other, target());
            if (random_.chance(50))
                out_.emit(load(Opcode::lw, any_destination(), low, other));
            else
                out_.emit(store(Opcode::sw, any_source(), low, other));
        }
        out_.small_constant(base, mstatus::kMprv | mstatus::kSum | mstatus::kMxr);
        out_.emit(csr(Opcode::csrrc, zero, number, base));
    }

    /// Changes one bit of an entry, and seldom tells the hart. Then comes an access to the page.
    void write_table_edit() {
        const auto base = any_base();
        const auto other = other_than(base);
        const auto size = out_.xlen() / 8;
        auto page = page_like_ours(kData, kDataEnd) / kPage;
        if (random_.chance(15)) page = random_.any(kCode / kPage, kCodeEnd / kPage - 1);
        if (random_.chance(15)) page = random_.any(kDataEnd / kPage, 3 * kPages - 1);
        const bool alias = random_.chance(25);
        auto entry = (alias ? kAliasLeaves : kLeaves) + page * size;
        if (random_.chance(4)) entry = kAliasMiddle + random_.any(0, 3) * size;
        out_.address(base, static_cast<std::int64_t>(entry));
        out_.emit(load(Opcode::lw, other, 0, base));
        const auto bit = random_.chance(85) ? 1 << random_.any(0, 7) : 1 << 10;
        out_.emit(op_imm(random_.chance(60) ? Opcode::xori : Opcode::ori, other, other, bit));
        out_.emit(store(Opcode::sw, other, 0, base));
        if (random_.chance(20)) out_.emit(op(Opcode::sfence_vma, 0, random_.chance(50) ? base : 0, 0));
        const auto touched = page * kPage + (alias ? kAlias : 0) + random_.any(0, kPage / 8 - 1) * 8;
        const auto low = out_.upper(base, static_cast<std::int64_t>(touched));
        if (random_.chance(50))
            out_.emit(load(Opcode::lw, other, low, base));
        else if (page * kPage >= kData)
            out_.emit(store(Opcode::sw, any_source(), low, base));
    }

    /// Puts a word of the code in another one's place, which is soon to be executed.
    void write_code_edit() {
        const auto base = any_base();
        const auto other = other_than(base);
        const auto from = page_like_ours(kCode, kCodeEnd) + 4 * random_.any(0, kPage / 4 - 1);
        const auto to = std::min(out_.at() + 4 * random_.any(6, 60), kCodeEnd - 4) & ~std::size_t{3};
        auto low = out_.upper(base, static_cast<std::int64_t>(from));
        out_.emit(load(Opcode::lw, other, low, base));
        low = out_.upper(base, static_cast<std::int64_t>(to + (random_.chance(15) ? kAlias : 0)));
        out_.emit(store(Opcode::sw, other, low, base));
        if (random_.chance(30) && has(Extension::Zifencei)) out_.emit(op(Opcode::fence_i));
    }

    void write_device_access() {
        const auto base = any_base();
        const auto at = [&](BusRange range, std::uint64_t offset) {
            out_.small_constant(base, static_cast<std::uint32_t>(range.base.value + offset));
        };
        using namespace memory_map;
        switch (random_.any(0, options_.virtio ? 8 : 5)) {
            case 6:
            case 7:  // a virtio device is told of chains
                at(kVirtio, kVirtioTransportSize * random_.any(0, 6) + 0x50);
                out_.emit(addi(other_than(base), zero, static_cast<std::int64_t>(random_.any(0, 3))));
                return out_.emit(store(Opcode::sw, other_than(base), 0, base));
            case 8:
                at(kVirtio, kVirtioTransportSize * random_.any(0, 6) + 4 * random_.any(0, 0x4f));
                return out_.emit(random_.chance(85) ? load(Opcode::lw, any_destination(), 0, base)
                                                    : store(Opcode::sw, any_source(), 0, base));
            case 0:
                at(kUart, random_.any(0, 7));
                return out_.emit(random_.chance(60) ? load(Opcode::lbu, any_destination(), 0, base)
                                                    : store(Opcode::sb, any_source(), 0, base));
            case 1:  // another hart is called, or this one
                at(kAclint, 4 * random_.any(0, options_.harts - 1));
                out_.emit(addi(other_than(base), zero, 1));
                return out_.emit(store(Opcode::sw, other_than(base), 0, base));
            case 2: at(kAclint, 0xbff8); return out_.emit(load(Opcode::lw, any_destination(), 0, base));
            case 3:
                at(kPlic, 4 * random_.any(0, 12));
                return out_.emit(random_.chance(50) ? load(Opcode::lw, any_destination(), 0, base)
                                                    : store(Opcode::sw, any_source(), 0, base));
            case 4:
                at(kRtc, random_.chance(40) ? 0 : 4 * random_.any(0, 8));
                return out_.emit(random_.chance(50) ? load(Opcode::lw, any_destination(), 0, base)
                                                    : store(Opcode::sw, any_source(), 0, base));
            default:
                at(kPlic, 0x20'0004 + 0x1000 * random_.any(0, 2 * options_.harts - 1));
                return out_.emit(load(Opcode::lw, any_destination(), 0, base));
        }
    }

    // ---- control flow ---------------------------------------------------------------------------

    /// Within pages like ours, or in the alias, whose pages are the other way round.
    void write_far_jump() {
        const auto base = any_base();
        const bool alias = options_.privileged && random_.chance(40);
        const auto own = in_user_page();
        for (;;) {
            const auto page = kCode + random_.any(0, (kCodeEnd - kCode) / kPage - 1) * kPage;
            if ((is_user_page(page) == own) == alias && !random_.chance(10)) continue;
            const auto to = page + 4 * random_.any(0, kPage / 4 - 1) + (alias ? kAlias : 0);
            const auto low = out_.upper(base, static_cast<std::int64_t>(to));
            return out_.emit(jalr(any_destination(), base, random_.chance(5) ? low ^ 2 : low));
        }
    }

    // ---- compressed -----------------------------------------------------------------------------

    void write_compressed(bool aligned) {
        emit_compressed();
        if (aligned && random_.chance(85)) emit_compressed();
    }

    void emit_compressed() {
        for (int tries = 0; tries < 50; ++tries) {
            const auto half = static_cast<std::uint16_t>(random_.bits());
            if ((half & 3) == 3) continue;
            const auto decoded = decoder_.decode(half);
            if (decoded.opcode == Opcode::illegal || writes_reserved(decoded)) continue;
            const auto& row = definition(decoded.opcode);
            if (row.kind == Kind::jump && random_.chance(93)) continue;
            if (row.kind == Kind::branch && decoded.imm < 0 && random_.chance(80)) continue;
            const bool access = row.kind == Kind::load || row.kind == Kind::store ||
                                row.kind == Kind::floating_load || row.kind == Kind::floating_store;
            // sp is a base as good as others.
            if (access && random_.chance(85) && decoded.rs1 != 0 && decoded.rs1 < kFirstReserved &&
                out_.at() % 4 == 0)
                out_.address(decoded.rs1, (target() & ~std::int64_t{7}) - decoded.imm);
            return out_.emit_half(half);
        }
        out_.emit_half(kCompressedNop);
    }

    // ---- system ---------------------------------------------------------------------------------

    void write_system(const Definition& row) {
        const bool is_privileged = row.opcode == Opcode::mret || row.opcode == Opcode::sret ||
                                   row.opcode == Opcode::wfi || row.opcode == Opcode::sfence_vma ||
                                   row.needs.extension == Extension::Svinval;
        const auto needed = row.opcode == Opcode::mret ? Privilege::machine : Privilege::supervisor;
        if (is_privileged && !dares(needed)) return out_.emit(op(Opcode::pause));
        switch (row.opcode) {
            case Opcode::mret: return write_return(row.opcode, kMepc);
            case Opcode::sret: return write_return(row.opcode, kSepc);
            case Opcode::csrrw:
            case Opcode::csrrs:
            case Opcode::csrrc:
            case Opcode::csrrwi:
            case Opcode::csrrsi:
            case Opcode::csrrci: return write_csr(row);
            default: return out_.emit(word_of(row));
        }
    }

    /// To what comes next, or wherever the last trap came from.
    void write_return(Opcode back, unsigned epc) {
        if (random_.chance(70)) {
            const auto base = any_base();
            out_.address(base, static_cast<std::int64_t>(out_.at()) + 16);
            out_.emit(csr(Opcode::csrrw, zero, epc, base));
        }
        out_.emit(op(back));
    }

    void write_csr(const Definition& row) {
        static constexpr std::array kPopular{
            kFflags,   kFcsr,  kSie,  kScounteren, kSenvcfg,       kSscratch,     kSepc,
            kScause,   kStval, kSip,  kMideleg,    kMcounteren,    kMscratch,     kMepc,
            kMcause,   kMtval, kMip,  kPmpaddr0,   kPmpaddr0 + 1,  kPmpaddr0 + 2, kMcycle,
            kMinstret, kCycle, kTime, kInstret,    kMcountinhibit, kMstatus,      kSstatus};
        const auto pick = random_.any(0, 99);
        if (pick < 12 && has(Extension::F))
            return out_.emit(csr(Opcode::csrrwi, any_destination(), kFrm,
                                 static_cast<unsigned>(random_.any(0, random_.chance(96) ? 4 : 7))));
        const auto lowest = [](unsigned number) { return static_cast<Privilege>(number >> 8 & 3); };
        const bool bold = random_.chance(4);
        unsigned number = kFflags;
        for (int tries = 0; tries < 30; ++tries) {
            number = pick < 45 ? random_.one_of(kPopular) : random_.one_of(csrs_);
            if (bold || lowest(number) <= mode_of(out_.at())) break;
        }
        if (pick >= 98) number = static_cast<unsigned>(random_.any(0, 4095));
        if (number == kMstatus || number == kSstatus) return write_interrupt_enable(number);
        auto source = any_source();
        auto opcode = row.opcode;
        if (is_spared(number) || random_.chance(20)) {  // only reads
            source = 0;
            if (opcode == Opcode::csrrw) opcode = Opcode::csrrs;
            if (opcode == Opcode::csrrwi) opcode = Opcode::csrrsi;
        }
        out_.emit(csr(opcode, any_destination(), number, source));
    }

    void write_interrupt_enable(unsigned number) {
        const bool set = random_.chance(75);
        const auto bits = number == kMstatus ? 8u : 2u;
        out_.emit(csr(set ? Opcode::csrrsi : Opcode::csrrci, any_destination(), number, bits));
    }

    /// For S mode: of software, or of its timer.
    void write_own_interrupt() {
        const bool timer = has(Extension::Sstc) && has(Extension::Zicntr) && random_.chance(60);
        if (!timer) return out_.emit(csr(Opcode::csrrsi, any_destination(), kSip, 2));
        const auto base = any_base();
        out_.emit(csr(Opcode::csrrs, base, kTime, zero));
        out_.emit(addi(base, base, static_cast<std::int64_t>(random_.any(0, 2000))));
        if (out_.xlen() == 32) out_.emit(csr(Opcode::csrrw, zero, kStimecmph, zero));
        out_.emit(csr(Opcode::csrrw, zero, kStimecmp, base));
    }

    // ---- CSRs with values that keep the program on its way ----------------------------------------

    struct Chosen {
        unsigned number;
        std::size_t value;  ///< where it is in the pool
    };

    void prepare_values() {
        const auto add = [&](int count, unsigned number, auto value) {
            for (int i = 0; i < count; ++i) chosen_.push_back({number, out_.pool(value())});
        };
        add(8, kSatp, [&] { return random_satp(random_, options_.isa); });
        add(3, kMedeleg, [&] { return random_medeleg(random_); });
        add(2, kMideleg, [&] { return random_.bits() & kSupervisorInterrupts; });
        add(2, kMie, [&] { return kMachineInterrupts | (random_.bits() & kSupervisorInterrupts); });
        add(2, kSie, [&] { return random_.bits() & kSupervisorInterrupts; });
        add(2, kMip, [&] { return random_.bits() & kSupervisorInterrupts; });
        add(3, kMenvcfg, [&] { return random_.bits(); });
        if (out_.xlen() == 32) add(3, kMenvcfgh, [&] { return random_.bits() >> 32; });
        add(3, kPmpcfg0, [&] { return random_.chance(50) ? 0 : random_.bits() & 0x1f1f'1f1f; });
        add(2, kPmpaddr0, [&] { return (kBase + random_.any(kCode, kBytes)) >> 2; });
        add(2, kMcounteren, [&] { return random_.bits(); });
    }

    void write_chosen_csr() {
        const auto [number, value] = random_.one_of(chosen_);
        if (!dares(static_cast<Privilege>(number >> 8 & 3))) return out_.emit(op(Opcode::sfence_vma));
        const auto base = any_base();
        out_.load_register(base, value);
        out_.emit(csr(Opcode::csrrw, random_.chance(50) ? zero : any_destination(), number, base));
        if (number == kSatp && random_.chance(40)) out_.emit(op(Opcode::sfence_vma));
    }

    ProgramWriter& out_;
    Random& random_;
    const RandomProgramOptions& options_;
    Decoder decoder_;
    std::vector<const Definition*> rows_;
    std::vector<unsigned> csrs_;
    std::vector<Chosen> chosen_;
};

std::uint64_t interesting_float(Random& random) {
    static const auto kDoubles = many_operands<fp::f64>();
    static const auto kSingles = many_operands<fp::f32>();
    static const auto kHalves = many_operands<fp::f16>();
    switch (random.any(0, 5)) {
        case 0:
        case 1: return fp::box(random.one_of(kDoubles));
        case 2:
        case 3: return fp::box(random.one_of(kSingles));
        case 4: return fp::box(random.one_of(kHalves));
        default:
            return fp::box(fp::f64{(random.bits() & 0x800f'ffff'ffff'ffff) | random.any(963, 1083) << 52});
    }
}

}  // namespace

void write_random_code(ProgramWriter& out, Random& random, const RandomProgramOptions& options) {
    RandomCode(out, random, options).write();
}

std::uint64_t interesting_value(Random& random) {
    switch (random.any(0, 11)) {
        case 0: return random.any(0, 64);
        case 1: return ~std::uint64_t{0} - random.any(0, 64);
        case 2: return std::uint64_t{1} << random.any(0, 63);
        case 3:
            return static_cast<std::uint64_t>(static_cast<std::int64_t>(random.bits()) >> random.any(0, 63));
        case 4: return random.bits();
        case 5: return kBase + random.any(kCode, kCodeEnd);
        case 6: return kBase + random.any(kCode / kPage + 1, kPages) * kPage - random.any(0, 9);
        case 7: return kBase + random.any(kData, kDataEnd - 64);
        default: return interesting_float(random);
    }
}

std::uint64_t random_medeleg(Random& random) {
    constexpr auto unfetched = std::uint64_t{1}
                                   << static_cast<unsigned>(Cause::instruction_address_misaligned) |
                               std::uint64_t{1} << static_cast<unsigned>(Cause::instruction_access_fault) |
                               std::uint64_t{1} << static_cast<unsigned>(Cause::instruction_page_fault) |
                               std::uint64_t{1} << static_cast<unsigned>(Cause::ecall_from_s);
    const auto bits = random.bits() & 0xffff;
    return random.chance(90) ? bits & ~unfetched : bits;
}

}  // namespace backspin::emu::testing
