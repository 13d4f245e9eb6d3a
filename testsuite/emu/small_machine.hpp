// A small machine with a program, as a user would start it.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <vector>

#include "emu/riscv_machine.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/elf_builder.hpp"

namespace backspin::emu::testing {

inline MachineOptions small() {
    MachineOptions options;
    options.ram_bytes = 1 << 20;
    return options;
}

/// A program as an ELF file, which the machine views while it is built.
class Program {
  public:
    Program(std::initializer_list<Word> words, std::uint64_t at = memory_map::kRamBase.value) {
        const auto bytes = std::as_bytes(std::span(words.begin(), words.size()));
        test::ElfBuilder<test::Elf64> elf;
        elf.header.e_entry = at;
        elf.segment(at, bytes.size(), bytes.size());
        std::ranges::copy(bytes, elf.contents.begin());
        file_ = elf.build();
    }
    BootFiles files() const {
        BootFiles files;
        files.program = {"program", file_};
        return files;
    }

  private:
    std::vector<std::byte> file_;
};

}  // namespace backspin::emu::testing
