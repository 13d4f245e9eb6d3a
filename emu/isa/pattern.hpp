// An instruction's encoding, written as the manual prints it and checked at compile time.
#pragma once

#include <cstdint>
#include <string_view>

namespace backspin::emu {

/// Which immediate an instruction carries.
/// Source: The RISC-V Instruction Set Manual, Volume I, section "Immediate Encoding Variants".
enum class Form : std::uint8_t {
    none,    ///< no operand, or only don't-care bits
    r,       ///< registers only
    i,       ///< 12-bit immediate
    shift,   ///< shift amount
    s,       ///< store offset
    branch,  ///< branch offset
    u,       ///< upper immediate
    jump,    ///< jump offset
    csr,     ///< a or 5-bit immediate, and a CSR number
};

/// The places of registers in a word.
struct Fields {
    bool rd = false, rs1 = false, rs2 = false, rs3 = false;  ///< named by the encoding
    bool float_rd = false, float_rs1 = false, float_rs2 = false,
         float_rs3 = false;  ///< ... and of the f file
    bool rounding = false;   ///< a rounding mode
};

/// 32 bits of an encoding. '0' and '1' are fixed; a letter names the operand that the bit belongs to:
/// d destination, a first source, b second source, D A B C the same and a third source among the
/// floating-point registers, i/s/p/u/j immediates of the I, S, B, U and J variants, h shift amount, c CSR
/// number, z 5-bit immediate in the place of a, m rounding mode; '-' is a bit that does not matter. Blanks
/// are for the reader.
struct Pattern {
    std::uint32_t mask = 0;
    std::uint32_t value = 0;
    Form form = Form::none;
    Fields fields;

    // A throw in a consteval function is a compile error, never a run-time one.
    consteval Pattern(const char* text) {
        int bits = 0;
        for (const char c : std::string_view(text)) {
            if (c == ' ') continue;
            mask = mask << 1 | static_cast<std::uint32_t>(c == '0' || c == '1');
            value = value << 1 | static_cast<std::uint32_t>(c == '1');
            ++bits;
        }
        if (bits != 32) throw "an encoding has 32 bits";
        form = form_of(text);
        fields = fields_of(text);
    }

    constexpr bool matches(std::uint32_t word) const { return (word & mask) == value; }
    /// Whether every word of `other` is one of this pattern too.
    constexpr bool covers(const Pattern& other) const {
        return (mask & other.mask) == mask && (other.value & mask) == value;
    }

  private:
    static consteval bool has(std::string_view text, char c) {
        return text.find(c) != std::string_view::npos;
    }
    static consteval Form form_of(std::string_view text) {
        if (has(text, 'c')) return Form::csr;
        if (has(text, 'h')) return Form::shift;
        if (has(text, 'i')) return Form::i;
        if (has(text, 's')) return Form::s;
        if (has(text, 'p')) return Form::branch;
        if (has(text, 'u')) return Form::u;
        if (has(text, 'j')) return Form::jump;
        if (has(text, 'd') || has(text, 'D') || has(text, 'a')) return Form::r;
        return Form::none;
    }
    static consteval Fields fields_of(std::string_view text) {
        Fields fields;
        fields.float_rd = has(text, 'D');
        fields.float_rs1 = has(text, 'A');
        fields.float_rs2 = has(text, 'B');
        fields.float_rs3 = has(text, 'C');
        fields.rd = has(text, 'd') || fields.float_rd;
        fields.rs1 = has(text, 'a') || has(text, 'z') || fields.float_rs1;
        fields.rs2 = has(text, 'b') || fields.float_rs2;
        fields.rs3 = fields.float_rs3;
        fields.rounding = has(text, 'm');
        return fields;
    }
};

}  // namespace backspin::emu
