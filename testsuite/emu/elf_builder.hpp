// Builds small ELF files for tests of the loader, right by default, so that each test says only what is
// wrong.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace backspin::test {

struct Elf32 {
    using Header = Elf32_Ehdr;
    using ProgramHeader = Elf32_Phdr;
    static constexpr unsigned char kClass = ELFCLASS32;
};

struct Elf64 {
    using Header = Elf64_Ehdr;
    using ProgramHeader = Elf64_Phdr;
    static constexpr unsigned char kClass = ELFCLASS64;
};

template <class Elf>
class ElfBuilder {
  public:
    typename Elf::Header header{};
    std::vector<typename Elf::ProgramHeader> segments;
    std::vector<std::byte> contents;  ///< what follows the program headers

    ElfBuilder() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = Elf::kClass;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_EXEC;
        header.e_machine = EM_RISCV;
        header.e_version = EV_CURRENT;
        header.e_entry = 0x8000'0000;
        header.e_phoff = sizeof(typename Elf::Header);
        header.e_ehsize = sizeof(typename Elf::Header);
        header.e_phentsize = sizeof(typename Elf::ProgramHeader);
    }

    /// Adds a segment whose bytes are `fill`, with its offset relative to the contents until build().
    ElfBuilder& segment(std::uint64_t address, std::size_t file_size, std::uint64_t memory_size,
                        std::byte fill = std::byte{0x13}) {
        typename Elf::ProgramHeader segment{};
        segment.p_type = PT_LOAD;
        segment.p_flags = PF_R | PF_W | PF_X;
        segment.p_offset = static_cast<decltype(segment.p_offset)>(contents.size());
        segment.p_vaddr = segment.p_paddr = static_cast<decltype(segment.p_paddr)>(address);
        segment.p_filesz = static_cast<decltype(segment.p_filesz)>(file_size);
        segment.p_memsz = static_cast<decltype(segment.p_memsz)>(memory_size);
        segments.push_back(segment);
        contents.insert(contents.end(), file_size, fill);
        return *this;
    }

    std::size_t contents_offset() const {
        return sizeof(header) + segments.size() * sizeof(typename Elf::ProgramHeader);
    }

    std::vector<std::byte> build() const {
        auto final_header = header;
        if (final_header.e_phnum == 0) final_header.e_phnum = static_cast<Elf64_Half>(segments.size());
        std::vector<std::byte> file;
        append(file, final_header);
        for (auto segment : segments) {
            segment.p_offset += static_cast<decltype(segment.p_offset)>(contents_offset());
            append(file, segment);
        }
        file.insert(file.end(), contents.begin(), contents.end());
        return file;
    }

  private:
    template <class T>
    static void append(std::vector<std::byte>& file, const T& value) {
        const auto bytes = std::as_bytes(std::span(&value, 1));
        file.insert(file.end(), bytes.begin(), bytes.end());
    }
};

}  // namespace backspin::test
