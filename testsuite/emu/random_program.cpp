#include "testsuite/emu/random_program.hpp"

#include <array>

#include "emu/hart.hpp"
#include "emu/trap.hpp"
#include "testsuite/emu/csr_numbers.hpp"
#include "testsuite/emu/program_writer.hpp"
#include "testsuite/emu/random.hpp"
#include "testsuite/emu/random_code.hpp"
#include "testsuite/emu/random_handlers.hpp"
#include "testsuite/emu/random_tables.hpp"

namespace backspin::emu::testing {
namespace {

using namespace random_layout;
using namespace csr_number;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

class ProgramBuilder {
  public:
    ProgramBuilder(std::span<std::byte> memory, std::uint64_t seed, const RandomProgramOptions& options)
        : options_(options), random_(seed), out_(memory, options.isa.xlen(), kPool, kPoolEnd) {}

    void build() {
        for (std::size_t at = kData; at < kDataEnd; at += 8) out_.data(at, interesting_value(random_), 8);
        out_.data(kDice, random_.bits() & 0x7fff'ffff, 4);
        write_random_tables(out_, random_);
        for (std::uint64_t i = 0; i < environment::kCount; ++i) write_environment(i);
        write_machine_handler(out_, ticks_);
        write_supervisor_handler(out_);
        write_start();
        write_random_code(out_, random_, options_);
    }

  private:
    bool is_64() const { return options_.isa.xlen() == 64; }
    void set_csr(unsigned number, std::uint64_t value) { out_.set_csr(number, value, t6); }

    // ---- environments ---------------------------------------------------------------------------

    std::uint64_t random_mode() {
        static constexpr std::array<std::uint64_t, 10> kModes{0, 0, 0, 0, 1, 1, 1, 1, 3, 3};
        return options_.privileged ? random_.one_of(kModes) : 3;
    }

    std::uint64_t random_status(std::uint64_t mode) {
        auto status = mode << mstatus::kMppShift;
        if (random_.chance(90)) status |= mstatus::kMpie;
        if (random_.chance(96)) status |= random_.any(1, 3) << 13;  // floating point: initial, clean, dirty
        if (!options_.privileged) return status;
        for (const auto bit : {mstatus::kSie, mstatus::kSpie, mstatus::kSpp, mstatus::kSum, mstatus::kMxr})
            if (random_.chance(50)) status |= bit;
        for (const auto bit : {mstatus::kMprv, mstatus::kTvm, mstatus::kTw})
            if (random_.chance(6)) status |= bit;
        if (random_.chance(2)) status |= mstatus::kTsr;  // which the supervisor's handler cannot bear
        return status;
    }

    /// The start of a page of code that is for this mode.
    std::uint64_t random_page(std::uint64_t mode) {
        for (;;) {
            const auto page = kCode + random_.any(0, (kCodeEnd - kCode) / kPage - 1) * kPage;
            if (static_cast<std::uint64_t>(mode_of(page)) == mode || random_.chance(5)) return kBase + page;
        }
    }

    std::uint64_t random_features() {
        auto bits = random_.bits();
        if (random_.chance(60)) bits |= envcfg::kStce;
        if (random_.chance(60)) bits |= envcfg::kCbie | envcfg::kCbcfe | envcfg::kCbze;
        return bits;
    }

    void write_environment(std::uint64_t number) {
        using namespace environment;
        const auto set = [&](Field at, std::uint64_t value) {
            out_.data(kEnvironments + (number << kSizeShift) + std::size_t{8} * at, value, 8);
        };
        const auto mode = random_mode();
        set(status, random_status(mode));
        set(pc, random_page(mode));
        set(mie, kMachineInterrupts | (random_.bits() & kSupervisorInterrupts));
        if (!options_.privileged) return;
        set(satp, random_satp(random_, options_.isa));
        set(medeleg, random_medeleg(random_));
        set(mideleg, random_.bits() & kSupervisorInterrupts);
        const auto features = random_features();
        set(menvcfg, features);
        set(menvcfgh, features >> 32);
        set(pmpcfg, random_.chance(75) ? 0 : random_.bits() & 0x1f1f'1f1f);
        set(mcounteren, random_.chance(75) ? kAll : random_.bits());
    }

    // ---- start ----------------------------------------------------------------------------------

    /// The last entry lets everything through; the first four come and go; the fifth may be locked, and then
    /// holds for M mode too.
    void write_protection() {
        constexpr std::uint64_t kNapot = 3u << 3, kLock = 0x80;
        if (!options_.privileged) return;
        for (unsigned entry = 0; entry < 4; ++entry)
            set_csr(kPmpaddr0 + entry, (kBase + random_.any(kData, kBytes)) >> 2);
        const auto page = kBase + kData + random_.any(0, (kDataEnd - kData) / kPage - 1) * kPage;
        set_csr(kPmpaddr0 + 4, page >> 2 | (kPage / 8 - 1));
        set_csr(kPmpaddr0 + 15, kAll);
        set_csr(is_64() ? kPmpcfg0 + 2 : kPmpcfg3, (kNapot | 7) << (is_64() ? 56 : 24));
        if (!random_.chance(25)) return;
        const auto locked = kLock | kNapot | random_.any(0, 7);
        set_csr(is_64() ? kPmpcfg0 : kPmpcfg0 + 1, is_64() ? locked << 32 : locked);
    }

    /// The UART's receive interrupt, for M and S mode of every hart.
    void write_devices() {
        constexpr auto kUart = memory_map::kUart.base.value;
        constexpr auto kPlic = memory_map::kPlic.base.value;
        const auto put = [&](Opcode opcode, std::uint64_t at, std::uint32_t value) {
            out_.small_constant(t6, static_cast<std::uint32_t>(at));
            out_.small_constant(t5_, value);
            out_.emit(store(opcode, t5_, 0, t6));
        };
        put(Opcode::sb, kUart + 2, 0x81);  // FIFOs on, so that a lone byte times out
        put(Opcode::sb, kUart + 1, 1);
        put(Opcode::sw, kPlic + std::uint64_t{4} * interrupt_source::kUart, 1);
        for (std::uint64_t source = 0; options_.virtio && source < 7; ++source)
            put(Opcode::sw, kPlic + 4 * (interrupt_source::kVirtio + source), 1);
        constexpr std::uint32_t kVirtioSources = 0x7f << interrupt_source::kVirtio;
        for (unsigned context = 0; context < 2 * options_.harts; ++context)
            put(Opcode::sw, kPlic + 0x2000 + std::uint64_t{0x80} * context,
                1u << interrupt_source::kUart | kVirtioSources);
    }

    void write_registers() {
        if (options_.isa.has(Extension::F)) {
            const auto wide = options_.isa.has(Extension::D) ? Opcode::fld : Opcode::flw;
            out_.address(t6, kData);
            for (unsigned rd = 0; rd < 32; ++rd) out_.emit(load(wide, rd, std::int64_t{8} * rd, t6));
            set_csr(kFcsr, random_.any(0, 4) << 5);
        }
        for (unsigned rd = 1; rd < kFirstReserved; ++rd) out_.constant(rd, interesting_value(random_));
    }

    void write_start() {
        out_.go_to(kStart);
        set_csr(kMtvec, (kBase + kMachineHandler) | random_.any(0, 1));
        set_csr(kMstatus, mstatus::kFsDirty);
        if (options_.privileged) {
            set_csr(kStvec, (kBase + kSupervisorHandler) | random_.any(0, 1));
            set_csr(kScounteren, random_.chance(75) ? kAll : random_.bits());
            set_csr(kSenvcfg, random_features() & 0xffff);
            set_csr(kSatp, random_satp(random_, options_.isa));
            set_csr(kMedeleg, random_medeleg(random_));
            set_csr(kMideleg, random_.bits() & kSupervisorInterrupts);
            const auto features = random_features();
            set_csr(kMenvcfg, features);
            if (!is_64()) set_csr(kMenvcfgh, features >> 32);
            set_csr(kMcounteren, kAll);
        }
        write_protection();
        write_devices();
        write_registers();
        set_csr(kMie, kMachineInterrupts);
        write_timer_setting(out_, ticks_);
        out_.emit(op(Opcode::ecall));  // into the first environment
    }

    static constexpr unsigned t5_ = 30;

    RandomProgramOptions options_;
    Random random_;
    ProgramWriter out_;
    std::uint32_t ticks_ = static_cast<std::uint32_t>(random_.any(4000, 25000));
};

}  // namespace

RandomProgram::RandomProgram(std::uint64_t seed, const RandomProgramOptions& options) : bytes_(kBytes) {
    ProgramBuilder(bytes_, seed, options).build();
}

}  // namespace backspin::emu::testing
