#include "testsuite/emu/random_handlers.hpp"

#include "emu/devices/virtio/transport.hpp"
#include "emu/hart.hpp"
#include "emu/trap.hpp"
#include "testsuite/emu/csr_numbers.hpp"
#include "testsuite/emu/random_program.hpp"

namespace backspin::emu::testing {
namespace {

using namespace random_layout;
using namespace csr_number;

constexpr unsigned t4 = 29, t5 = 30;

constexpr auto kMtime = static_cast<std::uint32_t>(memory_map::kAclint.base.value + 0xbff8);
constexpr auto kMtimecmp = static_cast<std::uint32_t>(memory_map::kAclint.base.value + 0x4000);
constexpr auto kMsip = static_cast<std::uint32_t>(memory_map::kAclint.base.value);
constexpr auto kUart = static_cast<std::uint32_t>(memory_map::kUart.base.value);
constexpr auto kPlicClaim = static_cast<std::uint32_t>(memory_map::kPlic.base.value + 0x20'0004);

constexpr std::uint32_t bit_of(Cause cause) {
    return 1u << static_cast<unsigned>(cause);
}
constexpr auto kUnfetched = bit_of(Cause::instruction_address_misaligned) |
                            bit_of(Cause::instruction_access_fault) | bit_of(Cause::instruction_page_fault);
constexpr auto kCalls =
    bit_of(Cause::ecall_from_u) | bit_of(Cause::ecall_from_s) | bit_of(Cause::ecall_from_m);

/// A vector of either kind: all of its entries lead behind it.
void write_vector(ProgramWriter& out, std::size_t at) {
    constexpr std::size_t kEntries = 16;
    out.go_to(at);
    for (std::size_t i = 0; i < kEntries; ++i) out.jump_to(at + 4 * kEntries);
}

/// t5 = whether the cause in t6 is one of these.
void write_is_one_of(ProgramWriter& out, std::uint32_t causes) {
    out.small_constant(t5, causes);
    out.emit(op(Opcode::srl, t5, t5, t6));
    out.emit(op_imm(Opcode::andi, t5, t5, 1));
}

/// t5 = whether the cause in t6 is one from the first to the last.
void write_is_between(ProgramWriter& out, Cause first, Cause last) {
    const auto lowest = static_cast<std::int64_t>(first);
    out.emit(addi(t5, t6, -lowest));
    out.emit(op_imm(Opcode::sltiu, t5, t5, static_cast<std::int64_t>(last) - lowest + 1));
}

struct TrapRegisters {
    unsigned cause, epc, value;
    Opcode back;
};

struct Entry {
    std::size_t skip;     ///< where the skipping starts
    std::size_t nowhere;  ///< a branch to fill in: zeros are no code, and there are many of them
};

/// Starts a handler: it skips at once what is most frequent and simply skipped. Other causes go on behind
/// that, in t6. Code lies so that mostly the next multiple of 4 is where an instruction starts.
Entry write_entry(ProgramWriter& out, const TrapRegisters& with) {
    Entry entry{};
    out.emit(csr(Opcode::csrrs, t6, with.cause, zero));
    write_is_between(out, Cause::illegal_instruction, Cause::store_access_fault);
    const auto other = out.later();
    out.emit(csr(Opcode::csrrs, t6, with.value, zero));
    entry.nowhere = out.later();
    entry.skip = out.at();
    out.emit(csr(Opcode::csrrs, t6, with.epc, zero));
    out.emit(addi(t6, t6, 4));
    out.emit(op_imm(Opcode::andi, t6, t6, -4));
    out.emit(csr(Opcode::csrrw, zero, with.epc, t6));
    out.emit(op(with.back));
    out.emit(op(Opcode::ecall));  // where TSR forbids to return
    out.here(other, Opcode::beq, t5, zero);
    write_is_between(out, Cause::load_page_fault, Cause::store_page_fault);
    out.emit(branch(Opcode::bne, t5, zero,
                    static_cast<std::int64_t>(entry.skip) - static_cast<std::int64_t>(out.at())));
    return entry;
}

/// If t4 is the source of a virtio device.
void write_virtio_acknowledgement(ProgramWriter& out) {
    static_assert(interrupt_source::kVirtio == 1 && memory_map::kVirtioTransportSize == 1 << 12);
    constexpr auto kBefore = memory_map::kVirtio.base.value - memory_map::kVirtioTransportSize;
    out.emit(addi(t6, zero, static_cast<std::int64_t>(memory_map::kVirtioTransports)));
    const auto another = out.later();
    out.emit(op_imm(Opcode::slli, t4, t4, 12));
    out.small_constant(t6, static_cast<std::uint32_t>(kBefore));
    out.emit(op(Opcode::add, t4, t4, t6));
    out.emit(addi(t6, zero, 3));
    out.emit(store(Opcode::sw, t6, virtio::Transport::InterruptACK, t4));
    out.here(another, Opcode::blt, t6, t4);
}

/// So that the handler reaches its own data and the devices.
void write_end_of_mprv(ProgramWriter& out, unsigned through) {
    out.small_constant(through, mstatus::kMprv);
    out.emit(csr(Opcode::csrrc, zero, kMstatus, through));
}

/// reg += the hart's number << shift
void write_add_hart(ProgramWriter& out, unsigned reg, unsigned through, unsigned shift) {
    out.emit(csr(Opcode::csrrs, through, kMhartid, zero));
    out.emit(op_imm(Opcode::slli, through, through, shift));
    out.emit(op(Opcode::add, reg, reg, through));
}

Opcode load_wide(const ProgramWriter& out) {
    return out.xlen() == 64 ? Opcode::ld : Opcode::lw;
}

/// t6 = a number that is another one each time.
void write_dice(ProgramWriter& out) {
    out.address(t5, kDice);
    out.emit(load(Opcode::lw, t6, 0, t5));
    out.emit(op_imm(Opcode::slli, t4, t6, 2));
    out.emit(op(Opcode::add, t6, t6, t4));
    out.emit(addi(t6, t6, 693));
    out.emit(store(Opcode::sw, t6, 0, t5));
    out.emit(op_imm(Opcode::srli, t6, t6, 11));
}

/// Of four changes, three are only of mode and place.
void write_change_of_environment(ProgramWriter& out) {
    using namespace environment;
    const auto take = [&](Field field) { out.emit(load(load_wide(out), t4, std::int64_t{8} * field, t5)); };
    const auto set = [&](Field field, unsigned number) {
        take(field);
        out.emit(csr(Opcode::csrrw, zero, number, t4));
    };
    write_end_of_mprv(out, t6);
    write_dice(out);
    out.emit(op_imm(Opcode::andi, t4, t6, kCount - 1));
    out.emit(op_imm(Opcode::slli, t4, t4, kSizeShift));
    out.address(t5, kEnvironments);
    out.emit(op(Opcode::add, t5, t5, t4));
    take(pc);  // and, from there, a part of the page
    out.emit(op_imm(Opcode::srli, t6, t6, 4));
    out.emit(op_imm(Opcode::andi, 28, t6, 31));
    out.emit(op_imm(Opcode::slli, 28, 28, 7));
    out.emit(op(Opcode::add, t4, t4, 28));
    out.emit(csr(Opcode::csrrw, zero, kMepc, t4));
    out.emit(op_imm(Opcode::andi, t6, t6, 3 << 5));
    const auto finished = out.later();
    set(satp, kSatp);
    set(medeleg, kMedeleg);
    set(mideleg, kMideleg);
    set(mie, kMie);
    set(menvcfg, kMenvcfg);
    if (out.xlen() == 32) set(menvcfgh, kMenvcfgh);
    set(pmpcfg, kPmpcfg0);
    set(mcounteren, kMcounteren);
    out.here(finished, Opcode::bne, t6, zero);
    set(status, kMstatus);  // last: with MPRV, the loads would not reach these fields
    out.emit(op(Opcode::mret));
}

void write_machine_interrupts(ProgramWriter& out, std::uint32_t ticks, std::size_t change) {
    write_end_of_mprv(out, t5);
    out.emit(op_imm(Opcode::andi, t6, t6, 15));
    const auto is = [&](Interrupt code) {
        out.emit(addi(t5, zero, static_cast<std::int64_t>(code)));
        return out.later();
    };
    const auto timer = is(Interrupt::machine_timer), software = is(Interrupt::machine_software),
               external = is(Interrupt::machine_external);

    // One of S mode that is not delegated: not again soon.
    out.small_constant(t5, kSupervisorInterrupts);
    out.emit(csr(Opcode::csrrc, zero, kMip, t5));
    out.emit(csr(Opcode::csrrc, zero, kMie, t5));
    out.emit(op(Opcode::mret));

    out.here(software, Opcode::beq, t5, t6);
    out.small_constant(t5, kMsip);
    write_add_hart(out, t5, t6, 2);
    out.emit(store(Opcode::sw, zero, 0, t5));
    out.emit(op(Opcode::mret));

    out.here(external, Opcode::beq, t5, t6);
    out.small_constant(t5, kPlicClaim);
    write_add_hart(out, t5, t6, 13);
    out.emit(load(Opcode::lw, t4, 0, t5));
    out.small_constant(t6, kUart);
    out.emit(load(Opcode::lbu, t6, 0, t6));
    out.emit(store(Opcode::sw, t4, 0, t5));
    write_virtio_acknowledgement(out);
    out.emit(op(Opcode::mret));

    out.here(timer, Opcode::beq, t5, t6);
    write_timer_setting(out, ticks);
    out.emit(op_imm(Opcode::andi, t6, t6, 64));
    out.emit(branch(Opcode::bne, t6, zero,
                    static_cast<std::int64_t>(change) - static_cast<std::int64_t>(out.at())));
    out.emit(op(Opcode::mret));
}

}  // namespace

void write_timer_setting(ProgramWriter& out, std::uint32_t ticks) {
    const bool wide = out.xlen() == 64;
    const auto store_wide = wide ? Opcode::sd : Opcode::sw;
    out.small_constant(t5, kMtime);
    out.emit(load(load_wide(out), t6, 0, t5));
    out.small_constant(t5, ticks);
    out.emit(op(Opcode::add, t6, t6, t5));
    out.small_constant(t5, kMtimecmp);
    write_add_hart(out, t5, t4, 3);
    if (!wide) out.emit(store(Opcode::sw, zero, 4, t5));
    out.emit(store(store_wide, t6, 0, t5));
}

void write_machine_handler(ProgramWriter& out, std::uint32_t ticks) {
    write_vector(out, kMachineHandler);
    const auto entry = write_entry(out, {kMcause, kMepc, kMtval, Opcode::mret});
    const auto interrupt = out.later();
    write_is_one_of(out, kUnfetched | kCalls);
    const auto changes = out.later();
    out.jump_to(entry.skip);
    const auto change = out.at();
    out.here(entry.nowhere, Opcode::beq, t6, zero);
    out.here(changes, Opcode::bne, t5, zero);
    write_change_of_environment(out);
    out.here(interrupt, Opcode::blt, t6, zero);
    write_machine_interrupts(out, ticks, change);
}

void write_supervisor_handler(ProgramWriter& out) {
    write_vector(out, kSupervisorHandler);
    const auto entry = write_entry(out, {kScause, kSepc, kStval, Opcode::sret});
    const auto interrupt = out.later();
    write_is_one_of(out, kUnfetched);
    const auto unfetched = out.later();
    out.jump_to(entry.skip);
    out.here(entry.nowhere, Opcode::beq, t6, zero);
    out.here(unfetched, Opcode::bne, t5, zero);
    out.emit(op(Opcode::ecall));
    out.emit(op(Opcode::sret));

    // Neither of software nor of the timer again; what comes from outside waits for another environment.
    out.here(interrupt, Opcode::blt, t6, zero);
    out.emit(csr(Opcode::csrrci, zero, kSip, 2));
    out.emit(addi(t5, zero, -1));
    out.emit(csr(Opcode::csrrw, zero, kStimecmp, t5));
    out.small_constant(t5, bit(Interrupt::supervisor_external));
    out.emit(csr(Opcode::csrrc, zero, kSie, t5));
    out.emit(op(Opcode::sret));
}

}  // namespace backspin::emu::testing
