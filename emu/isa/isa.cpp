#include "emu/isa/isa.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

namespace backspin::emu {
namespace {

struct Row {
    Extension extension;
    std::string_view name;  ///< lower case
    std::array<Extension, 2> needs{Extension::I, Extension::I};
    bool only_in_64 = false;  ///< defined for RV64's page tables only
};

// clang-format off
constexpr std::array<Row, kExtensions> kRows{{
    {Extension::I, "i"},
    {Extension::M, "m"},
    {Extension::A, "a"},
    {Extension::F, "f", {Extension::Zicsr, Extension::I}},
    {Extension::D, "d", {Extension::F, Extension::I}},
    {Extension::C, "c", {Extension::Zca, Extension::I}},
    {Extension::Zicbom, "zicbom"},
    {Extension::Zicbop, "zicbop"},
    {Extension::Zicboz, "zicboz"},
    {Extension::Zicntr, "zicntr", {Extension::Zicsr, Extension::I}},
    {Extension::Zicond, "zicond"},
    {Extension::Zicsr, "zicsr"},
    {Extension::Zifencei, "zifencei"},
    {Extension::Zihintpause, "zihintpause"},
    {Extension::Zihpm, "zihpm", {Extension::Zicsr, Extension::I}},
    {Extension::Zawrs, "zawrs", {Extension::A, Extension::I}},
    {Extension::Zfh, "zfh", {Extension::Zfhmin, Extension::F}},
    {Extension::Zfhmin, "zfhmin", {Extension::F, Extension::I}},
    {Extension::Zca, "zca"},
    {Extension::Zcb, "zcb", {Extension::Zca, Extension::I}},
    {Extension::Zba, "zba"},
    {Extension::Zbb, "zbb"},
    {Extension::Zbc, "zbc"},
    {Extension::Zbkb, "zbkb"},
    {Extension::Zbs, "zbs"},
    {Extension::Sstc, "sstc", {Extension::Zicntr, Extension::I}},
    {Extension::Sv57, "sv57", {Extension::I, Extension::I}, true},
    {Extension::Svade, "svade"},
    {Extension::Svadu, "svadu"},
    {Extension::Svinval, "svinval"},
    {Extension::Svnapot, "svnapot", {Extension::I, Extension::I}, true},
    {Extension::Svpbmt, "svpbmt", {Extension::I, Extension::I}, true},
}};
// clang-format on

consteval bool rows_are_in_order() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].extension) != i) return false;
    }
    return true;
}
static_assert(rows_are_in_order());

constexpr std::uint64_t bit_of(Extension extension) {
    return std::uint64_t{1} << static_cast<unsigned>(extension);
}

/// What every hart here has: without them there is no privileged architecture.
constexpr std::uint64_t kAlways = bit_of(Extension::I) | bit_of(Extension::Zicsr) | bit_of(Extension::Svade);

bool is_letter(const Row& row) {
    return row.name.size() == 1;
}

const Row* find(std::string_view name) {
    const auto found = std::ranges::find(kRows, name, &Row::name);
    return found != kRows.end() ? &*found : nullptr;
}

[[noreturn]] void reject(std::string_view item) {
    std::string known;
    for (const auto& row : kRows) known += (known.empty() ? "" : " ") + std::string(row.name);
    throw std::invalid_argument("'" + std::string(item) + "' is no extension here; there are: " + known);
}

/// The row of an extension that a hart of this width can have.
const Row& known(std::string_view name, unsigned xlen) {
    const auto* row = find(name);
    if (row == nullptr) reject(name);
    if (row->only_in_64 && xlen == 32)
        throw std::invalid_argument("'" + std::string(name) + "' is for rv64 only");
    return *row;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (auto& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

/// The next piece of `text` up to the separator, taken off its front.
std::string_view take(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return piece;
}

}  // namespace

Isa::Isa(unsigned xlen) : xlen_(xlen), extensions_((std::uint64_t{1} << kExtensions) - 1) {
    for (const auto& row : kRows) {
        if (row.only_in_64 && xlen == 32) remove(row.extension);
    }
}

void Isa::add(Extension extension) {
    if ((extensions_ & bit_of(extension)) != 0) return;
    extensions_ |= bit_of(extension);
    for (const auto needed : kRows[static_cast<std::size_t>(extension)].needs) add(needed);
}

/// What needs it goes with it: a hart with D and without F cannot be described.
void Isa::remove(Extension extension) {
    extensions_ &= ~bit_of(extension);
    for (const auto& row : kRows) {
        if (has(row.extension) && std::ranges::find(row.needs, extension) != row.needs.end())
            remove(row.extension);
    }
}

void Isa::change(std::string_view item) {
    if (item.size() < 2 || (item[0] != '+' && item[0] != '-'))
        throw std::invalid_argument("'" + std::string(item) + "': write +extension or -extension");
    const auto& row = known(item.substr(1), xlen_);
    if (item[0] == '+') {
        add(row.extension);
        return;
    }
    if ((kAlways & bit_of(row.extension)) != 0)
        throw std::invalid_argument("'" + std::string(item) + "': every hart here has " +
                                    std::string(row.name));
    remove(row.extension);
    if (row.extension == Extension::C) remove(Extension::Zca);
}

Isa Isa::parse(std::string_view written) {
    const auto text = lower_case(written);
    std::string_view rest = text;
    auto base = take(rest, ',');
    if (!base.starts_with("rv64") && !base.starts_with("rv32")) {
        throw std::invalid_argument("'" + std::string(written) +
                                    "': start with rv64 or rv32, for example rv64gc,+zba");
    }
    Isa isa(base[2] == '6' ? 64 : 32);
    base.remove_prefix(4);
    if (!base.empty()) {
        isa.extensions_ = kAlways;
        auto letters = take(base, '_');
        if (!letters.starts_with('i') && !letters.starts_with('g'))
            throw std::invalid_argument("'" + std::string(written) + "': i or g comes after rv" +
                                        std::to_string(isa.xlen_));
        for (const char letter : letters) {
            if (letter == 'g') {
                for (const auto extension : {Extension::M, Extension::A, Extension::D, Extension::Zifencei})
                    isa.add(extension);
                continue;
            }
            isa.add(known(std::string_view(&letter, 1), isa.xlen_).extension);
        }
        while (!base.empty()) {
            isa.add(known(take(base, '_'), isa.xlen_).extension);
        }
    }
    while (!rest.empty()) isa.change(take(rest, ','));
    return isa;
}

std::string Isa::name() const {
    auto text = "rv" + std::to_string(xlen_);
    for (const auto& row : kRows) {
        if (!has(row.extension)) continue;
        if (!is_letter(row)) text += '_';
        text += row.name;
    }
    return text;
}

std::vector<std::string> Isa::extension_names() const {
    std::vector<std::string> names;
    for (const auto& row : kRows) {
        if (has(row.extension)) names.emplace_back(row.name);
    }
    return names;
}

std::uint64_t Isa::misa() const {
    const auto letter = [](char c) { return std::uint64_t{1} << (c - 'a'); };
    auto value = letter('s') | letter('u');
    for (const auto& row : kRows) {
        if (has(row.extension) && is_letter(row)) value |= letter(row.name[0]);
    }
    return value | (xlen_ == 64 ? std::uint64_t{2} << 62 : std::uint64_t{1} << 30);
}

}  // namespace backspin::emu
