#include "emu/system.hpp"

#include "emu/csr.hpp"

namespace backspin::emu {
namespace {

SystemResult illegal(const Instruction& instruction) {
    return {Trap{Cause::illegal_instruction, instruction.word}, 0, false};
}

SystemResult retire(const Instruction& instruction, const Hart& hart) {
    return {std::nullopt, hart.pc + instruction.length, false};
}

enum class CsrOperation : std::uint8_t { write, set, clear };

/// A write of a counter takes effect after the writing instruction, which is not counted in the new value:
/// taken off here, because the engine counts this step like every other.
void leave_out_own_step(CsrNumber number, Hart& hart) {
    if (number.value == kMcycle.value && (hart.mcountinhibit & kCounterCycle) == 0) --hart.mcycle;
    if (number.value == kMinstret.value && (hart.mcountinhibit & kCounterInstret) == 0) --hart.minstret;
}

/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "Zicsr".
SystemResult access_csr(const Instruction& instruction, const Board& board, Hart& hart,
                        CsrOperation operation, bool immediate) {
    // Set and clear with x0 or 0 do not write at all, so they may name a read-only register.
    const bool writes = operation == CsrOperation::write || instruction.rs1 != 0;
    const CsrNumber number{static_cast<std::uint16_t>(instruction.imm)};
    const auto* csr = find_csr(number);
    if (csr == nullptr || !csr_is_accessible(hart, number, writes)) return illegal(instruction);

    const auto operand = immediate ? instruction.rs1 : hart.x[instruction.rs1];
    const auto old = csr->read(board, hart);
    if (writes && csr->write != nullptr) {
        switch (operation) {
            case CsrOperation::write: csr->write(hart, operand); break;
            case CsrOperation::set: csr->write(hart, old | operand); break;
            case CsrOperation::clear: csr->write(hart, old & ~operand); break;
        }
        leave_out_own_step(number, hart);
    }
    hart.write(instruction.rd, old);
    return retire(instruction, hart);
}

SystemResult wait_for_interrupt(const Instruction& instruction, const Board& board, Hart& hart) {
    if (hart.privilege == Privilege::user && (hart.mstatus & mstatus::kTw) != 0) return illegal(instruction);
    hart.waiting = (board.mip(hart) & hart.mie) == 0;
    return retire(instruction, hart);
}

}  // namespace

SystemResult execute_system(const Instruction& instruction, const Board& board, Hart& hart) {
    switch (instruction.opcode) {
        case Opcode::ecall:
            return {Trap{hart.privilege == Privilege::machine ? Cause::ecall_from_m : Cause::ecall_from_u, 0},
                    0, false};
        case Opcode::ebreak: return {Trap{Cause::breakpoint, hart.pc}, 0, false};
        case Opcode::fence_i: return retire(instruction, hart);  // fetch is coherent without it
        case Opcode::csrrw: return access_csr(instruction, board, hart, CsrOperation::write, false);
        case Opcode::csrrs: return access_csr(instruction, board, hart, CsrOperation::set, false);
        case Opcode::csrrc: return access_csr(instruction, board, hart, CsrOperation::clear, false);
        case Opcode::csrrwi: return access_csr(instruction, board, hart, CsrOperation::write, true);
        case Opcode::csrrsi: return access_csr(instruction, board, hart, CsrOperation::set, true);
        case Opcode::csrrci: return access_csr(instruction, board, hart, CsrOperation::clear, true);
        case Opcode::mret:
            if (hart.privilege != Privilege::machine) return illegal(instruction);
            return_from_trap(hart);
            return {std::nullopt, hart.pc, true};
        case Opcode::wfi: return wait_for_interrupt(instruction, board, hart);
        default: return illegal(instruction);
    }
}

}  // namespace backspin::emu
