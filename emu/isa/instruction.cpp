#include "emu/isa/instruction.hpp"

#include <array>
#include <vector>

namespace backspin::emu {
namespace {

/// "lr_w" to "lr.w", "and_" to "and".
constexpr std::size_t kMaxName = 16;
struct Name {
    std::array<char, kMaxName> text{};
    std::size_t size = 0;
    consteval explicit Name(std::string_view identifier) {
        for (const char c : identifier) text[size++] = c == '_' ? '.' : c;
        if (text[size - 1] == '.') --size;
    }
};

template <std::size_t N>
struct Literal {
    std::array<char, N> text{};
    consteval Literal(const char (&from)[N]) {  // NOLINT: a string literal
        for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
    }
};
template <Literal kIdentifier>
constexpr Name kName{std::string_view(kIdentifier.text.data())};
template <Literal kIdentifier>
constexpr std::string_view name_of() {
    return {kName<kIdentifier>.text.data(), kName<kIdentifier>.size};
}

constexpr Definition kDefinitions[] = {
#define ROW(name, kind, extension, encoding) \
    {Opcode::name, Kind::kind, Extension::extension, name_of<#name>(), Pattern{encoding}},
#define REGISTER_ROW(name, extension, encoding, ...) ROW(name, alu, extension, encoding)
#define IMMEDIATE_ROW(name, extension, encoding, ...) ROW(name, alu, extension, encoding)
#define UPPER_ROW(name, extension, encoding, ...) ROW(name, alu, extension, encoding)
#define LOAD_ROW(name, extension, encoding, ...) ROW(name, load, extension, encoding)
#define STORE_ROW(name, extension, encoding, ...) ROW(name, store, extension, encoding)
#define BRANCH_ROW(name, extension, encoding, ...) ROW(name, branch, extension, encoding)
#define JUMP_ROW(name, extension, encoding, ...) ROW(name, jump, extension, encoding)
#define ATOMIC_ROW(name, extension, encoding, ...) ROW(name, atomic, extension, encoding)
#define RESERVE_ROW(name, extension, encoding, ...) ROW(name, reserve, extension, encoding)
#define CONDITIONAL_ROW(name, extension, encoding, ...) ROW(name, conditional, extension, encoding)
#define SYSTEM_ROW(name, extension, encoding) ROW(name, system, extension, encoding)
#include "emu/isa/instructions.inc"
#undef ROW
};

consteval bool encodings_are_disjoint() {
    for (std::size_t i = 0; i < std::size(kDefinitions); ++i) {
        for (std::size_t j = i + 1; j < std::size(kDefinitions); ++j) {
            const auto& a = kDefinitions[i].pattern;
            const auto& b = kDefinitions[j].pattern;
            if (((a.value ^ b.value) & a.mask & b.mask) == 0) return false;
        }
    }
    return true;
}
static_assert(encodings_are_disjoint(), "two rows match the same word");

/// Bits [high:low] of a word.
constexpr std::uint32_t field(std::uint32_t word, unsigned high, unsigned low) {
    return (word >> low) & ((std::uint32_t{1} << (high - low + 1)) - 1);
}

constexpr std::int32_t sign_extend(std::uint32_t value, unsigned bits) {
    return static_cast<std::int32_t>(value << (32 - bits)) >> (32 - bits);
}

std::int32_t immediate(Form form, std::uint32_t word) {
    switch (form) {
        case Form::i: return sign_extend(field(word, 31, 20), 12);
        case Form::s: return sign_extend(field(word, 31, 25) << 5 | field(word, 11, 7), 12);
        case Form::branch:
            return sign_extend(field(word, 31, 31) << 12 | field(word, 7, 7) << 11 |
                                   field(word, 30, 25) << 5 | field(word, 11, 8) << 1,
                               13);
        case Form::u: return static_cast<std::int32_t>(word & 0xfffff000);
        case Form::jump:
            return sign_extend(field(word, 31, 31) << 20 | field(word, 19, 12) << 12 |
                                   field(word, 20, 20) << 11 | field(word, 30, 21) << 1,
                               21);
        case Form::shift: return static_cast<std::int32_t>(field(word, 25, 20));
        case Form::csr: return static_cast<std::int32_t>(field(word, 31, 20));
        case Form::r:
        case Form::none: return 0;
    }
    return 0;
}

/// Which registers a form names; the fields of the others stay 0, so that equal meanings decode to equal
/// values.
void take_registers(Instruction& instruction, Form form, std::uint32_t word) {
    const bool has_rd = form != Form::s && form != Form::branch && form != Form::none;
    const bool has_rs1 = form != Form::u && form != Form::jump && form != Form::none;
    const bool has_rs2 = form == Form::r || form == Form::s || form == Form::branch;
    if (has_rd) instruction.rd = static_cast<std::uint8_t>(field(word, 11, 7));
    if (has_rs1) instruction.rs1 = static_cast<std::uint8_t>(field(word, 19, 15));
    if (has_rs2) instruction.rs2 = static_cast<std::uint8_t>(field(word, 24, 20));
}

/// The rows by bits 6..2 of the word, which are fixed in every encoding.
using Buckets = std::array<std::vector<const Definition*>, 32>;
const Buckets& buckets() {
    static const Buckets kBuckets = [] {
        Buckets result;
        for (const auto& row : kDefinitions) result[row.pattern.value >> 2 & 31].push_back(&row);
        return result;
    }();
    return kBuckets;
}

}  // namespace

std::span<const Definition> definitions() {
    return kDefinitions;
}

const Definition& definition(Opcode opcode) {
    return kDefinitions[static_cast<std::size_t>(opcode) - 1];
}

Instruction decode(std::uint32_t word) {
    Instruction instruction;
    if (instruction_length(static_cast<std::uint16_t>(word)) == 2) {
        instruction.length = 2;
        instruction.word = word & 0xffff;
        const auto expanded = expand_compressed(static_cast<std::uint16_t>(word));
        if (!expanded) return instruction;
        word = *expanded;
    } else {
        instruction.word = word;
    }
    for (const auto* row : buckets()[word >> 2 & 31]) {
        if (!row->pattern.matches(word)) continue;
        instruction.opcode = row->opcode;
        instruction.imm = immediate(row->pattern.form, word);
        take_registers(instruction, row->pattern.form, word);
        break;
    }
    return instruction;
}

}  // namespace backspin::emu
