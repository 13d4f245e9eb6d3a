// A machine with one of the compiled test programs in it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "emu/riscv_machine.hpp"

namespace backspin::testing {

/// `name`: as in testsuite/firmware, without its ending.
inline std::unique_ptr<emu::RiscvMachine> machine_with(const std::string& name,
                                                       const emu::MachineOptions& options = {}) {
    auto path = std::filesystem::path(BACKSPIN_FIRMWARE) / name;
    path += ".elf";
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path.string() + " is not there: build the target `firmware`");
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    emu::BootFiles files;
    files.program = {path.string(), std::as_bytes(std::span(bytes))};
    return std::make_unique<emu::RiscvMachine>(options, files);
}

/// One number for everything that the machine remembers. Taking it changes nothing.
class Digester {
  public:
    explicit Digester(emu::RiscvMachine& machine) : machine_(machine) {}

    struct Digest {
        std::vector<std::byte> fields;
        std::uint64_t memory = 0;
        bool operator==(const Digest&) const = default;
    };

    Digest now() {
        auto state = machine_.save();
        memory_ = state.pages.digest_from(pages_, memory_);
        pages_ = state.pages;
        return {std::move(state.fields), memory_};
    }

  private:
    emu::RiscvMachine& machine_;
    PageRoot pages_;
    std::uint64_t memory_ = 0;
};

}  // namespace backspin::testing
