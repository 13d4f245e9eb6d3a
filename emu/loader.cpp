#include "emu/loader.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>

#include <elf.h>

#include "emu/elf_structures.hpp"
#include "emu/hex.hpp"

namespace backspin::emu {

namespace {

struct Elf32 {
    using Header = Elf32_Ehdr;
    using ProgramHeader = Elf32_Phdr;
    static constexpr unsigned kXlen = 32;
};

struct Elf64 {
    using Header = Elf64_Ehdr;
    using ProgramHeader = Elf64_Phdr;
    static constexpr unsigned kXlen = 64;
};

/// A PT_LOAD program header, widened.
struct Loadable {
    std::size_t index;  ///< in the program header table
    std::uint64_t offset, virtual_address, physical_address, file_size, memory_size;
};

std::string text_of(std::span<const BusRange> ram) {
    std::string text = "RAM is ";
    for (const auto& range : ram) {
        if (&range != ram.data()) text += " and ";
        text += hex(range.base.value) + " to " + hex(range.base.value + range.size - 1);
    }
    return text;
}

std::string text_of(const Loadable& segment) {
    return "segment " + std::to_string(segment.index) + " (" + hex(segment.memory_size) + " bytes at " +
           hex(segment.physical_address) + ")";
}

/// Whether `size` bytes from `offset` lie in the file. No sum is formed that could overflow.
bool inside(std::span<const std::byte> file, std::uint64_t offset, std::uint64_t size) {
    return offset <= file.size() && size <= file.size() - offset;
}

bool inside(std::span<const BusRange> ram, PhysicalAddress at, std::uint64_t size) {
    return std::any_of(ram.begin(), ram.end(),
                       [&](const BusRange& range) { return range.contains(at, size); });
}

std::string machine_name(unsigned machine) {
    switch (machine) {
        case EM_386: return "x86";
        case EM_X86_64: return "x86-64";
        case EM_ARM: return "Arm";
        case EM_AARCH64: return "AArch64";
        case EM_MIPS: return "MIPS";
        case EM_PPC64: return "PowerPC";
        default: return "ELF machine number " + std::to_string(machine);
    }
}

void check_type(unsigned type) {
    switch (type) {
        case ET_EXEC: return;
        case ET_REL: throw LoadError("ELF header: an object file, not a program: link it first");
        case ET_DYN:
            throw LoadError(
                "ELF header: a shared or position-independent program, which needs a loader of its own: link "
                "it with "
                "-static -no-pie");
        case ET_CORE: throw LoadError("ELF header: a core dump, not a program: give the program itself");
        default:
            throw LoadError("ELF header: file type " + std::to_string(type) +
                            " is unknown: give a linked executable (type 2)");
    }
}

template <class Elf>
typename Elf::Header read_header(std::span<const std::byte> file) {
    using Header = typename Elf::Header;
    const auto found = structure_at<Header>(file, 0);
    if (!found)
        throw LoadError("ELF header: the file ends after " + std::to_string(file.size()) + " of its " +
                        std::to_string(sizeof(Header)) + " bytes: copy or build it again");
    const auto& header = *found;
    if (header.e_machine != EM_RISCV)
        throw LoadError("ELF header: built for " + machine_name(header.e_machine) +
                        ", not for RISC-V: build it with a RISC-V compiler");
    if (header.e_version != EV_CURRENT)
        throw LoadError("ELF header: version " + std::to_string(header.e_version) +
                        " is unknown (only 1 exists): the file is damaged, build it again");
    check_type(header.e_type);
    if (header.e_phnum == 0)
        throw LoadError("ELF header: no program headers, so nothing to load: link the program first");
    if (header.e_phnum == PN_XNUM)
        throw LoadError("ELF header: more than 65534 program headers: the file is damaged, build it again");
    if (header.e_phentsize != sizeof(typename Elf::ProgramHeader))
        throw LoadError("ELF header: program headers of " + std::to_string(header.e_phentsize) +
                        " bytes instead of " + std::to_string(sizeof(typename Elf::ProgramHeader)) +
                        ": the file is damaged, build it again");
    const auto table_size = std::uint64_t{header.e_phnum} * header.e_phentsize;
    if (!inside(file, header.e_phoff, table_size))
        throw LoadError("program header table: " + hex(table_size) + " bytes at file offset " +
                        hex(header.e_phoff) + " reach past the file's end at " + hex(file.size()) +
                        ": the file is cut short, copy or build it again");
    return header;
}

void check(const Loadable& segment, std::span<const std::byte> file, std::span<const BusRange> ram) {
    if (segment.file_size > segment.memory_size)
        throw LoadError(text_of(segment) + ": has more bytes in the file (" + hex(segment.file_size) +
                        ") than in memory: the file is damaged, build it again");
    if (!inside(file, segment.offset, segment.file_size))
        throw LoadError(text_of(segment) + ": its " + hex(segment.file_size) + " bytes at file offset " +
                        hex(segment.offset) + " reach past the file's end at " + hex(file.size()) +
                        ": the file is cut short, copy or build it again");
    if (!inside(ram, {segment.physical_address}, segment.memory_size))
        throw LoadError(text_of(segment) + ": not inside RAM (" + text_of(ram) +
                        "): link the program to addresses in RAM, or give the machine more with --ram");
}

template <class Elf>
std::vector<Loadable> read_loadables(std::span<const std::byte> file, std::span<const BusRange> ram) {
    const auto header = read_header<Elf>(file);
    std::vector<Loadable> loadables;
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        const auto entry = structure_at<typename Elf::ProgramHeader>(
                               file, header.e_phoff + i * std::uint64_t{header.e_phentsize})
                               .value();
        if (entry.p_type == PT_INTERP)
            throw LoadError("segment " + std::to_string(i) +
                            ": the program asks for a dynamic linker: link it with -static");
        if (entry.p_type != PT_LOAD || (entry.p_memsz == 0 && entry.p_filesz == 0)) continue;
        const Loadable segment{
            i, entry.p_offset, entry.p_vaddr, entry.p_paddr, entry.p_filesz, entry.p_memsz};
        check(segment, file, ram);
        loadables.push_back(segment);
    }
    if (loadables.empty())
        throw LoadError("program header table: none of its " + std::to_string(header.e_phnum) +
                        " entries is a loadable segment: check the linker script");
    return loadables;
}

void sort_and_check_overlap(std::vector<Loadable>& segments) {
    std::sort(segments.begin(), segments.end(), [](const Loadable& a, const Loadable& b) {
        return std::pair(a.physical_address, a.index) < std::pair(b.physical_address, b.index);
    });
    for (std::size_t i = 1; i < segments.size(); ++i) {
        const auto& before = segments[i - 1];
        const auto& after = segments[i];
        if (after.physical_address - before.physical_address < before.memory_size)
            throw LoadError(text_of(after) + ": overlaps " + text_of(before) +
                            ": check the addresses in the linker script");
    }
}

/// e_entry is a virtual address; a program that switches translation on later is linked to run elsewhere than
/// where it is loaded.
PhysicalAddress physical_entry(std::uint64_t entry, const std::vector<Loadable>& segments) {
    for (const auto& segment : segments) {
        if (entry < segment.virtual_address || entry - segment.virtual_address >= segment.file_size) continue;
        const auto physical = segment.physical_address + (entry - segment.virtual_address);
        if (physical & 1)
            throw LoadError("ELF header: the entry " + hex(entry) + " is loaded to " + hex(physical) +
                            ", which is odd: check the addresses in the linker script");
        return {physical};
    }
    throw LoadError(
        "ELF header: the entry " + hex(entry) +
        " is not inside the bytes of a loadable segment: name the start symbol with ENTRY() in the linker "
        "script");
}

template <class Elf>
Image load(std::span<const std::byte> file, std::span<const BusRange> ram) {
    auto loadables = read_loadables<Elf>(file, ram);
    sort_and_check_overlap(loadables);
    Image image;
    image.xlen = Elf::kXlen;
    image.entry = physical_entry(structure_at<typename Elf::Header>(file, 0).value().e_entry, loadables);
    for (const auto& segment : loadables)
        image.segments.push_back({{segment.physical_address},
                                  file.subspan(segment.offset, segment.file_size),
                                  segment.memory_size});
    return image;
}

}  // namespace

bool is_elf(std::span<const std::byte> file) {
    return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

std::optional<unsigned> elf_xlen(std::span<const std::byte> file) {
    if (!is_elf(file) || file.size() < EI_NIDENT) return std::nullopt;
    switch (std::to_integer<unsigned>(file[EI_CLASS])) {
        case ELFCLASS32: return 32;
        case ELFCLASS64: return 64;
        default: return std::nullopt;
    }
}

Image load_elf(std::span<const std::byte> file, std::span<const BusRange> ram) {
    if (!is_elf(file))
        throw LoadError("not an ELF file (it does not start with 7f 45 4c 46): give an executable");
    if (file.size() < EI_NIDENT)
        throw LoadError("ELF header: the file ends after " + std::to_string(file.size()) +
                        " bytes: copy or build it again");
    const auto identification = [&](std::size_t i) { return std::to_integer<unsigned>(file[i]); };
    if (identification(EI_DATA) == ELFDATA2MSB)
        throw LoadError(
            "ELF header: big endian; this machine is little endian: build it for little-endian RISC-V");
    if (identification(EI_DATA) != ELFDATA2LSB)
        throw LoadError("ELF header: byte order " + std::to_string(identification(EI_DATA)) +
                        " is unknown: the file is damaged, build it again");
    if (identification(EI_VERSION) != EV_CURRENT)
        throw LoadError("ELF header: identification version " + std::to_string(identification(EI_VERSION)) +
                        " is unknown (only 1 exists): the file is damaged, build it again");
    switch (identification(EI_CLASS)) {
        case ELFCLASS32: return load<Elf32>(file, ram);
        case ELFCLASS64: return load<Elf64>(file, ram);
        default:
            throw LoadError("ELF header: class " + std::to_string(identification(EI_CLASS)) +
                            " is neither 32 nor 64 bits: the file is damaged, build it again");
    }
}

Image load_flat(std::span<const std::byte> file, PhysicalAddress at, unsigned xlen,
                std::span<const BusRange> ram) {
    if (file.empty()) throw LoadError("the file is empty: give a program");
    if (!inside(ram, at, file.size()))
        throw LoadError("flat binary: its " + hex(file.size()) + " bytes at " + hex(at.value) +
                        " are not inside RAM (" + text_of(ram) + "): give the machine more with --ram");
    return Image{at, xlen, {ImageSegment{at, file, file.size()}}};
}

}  // namespace backspin::emu
