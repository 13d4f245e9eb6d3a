#include "testsuite/lockstep/program.hpp"

#include "emu/hart.hpp"
#include "emu/trap.hpp"
#include "testsuite/emu/elf_builder.hpp"
#include "testsuite/lockstep/layout.hpp"
#include "testsuite/lockstep/random_code.hpp"
#include "testsuite/lockstep/registers.hpp"
#include "testsuite/lockstep/tables.hpp"
#include "testsuite/lockstep/values.hpp"
#include "testsuite/lockstep/writer.hpp"

namespace backspin::lockstep {
namespace {

using emu::Opcode;
using namespace emu::testing;
using namespace layout;
using namespace csrs;

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kFinisher = emu::memory_map::kFinisher.base.value;
constexpr std::uint64_t kMtimecmp = emu::memory_map::kAclint.base.value + 0x4000;

// The handlers' registers. Offsets count from kCode.
constexpr unsigned kNextChunk = 28;  ///< the offset of the chunk behind the one that runs
constexpr unsigned kDice = 29;       ///< a number that is another one at each trap
constexpr unsigned t5 = 30;

void set_csr(Writer& out, unsigned number, std::uint64_t value) {
    out.constant(t6, value);
    out.emit(csr(Opcode::csrrw, zero, number, t6));
}

void write_data(Writer& out, Random& random) {
    for (std::size_t at = kData; at < kBytes; at += 8)
        out.data(at, random.chance(60) ? interesting_float(random) : interesting_value(random), 8);
}

// ---- start --------------------------------------------------------------------------------------

/// Entry 0 locks what runs; the ones in the middle are random; the last one, mostly, lets all through.
void write_protection(Writer& out, Random& random) {
    constexpr std::uint64_t kNapot = 3u << 3;
    set_csr(out, kPmpaddr0, kBase >> 2 | (kLockedBytes / 8 - 1));
    for (unsigned entry = 1; entry < 7; ++entry) set_csr(out, kPmpaddr0 + entry, random_pmp_address(random));
    set_csr(out, kPmpaddr0 + 7, out.xlen() == 64 ? kAll >> 10 : kAll);
    std::uint64_t config = 0x80 | kNapot | 5;
    for (unsigned entry = 1; entry < 7; ++entry)
        config |= (random.chance(50) ? 0 : random_pmp_config(random)) << (8 * entry);
    if (!random.chance(5)) config |= std::uint64_t{kNapot | 7} << 56;
    if (out.xlen() == 32) set_csr(out, kPmpcfg0 + 1, config >> 32);
    set_csr(out, kPmpcfg0, config);
}

void write_environment(Writer& out, Random& random, const emu::Isa& isa) {
    const auto vectored = [&] { return random.any(0, 1); };
    set_csr(out, kMtvec, (kBase + kMachineHandler) | vectored());
    set_csr(out, kStvec, (kBase + kSupervisorHandler) | vectored());
    set_csr(out, kMedeleg, random_medeleg(random));
    set_csr(out, kMideleg, random.bits() & emu::kSupervisorInterrupts);
    set_csr(out, kMie, random.bits() & emu::kSupervisorInterrupts);
    set_csr(out, kMip, 0);
    set_csr(out, kMcounteren, random.bits());
    set_csr(out, kScounteren, random.bits());
    const auto environment = random_menvcfg(random);
    set_csr(out, kMenvcfg, environment);
    if (out.xlen() == 32) set_csr(out, kMenvcfgh, environment >> 32);
    set_csr(out, kSenvcfg, random_menvcfg(random));
    if (isa.has(emu::Extension::Sstc)) {
        set_csr(out, kStimecmp, kAll);
        if (out.xlen() == 32) set_csr(out, kStimecmph, kAll);
    }
    for (const unsigned number : {kMscratch, kSscratch, kMepc, kSepc, kMcause, kScause, kMtval, kStval})
        set_csr(out, number, random.chance(50) ? random.bits() & ~std::uint64_t{1} : 0);
    set_csr(out, kSatp, random_satp(random, out.xlen()));
}

void write_registers(Writer& out, Random& random, const emu::Isa& isa, bool traps_fences) {
    set_csr(out, kMstatus, emu::mstatus::kFsDirty);
    if (isa.has(emu::Extension::F)) {
        const bool wide = isa.has(emu::Extension::D);
        for (unsigned rd = 0; rd < 32; ++rd) {
            const auto low = out.upper(t6, static_cast<std::int64_t>(out.pool(interesting_float(random))));
            out.emit(load(wide ? Opcode::fld : Opcode::flw, rd, low, t6));
        }
        set_csr(out, kFcsr, random.any(0, 255));
    }
    for (unsigned rd = 1; rd < kNextChunk; ++rd) out.constant(rd, interesting_value(random));
    out.constant(kNextChunk, kChunk);
    out.constant(kDice, random.bits());
    set_csr(out, kMepc, kBase + kCode);
    // The modes of delegation, translation and floating point as they come; where to, too.
    auto status = random.bits() & (emu::mstatus::kSie | emu::mstatus::kSpie | emu::mstatus::kMpie |
                                   emu::mstatus::kSpp | emu::mstatus::kSum | emu::mstatus::kMxr);
    if (random.chance(20)) status |= random.bits() & (emu::mstatus::kTw | emu::mstatus::kTsr);
    if (traps_fences) status |= emu::mstatus::kTvm;
    constexpr std::uint64_t kModes[] = {0, 1, 3};
    status |= random.one_of(kModes) << emu::mstatus::kMppShift;
    set_csr(out, kMstatus, status | (random.chance(95) ? emu::mstatus::kFs : 0));
    out.constant(t5, interesting_value(random));
    out.constant(t6, interesting_value(random));
    out.emit(op(Opcode::mret));
}

void write_start(Writer& out, Random& random, const emu::Isa& isa, bool traps_fences) {
    out.go_to(kStart);
    // No timer interrupt, ever.
    out.constant(t5, kMtimecmp);
    out.emit(addi(t6, zero, -1));
    out.emit(store(Opcode::sw, t6, 0, t5));
    out.emit(store(Opcode::sw, t6, 4, t5));
    write_protection(out, random);
    write_environment(out, random, isa);
    write_registers(out, random, isa, traps_fences);
}

// ---- traps --------------------------------------------------------------------------------------

struct TrapRegisters {
    unsigned status, cause, epc, enable;
    Opcode back;
};

/// Sets the mode that xRET leads to: of M's handler M, S or U; of S's handler S or U.
void write_random_mode(Writer& out, const TrapRegisters& with) {
    const bool machine = with.back == Opcode::mret;
    out.number(t6, machine ? emu::mstatus::kMpp : emu::mstatus::kSpp);
    out.emit(csr(Opcode::csrrc, zero, with.status, t6));
    out.emit(op_imm(Opcode::srli, t6, kDice, 13));
    out.emit(op_imm(Opcode::andi, t6, t6, machine ? 3 : 1));
    if (machine) {  // 2 is no mode: it becomes 3
        out.emit(op_imm(Opcode::srli, t5, t6, 1));
        out.emit(op(Opcode::or_, t6, t6, t5));
    }
    out.emit(op_imm(Opcode::slli, t6, t6, machine ? emu::mstatus::kMppShift : 8));
    out.emit(csr(Opcode::csrrs, zero, with.status, t6));
}

/// t5 = the offset in the code at which to go on: behind what trapped, all of which takes 4 bytes, or with
/// the next chunk where the trap came from a jump into nowhere.
void write_where_to(Writer& out, const TrapRegisters& with) {
    out.emit(csr(Opcode::csrrs, t5, with.epc, zero));
    const auto misaligned = out.later();  // causes 0, 1 and 12 belong to fetches
    out.emit(addi(t6, t6, -1));
    const auto fault = out.later();
    out.emit(addi(t6, t6, -11));
    const auto page_fault = out.later();
    out.emit(addi(t5, t5, 4));
    out.address(t6, kCode);
    out.emit(op(Opcode::sub, t5, t5, t6));
    out.number(t6, kCodeBytes);
    const auto inside = out.later();
    for (const auto fetch : {misaligned, fault, page_fault}) out.here(fetch, Opcode::beq, t6, zero);
    out.emit(addi(t5, kNextChunk, 0));
    out.here(inside, Opcode::bltu, t5, t6);
}

void write_handler(Writer& out, std::size_t at, const TrapRegisters& with) {
    out.go_to(at);
    // One base serves both kinds of vector: interrupts come in through entries 1 and later.
    const auto entry = out.later();
    std::vector<std::size_t> interrupt;
    for (int cause = 1; cause < 16; ++cause) interrupt.push_back(out.later());
    out.here(entry, Opcode::beq, zero, zero);
    out.emit(csr(Opcode::csrrs, t6, with.cause, zero));
    const auto direct = out.later();
    out.emit(op_imm(Opcode::slli, t5, kDice, 2));
    out.emit(op(Opcode::add, kDice, kDice, t5));
    out.emit(addi(kDice, kDice, 693));
    write_where_to(out, with);
    // The next chunk lies behind where the code goes on, and never before where it was.
    out.emit(op_imm(Opcode::andi, t6, t5, -static_cast<std::int64_t>(kChunk)));
    out.emit(addi(t6, t6, kChunk));
    const auto ahead = out.later();
    out.emit(addi(kNextChunk, t6, 0));
    out.here(ahead, Opcode::bgeu, kNextChunk, t6);
    out.number(t6, kCodeBytes);
    const auto finished = out.later();
    out.address(t6, kCode);
    out.emit(op(Opcode::add, t5, t5, t6));
    out.emit(csr(Opcode::csrrw, zero, with.epc, t5));
    write_random_mode(out, with);
    out.emit(op(with.back));
    out.here(finished, Opcode::bgeu, t5, t6);
    if (with.back == Opcode::mret)
        out.emit(jal(zero, static_cast<std::int64_t>(kFinish) - static_cast<std::int64_t>(out.at())));
    else
        out.emit(op(Opcode::ecall));  // which M's handler takes as a jump into nowhere, and finishes
    for (const auto from : interrupt) out.here(from, Opcode::beq, zero, zero);
    out.here(direct, Opcode::blt, t6, zero);
    out.emit(csr(Opcode::csrrw, zero, with.enable, zero));
    out.emit(op(with.back));
}

// ---- end ----------------------------------------------------------------------------------------

/// Goes on behind what trapped, in M mode.
void write_skip(Writer& out) {
    out.go_to(kSkip);
    out.emit(csr(Opcode::csrrs, t6, kMepc, zero));
    out.emit(addi(t6, t6, 4));
    out.emit(csr(Opcode::csrrw, zero, kMepc, t6));
    out.emit(op(Opcode::mret));
}

/// Loads what the code may have stored, so that the registers show memory.
void write_finish(Writer& out) {
    out.go_to(kFinish);
    out.address(t6, kSkip);  // what is locked by now is skipped
    out.emit(csr(Opcode::csrrw, zero, kMtvec, t6));
    out.emit(csr(Opcode::csrrw, zero, kSatp, zero));
    out.constant(t6, emu::mstatus::kMprv);
    out.emit(csr(Opcode::csrrc, zero, kMstatus, t6));
    const std::size_t size = out.xlen() / 8;
    const auto show = [&](std::size_t offset, std::size_t length) {
        out.address(t5, static_cast<std::int64_t>(offset));
        for (std::size_t done = 0; done < length; done += size)
            out.emit(load(size == 8 ? Opcode::ld : Opcode::lw, t6, static_cast<std::int64_t>(done), t5));
    };
    show(kLeaves, kLeafEntries * size);
    show(kAliasLeaves, kAliasEntries * size);
    for (std::size_t page = kData; page < kBytes; page += kPage) {
        show(page, kEdge);
        show(page + kPage - kEdge, kEdge);
    }
    out.constant(t5, kFinisher);
    out.constant(t6, 0x5555);
    out.emit(store(Opcode::sw, t6, 0, t5));
    out.emit(jal(zero, 0));
}

}  // namespace

std::vector<std::byte> random_program(std::uint64_t seed, const emu::Isa& isa) {
    std::vector<std::byte> memory(kBytes);
    Random random(seed);
    Writer out(memory, isa.xlen());
    const emu::Decoder decoder(isa);
    write_data(out, random);
    write_tables(out, random);
    const bool traps_fences = random.chance(30);
    write_start(out, random, isa, traps_fences);
    write_handler(out, kMachineHandler, {kMstatus, kMcause, kMepc, kMie, Opcode::mret});
    write_handler(out, kSupervisorHandler, {kSstatus, kScause, kSepc, kSie, Opcode::sret});
    write_skip(out);
    write_finish(out);
    write_random_code(out, random, decoder, traps_fences);
    return memory;
}

std::vector<std::byte> elf_of(std::span<const std::byte> program, const emu::Isa& isa) {
    const auto build = [&](auto builder) {
        builder.segment(kBase, program.size(), program.size());
        builder.contents.assign(program.begin(), program.end());
        return builder.build();
    };
    if (isa.xlen() == 64) return build(test::ElfBuilder<test::Elf64>());
    return build(test::ElfBuilder<test::Elf32>());
}

}  // namespace backspin::lockstep
