#include "emu/isa/instruction.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
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
#define ROW(name, kind, needs, encoding) \
    {Opcode::name, Kind::kind, requirement::needs, name_of<#name>(), Pattern{encoding}},
#define REGISTER_ROW(name, needs, encoding, ...) ROW(name, alu, needs, encoding)
#define IMMEDIATE_ROW(name, needs, encoding, ...) ROW(name, alu, needs, encoding)
#define UPPER_ROW(name, needs, encoding, ...) ROW(name, alu, needs, encoding)
#define LOAD_ROW(name, needs, encoding, ...) ROW(name, load, needs, encoding)
#define STORE_ROW(name, needs, encoding, ...) ROW(name, store, needs, encoding)
#define BRANCH_ROW(name, needs, encoding, ...) ROW(name, branch, needs, encoding)
#define JUMP_ROW(name, needs, encoding, ...) ROW(name, jump, needs, encoding)
#define ATOMIC_ROW(name, needs, encoding, ...) ROW(name, atomic, needs, encoding)
#define RESERVE_ROW(name, needs, encoding, ...) ROW(name, reserve, needs, encoding)
#define CONDITIONAL_ROW(name, needs, encoding, ...) ROW(name, conditional, needs, encoding)
#define CACHE_ROW(name, needs, encoding, ...) ROW(name, cache, needs, encoding)
#define FLOAT_ROW(name, needs, encoding, ...) ROW(name, floating, needs, encoding)
#define FLOAT_LOAD_ROW(name, needs, encoding, ...) ROW(name, floating_load, needs, encoding)
#define FLOAT_STORE_ROW(name, needs, encoding, ...) ROW(name, floating_store, needs, encoding)
#define SYSTEM_ROW(name, needs, encoding, ...) ROW(name, system, needs, encoding)
#include "emu/isa/instructions.inc"
#undef ROW
};

/// Two rows may match the same word only if one is a special case of the other, which then comes first.
consteval bool encodings_are_unambiguous() {
    for (std::size_t i = 0; i < std::size(kDefinitions); ++i) {
        for (std::size_t j = i + 1; j < std::size(kDefinitions); ++j) {
            const auto& a = kDefinitions[i];
            const auto& b = kDefinitions[j];
            const bool never_together =
                a.needs.xlen != 0 && b.needs.xlen != 0 && a.needs.xlen != b.needs.xlen;
            const auto common = a.pattern.mask & b.pattern.mask;
            const bool disjoint = ((a.pattern.value ^ b.pattern.value) & common) != 0;
            const bool ordered = a.pattern.mask != b.pattern.mask &&
                                 (a.pattern.covers(b.pattern) || b.pattern.covers(a.pattern));
            if (!never_together && !disjoint && !ordered) return false;
        }
    }
    return true;
}
static_assert(encodings_are_unambiguous(), "two rows match the same word");

/// Bits [high:low] of a word.
constexpr std::uint32_t field(std::uint32_t word, unsigned high, unsigned low) {
    return (word >> low) & ((std::uint32_t{1} << (high - low + 1)) - 1);
}

constexpr std::int32_t sign_extended(std::uint32_t value, unsigned bits) {
    return static_cast<std::int32_t>(value << (32 - bits)) >> (32 - bits);
}

std::int32_t immediate(Form form, std::uint32_t word) {
    switch (form) {
        case Form::i: return sign_extended(field(word, 31, 20), 12);
        case Form::s: return sign_extended(field(word, 31, 25) << 5 | field(word, 11, 7), 12);
        case Form::branch:
            return sign_extended(field(word, 31, 31) << 12 | field(word, 7, 7) << 11 |
                                     field(word, 30, 25) << 5 | field(word, 11, 8) << 1,
                                 13);
        case Form::u: return static_cast<std::int32_t>(word & 0xfffff000);
        case Form::jump:
            return sign_extended(field(word, 31, 31) << 20 | field(word, 19, 12) << 12 |
                                     field(word, 20, 20) << 11 | field(word, 30, 21) << 1,
                                 21);
        case Form::shift: return static_cast<std::int32_t>(field(word, 25, 20));
        case Form::csr: return static_cast<std::int32_t>(field(word, 31, 20));
        case Form::r:
        case Form::none: return 0;
    }
    return 0;
}

/// The fields that the pattern does not name stay 0, so that equal meanings decode to equal values.
void take_fields(Instruction& instruction, const Fields& fields, std::uint32_t word) {
    const auto take = [word](bool named, unsigned low, unsigned bits) {
        return static_cast<std::uint8_t>(named ? field(word, low + bits - 1, low) : 0);
    };
    instruction.rd = take(fields.rd, 7, 5);
    instruction.rs1 = take(fields.rs1, 15, 5);
    instruction.rs2 = take(fields.rs2, 20, 5);
    instruction.rs3 = take(fields.rs3, 27, 5);
    instruction.rounding = take(fields.rounding, 12, 3);
}

}  // namespace

std::span<const Definition> definitions() {
    return kDefinitions;
}

const Definition& definition(Opcode opcode) {
    return kDefinitions[static_cast<std::size_t>(opcode) - 1];
}

Decoder::Decoder(const Isa& isa) : isa_(isa) {
    for (const auto& row : kDefinitions) {
        if (isa.has(row.needs)) rows_[row.pattern.value >> 2 & 31].push_back(&row);
    }
    for (auto& rows : rows_) {
        std::ranges::stable_sort(rows, std::greater{},
                                 [](const Definition* row) { return std::popcount(row->pattern.mask); });
    }
}

Instruction Decoder::decode(std::uint32_t word) const {
    Instruction instruction;
    if (instruction_length(static_cast<std::uint16_t>(word)) == 2) {
        instruction.length = 2;
        instruction.word = word & 0xffff;
        const auto expanded = expand_compressed(static_cast<std::uint16_t>(word), isa_);
        if (!expanded) return instruction;
        word = *expanded;
    } else {
        instruction.word = word;
    }
    for (const auto* row : rows_[word >> 2 & 31]) {
        if (!row->pattern.matches(word)) continue;
        const auto imm = immediate(row->pattern.form, word);
        // A shift by the register's width or more is reserved.
        if (row->pattern.form == Form::shift && static_cast<unsigned>(imm) >= isa_.xlen()) break;
        instruction.opcode = row->opcode;
        instruction.imm = imm;
        take_fields(instruction, row->pattern.fields, word);
        break;
    }
    return instruction;
}

}  // namespace backspin::emu
