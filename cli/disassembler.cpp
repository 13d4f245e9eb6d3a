#include "cli/disassembler.hpp"

#include <array>
#include <span>

#include <capstone/capstone.h>
#include <fmt/format.h>

#include "emu/isa/instruction.hpp"

#if CS_API_MAJOR < 5
#error "Capstone 5 or newer is needed; scripts/install-packages installs it"
#endif

namespace backspin::cli {
namespace {

class Capstone {
  public:
    explicit Capstone(unsigned xlen) {
        const auto width = xlen == 32 ? CS_MODE_RISCV32 : CS_MODE_RISCV64;
        usable_ = cs_open(CS_ARCH_RISCV, static_cast<cs_mode>(width | CS_MODE_RISCVC), &handle_) == CS_ERR_OK;
    }
    ~Capstone() {
        if (usable_) cs_close(&handle_);
    }
    Capstone(const Capstone&) = delete;
    Capstone& operator=(const Capstone&) = delete;

    /// Empty for what it does not know.
    std::string text(std::span<const std::uint8_t> bytes, std::uint64_t at) const {
        cs_insn* found = nullptr;
        if (!usable_ || cs_disasm(handle_, bytes.data(), bytes.size(), at, 1, &found) == 0) return {};
        std::string text = found->mnemonic;
        if (found->op_str[0] != 0) text += fmt::format(" {}", static_cast<const char*>(found->op_str));
        cs_free(found, 1);
        return text;
    }

  private:
    csh handle_ = 0;
    bool usable_ = false;
};

}  // namespace

std::string disassemble(unsigned xlen, VirtualAddress at, std::uint32_t word) {
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8),
        static_cast<std::uint8_t>(word >> 16), static_cast<std::uint8_t>(word >> 24)};
    const auto length = emu::instruction_length(static_cast<std::uint16_t>(word));
    auto text = Capstone(xlen).text(std::span(bytes).first(length), at.value);
    if (!text.empty()) return text;
    return length == 2 ? fmt::format(".half {:#06x}", word & 0xffff) : fmt::format(".word {:#010x}", word);
}

}  // namespace backspin::cli
