// An instruction's encoding, written as the manual prints it and checked at compile time.
#pragma once

#include <cstdint>
#include <string_view>

namespace backspin::emu {

/// How the operands of an instruction are laid out in its word.
/// Source: The RISC-V Instruction Set Manual, Volume I, section "Immediate Encoding Variants".
enum class Form : std::uint8_t {
    none,    ///< no operand, or only don't-care bits
    r,       ///< d, a, b
    i,       ///< d, a, 12-bit immediate
    shift,   ///< d, a, shift amount
    s,       ///< a, b, store offset
    branch,  ///< a, b, branch offset
    u,       ///< d, upper immediate
    jump,    ///< d, jump offset
    csr,     ///< d, a or 5-bit immediate, CSR number
};

/// 32 bits of an encoding. '0' and '1' are fixed; a letter names the operand that the bit belongs to:
/// d destination, a first source, b second source, i/s/p/u/j immediates of the I, S, B, U and J variants, h
/// shift amount, c CSR number, z 5-bit immediate in the place of a; '-' is a bit that does not matter. Blanks
/// are for the reader.
struct Pattern {
    std::uint32_t mask = 0;
    std::uint32_t value = 0;
    Form form = Form::none;

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
    }

    constexpr bool matches(std::uint32_t word) const { return (word & mask) == value; }

  private:
    static consteval Form form_of(std::string_view text) {
        const auto has = [text](char c) { return text.find(c) != std::string_view::npos; };
        if (has('c')) return Form::csr;
        if (has('h')) return Form::shift;
        if (has('i')) return Form::i;
        if (has('s')) return Form::s;
        if (has('p')) return Form::branch;
        if (has('u')) return Form::u;
        if (has('j')) return Form::jump;
        if (has('d')) return Form::r;
        return Form::none;
    }
};

}  // namespace backspin::emu
