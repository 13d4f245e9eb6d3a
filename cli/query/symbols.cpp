#include "cli/query/symbols.hpp"

#include <elf.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "emu/elf_structures.hpp"
#include "emu/loader.hpp"

namespace backspin::cli {
namespace {

using emu::structure_at;

struct Elf32 {
    using Header = Elf32_Ehdr;
    using Section = Elf32_Shdr;
    using Entry = Elf32_Sym;
};
struct Elf64 {
    using Header = Elf64_Ehdr;
    using Section = Elf64_Shdr;
    using Entry = Elf64_Sym;
};

/// Beyond this, code that no symbol has the size of is not said to belong to the one before it.
constexpr std::uint64_t kFarthest = 1 << 16;
constexpr std::size_t kLongestName = 4096;

template <class Section>
std::span<const std::byte> content_of(std::span<const std::byte> file, const Section& section) {
    const std::uint64_t offset = section.sh_offset, size = section.sh_size;
    if (offset > file.size() || size > file.size() - offset) return {};
    return file.subspan(offset, size);
}

std::string name_at(std::span<const std::byte> strings, std::uint64_t offset) {
    if (offset >= strings.size()) return {};
    const auto rest = strings.subspan(offset, std::min(strings.size() - offset, kLongestName));
    const auto end = std::ranges::find(rest, std::byte{0});
    return {reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(end - rest.begin())};
}

bool is_wanted(unsigned type, const std::string& name) {
    // The assembler marks code and data with $x and $d, and local labels begin with a dot.
    const bool is_mark = name.empty() || name.front() == '$' || name.front() == '.';
    return !is_mark && (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE);
}

}  // namespace

Symbols::Symbols(std::span<const std::byte> elf) {
    const auto xlen = emu::elf_xlen(elf);
    if (xlen == 64U) read<Elf64>(elf);
    if (xlen == 32U) read<Elf32>(elf);
}

template <class Elf>
void Symbols::read(std::span<const std::byte> elf) {
    const auto header = structure_at<typename Elf::Header>(elf, 0);
    if (!header) return;
    const auto section_at = [&](std::uint64_t number) {
        return structure_at<typename Elf::Section>(
            elf, std::uint64_t{header->e_shoff} + number * sizeof(typename Elf::Section));
    };
    for (unsigned number = 0; number < header->e_shnum; ++number) {
        const auto table = section_at(number);
        if (!table || table->sh_type != SHT_SYMTAB) continue;
        const auto strings = section_at(table->sh_link);
        if (!strings) continue;
        const auto names = content_of(elf, *strings);
        const auto entries = content_of(elf, *table);
        using Entry = typename Elf::Entry;
        for (std::size_t at = 0; at + sizeof(Entry) <= entries.size(); at += sizeof(Entry)) {
            const auto entry = *structure_at<Entry>(entries, at);
            auto name = name_at(names, entry.st_name);
            if (entry.st_shndx == SHN_UNDEF || !is_wanted(entry.st_info & 0xfU, name)) continue;
            add(std::move(name), {{entry.st_value}, entry.st_size});
        }
    }
}

void Symbols::add(std::string name, Symbol symbol) {
    auto& here = by_address_[symbol.at.value];
    // Of several names of one place, the one that says how long it is.
    if (here.name.empty() || (here.size == 0 && symbol.size != 0)) here = {name, symbol.size};
    by_name_.try_emplace(std::move(name), symbol);
}

std::optional<Symbols::Symbol> Symbols::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::string Symbols::describe(VirtualAddress at) const {
    const auto after = by_address_.upper_bound(at.value);
    if (after == by_address_.begin()) return {};
    const auto& [start, named] = *std::prev(after);
    const auto offset = at.value - start;
    if (offset == 0) return named.name;
    const auto reach = named.size != 0 ? named.size : kFarthest;
    return offset < reach ? fmt::format("{}+{:#x}", named.name, offset) : std::string{};
}

}  // namespace backspin::cli
