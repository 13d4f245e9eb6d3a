#include "emu/system.hpp"

#include "emu/csr.hpp"

namespace backspin::emu {
namespace {

SystemResult illegal(const Instruction& instruction) {
    return {Trap{Cause::illegal_instruction, instruction.word}};
}

SystemResult retire(const Instruction& instruction, const Hart& hart, bool ends_turn = false) {
    return {std::nullopt, (hart.pc + instruction.length) & hart.xlen_mask(), false, ends_turn};
}

enum class CsrOperation : std::uint8_t { write, set, clear };

/// A write of a counter takes effect after the writing instruction, which is not counted in the new value:
/// taken off here, because the engine counts this step like every other.
void leave_out_own_step(CsrNumber number, Hart& hart) {
    const bool is_cycle = number.value == kMcycle.value || number.value == kMcycleh.value;
    const bool is_instret = number.value == kMinstret.value || number.value == kMinstreth.value;
    if (is_cycle && (hart.mcountinhibit & kCounterCycle) == 0) --hart.mcycle;
    if (is_instret && (hart.mcountinhibit & kCounterInstret) == 0) --hart.minstret;
}

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "Zicsr".
SystemResult access_csr(const Instruction& instruction, const Board& board, Hart& hart,
                        CsrOperation operation, bool immediate) {
    // Set and clear with x0 or 0 do not write at all, so they may name a read-only register.
    const bool writes = operation == CsrOperation::write || instruction.rs1 != 0;
    const CsrNumber number{static_cast<std::uint16_t>(instruction.imm)};
    const auto* csr = find_csr(board.isa(), number);
    if (csr == nullptr || !csr_is_accessible(hart, number, writes)) return illegal(instruction);

    const auto operand = immediate ? instruction.rs1 : hart.x[instruction.rs1];
    const auto old = csr->read(board, hart);
    if (writes && csr->write != nullptr) {
        const auto base = csr->read_to_modify != nullptr ? csr->read_to_modify(board, hart) : old;
        switch (operation) {
            case CsrOperation::write: csr->write(board, hart, operand); break;
            case CsrOperation::set: csr->write(board, hart, base | operand); break;
            case CsrOperation::clear: csr->write(board, hart, base & ~operand); break;
        }
        leave_out_own_step(number, hart);
    }
    hart.write(instruction.rd, old);
    return retire(instruction, hart);
}

SystemResult call_environment(const Hart& hart) {
    switch (hart.privilege) {
        case Privilege::user: return {Trap{Cause::ecall_from_u, 0}};
        case Privilege::supervisor: return {Trap{Cause::ecall_from_s, 0}};
        case Privilege::machine: break;
    }
    return {Trap{Cause::ecall_from_m, 0}};
}

SystemResult return_from_trap(const Instruction& instruction, Hart& hart) {
    const bool supervisor = instruction.opcode == Opcode::sret;
    const auto lowest = supervisor ? Privilege::supervisor : Privilege::machine;
    const bool trapped =
        supervisor && hart.privilege == Privilege::supervisor && (hart.mstatus & mstatus::kTsr) != 0;
    if (hart.privilege < lowest || trapped) return illegal(instruction);
    if (supervisor) {
        return_from_supervisor_trap(hart);
    } else {
        return_from_machine_trap(hart);
    }
    return {std::nullopt, hart.pc, true};
}

SystemResult wait_for_interrupt(const Instruction& instruction, const Board& board, Hart& hart) {
    const bool trapped = hart.privilege == Privilege::supervisor && (hart.mstatus & mstatus::kTw) != 0;
    if (hart.privilege == Privilege::user || trapped) return illegal(instruction);
    hart.waiting = (board.mip(hart) & hart.mie) == 0;
    return retire(instruction, hart, true);
}

/// wrs.nto and wrs.sto may end at any time: here they end at once, and only let the other harts move.
SystemResult wait_on_reservation(const Instruction& instruction, const Hart& hart) {
    const bool trapped = instruction.opcode == Opcode::wrs_nto && hart.privilege != Privilege::machine &&
                         (hart.mstatus & mstatus::kTw) != 0;
    return trapped ? illegal(instruction) : retire(instruction, hart, true);
}

/// What page tables say holds at once, so that a fence has nothing to do but to be allowed.
SystemResult fence_translation(const Instruction& instruction, const Hart& hart, bool may_be_trapped) {
    const bool trapped =
        may_be_trapped && hart.privilege == Privilege::supervisor && (hart.mstatus & mstatus::kTvm) != 0;
    if (hart.privilege == Privilege::user || trapped) return illegal(instruction);
    return retire(instruction, hart);
}

}  // namespace

SystemResult execute_system(const Instruction& instruction, const Board& board, Hart& hart) {
    switch (instruction.opcode) {
        case Opcode::ecall: return call_environment(hart);
        case Opcode::ebreak: return {Trap{Cause::breakpoint, hart.pc}};
        case Opcode::fence_i: return retire(instruction, hart);  // fetch is coherent without it
        case Opcode::csrrw: return access_csr(instruction, board, hart, CsrOperation::write, false);
        case Opcode::csrrs: return access_csr(instruction, board, hart, CsrOperation::set, false);
        case Opcode::csrrc: return access_csr(instruction, board, hart, CsrOperation::clear, false);
        case Opcode::csrrwi: return access_csr(instruction, board, hart, CsrOperation::write, true);
        case Opcode::csrrsi: return access_csr(instruction, board, hart, CsrOperation::set, true);
        case Opcode::csrrci: return access_csr(instruction, board, hart, CsrOperation::clear, true);
        case Opcode::sret:
        case Opcode::mret: return return_from_trap(instruction, hart);
        case Opcode::wfi: return wait_for_interrupt(instruction, board, hart);
        case Opcode::pause: return retire(instruction, hart, true);
        case Opcode::wrs_nto:
        case Opcode::wrs_sto: return wait_on_reservation(instruction, hart);
        case Opcode::sfence_vma:
        case Opcode::sinval_vma: return fence_translation(instruction, hart, true);
        case Opcode::sfence_w_inval:
        case Opcode::sfence_inval_ir: return fence_translation(instruction, hart, false);
        default: return illegal(instruction);
    }
}

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "CMO", section "Control and Status Register
/// State".
bool allows_cache_operation(const Hart& hart, CacheOperation operation) {
    auto enabling = envcfg::kCbcfe;
    if (operation == CacheOperation::invalidate) enabling = envcfg::kCbie;
    if (operation == CacheOperation::zero) enabling = envcfg::kCbze;
    if (hart.privilege != Privilege::machine && (hart.menvcfg & enabling) == 0) return false;
    return hart.privilege != Privilege::user || (hart.senvcfg & enabling) != 0;
}

}  // namespace backspin::emu
