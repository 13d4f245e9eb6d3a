// Capstone as a second opinion about what an instruction is.
#pragma once

#include <capstone/capstone.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#if CS_API_MAJOR < 5
#error "Capstone 5 or newer is needed; scripts/install-packages installs it"
#endif

namespace backspin::emu::testing {

struct Disassembly {
    std::string name;     ///< the instruction itself: "addi"
    std::string alias;    ///< what an assembler would write: "mv", or the name
    std::string text;     ///< the operands as written
    unsigned length = 0;  ///< bytes
    /// Numbers of registers, and immediates, as written; disp(base) gives disp, base; a CSR is only in the
    /// text.
    std::vector<std::int64_t> operands;
};

class Disassembler {
  public:
    explicit Disassembler(unsigned xlen) {
        const auto mode =
            static_cast<cs_mode>((xlen == 64 ? CS_MODE_RISCV64 : CS_MODE_RISCV32) | CS_MODE_RISCVC);
        if (cs_open(CS_ARCH_RISCV, mode, &handle_) != CS_ERR_OK) throw std::runtime_error("cs_open");
        cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
        instruction_ = cs_malloc(handle_);
    }
    ~Disassembler() {
        cs_free(instruction_, 1);
        cs_close(&handle_);
    }
    Disassembler(const Disassembler&) = delete;
    Disassembler& operator=(const Disassembler&) = delete;

    /// Nothing if no extension that Capstone knows has this instruction.
    std::optional<Disassembly> operator()(std::uint32_t word, std::size_t length) {
        const std::uint8_t bytes[4]{static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8),
                                    static_cast<std::uint8_t>(word >> 16),
                                    static_cast<std::uint8_t>(word >> 24)};
        const std::uint8_t* at = bytes;
        std::uint64_t address = 0;
        if (!cs_disasm_iter(handle_, &at, &length, &address, instruction_)) return std::nullopt;
        Disassembly result{cs_insn_name(handle_, instruction_->id),
                           instruction_->mnemonic,
                           instruction_->op_str,
                           instruction_->size,
                           {}};
        const auto& detail = instruction_->detail->riscv;
        for (unsigned i = 0; i < detail.op_count; ++i) {
            const auto& operand = detail.operands[i];
            if (operand.type == RISCV_OP_REG) {
                result.operands.push_back(number(operand.reg));
            } else if (operand.type == RISCV_OP_IMM) {
                result.operands.push_back(operand.imm);
            } else if (operand.type == RISCV_OP_MEM) {
                result.operands.push_back(operand.mem.disp);
                result.operands.push_back(number(operand.mem.base));
            }
        }
        return result;
    }

  private:
    static std::int64_t number(unsigned capstone) {
        if (capstone < RISCV_REG_F0_32) return static_cast<std::int64_t>(capstone) - RISCV_REG_X0;
        return (static_cast<std::int64_t>(capstone) - RISCV_REG_F0_32) / 2;  // F0_32, F0_64, F1_32 ...
    }

    csh handle_ = 0;
    cs_insn* instruction_ = nullptr;
};

}  // namespace backspin::emu::testing
