// The symbols of an ELF file: where a name lies, and what lies at an address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace backspin::cli {

class Symbols {
  public:
    struct Symbol {
        VirtualAddress at;
        std::uint64_t size = 0;  ///< 0 where the file does not say
    };

    Symbols() = default;
    /// Functions, objects and labels of .symtab. The file is not trusted: what does not fit into it is left
    /// out, and no file is refused. Source: System V ABI (gABI), chapter 4, "Symbol Table".
    explicit Symbols(std::span<const std::byte> elf);

    std::optional<Symbol> find(std::string_view name) const;
    /// "main", "main+0x12"; empty where no symbol is near.
    std::string describe(VirtualAddress at) const;

  private:
    template <class Elf>
    void read(std::span<const std::byte> elf);
    void add(std::string name, Symbol symbol);

    std::map<std::string, Symbol, std::less<>> by_name_;
    struct Named {
        std::string name;
        std::uint64_t size = 0;
    };
    std::map<std::uint64_t, Named> by_address_;
};

}  // namespace backspin::cli
