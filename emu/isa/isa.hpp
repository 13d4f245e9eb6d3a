// Which instructions a hart has: its register width and its extensions.
// Source: The RISC-V Instruction Set Manual, Volume I, chapter "ISA Extension Naming Conventions"; Linux
// binding riscv/extensions.yaml for the names in the device tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backspin::emu {

/// In the order in which an ISA string names them.
// clang-format off
enum class Extension : std::uint8_t {
    I, M, A, F, D, C,
    Zicbom, Zicbop, Zicboz, Zicntr, Zicond, Zicsr, Zifencei, Zihintpause, Zihpm, Zawrs, Zfh, Zfhmin, Zca, Zcb,
    Zba, Zbb, Zbc, Zbkb, Zbs, Sstc, Sv57, Svade, Svadu, Svinval, Svnapot, Svpbmt,
};
// clang-format on
inline constexpr std::size_t kExtensions = static_cast<std::size_t>(Extension::Svpbmt) + 1;

/// What an instruction needs: a register width and one of two extensions, besides one that must be there too.
struct Requirement {
    Extension extension = Extension::I;
    Extension or_extension = extension;
    Extension and_extension = extension;
    unsigned xlen = 0;  ///< 32 or 64; 0: any
};

/// What the rows of the instruction table write in their column `extension`.
namespace requirement {
inline constexpr Requirement I{Extension::I}, M{Extension::M}, A{Extension::A}, F{Extension::F},
    D{Extension::D}, Zicbom{Extension::Zicbom}, Zicboz{Extension::Zicboz}, Zicond{Extension::Zicond},
    Zicsr{Extension::Zicsr}, Zifencei{Extension::Zifencei}, Zihintpause{Extension::Zihintpause},
    Zawrs{Extension::Zawrs}, Zfh{Extension::Zfh}, Zfhmin{Extension::Zfhmin}, Zba{Extension::Zba},
    Zbb{Extension::Zbb}, Zbc{Extension::Zbc}, Zbkb{Extension::Zbkb}, Zbs{Extension::Zbs},
    Svinval{Extension::Svinval};

constexpr Requirement only_in(unsigned xlen, Requirement what) {
    what.xlen = xlen;
    return what;
}
inline constexpr Requirement I64 = only_in(64, I), M64 = only_in(64, M), A64 = only_in(64, A),
                             F64 = only_in(64, F), D64 = only_in(64, D), Zfh64 = only_in(64, Zfh),
                             Zba64 = only_in(64, Zba), Zbb32 = only_in(32, Zbb), Zbb64 = only_in(64, Zbb),
                             Zbkb32 = only_in(32, Zbkb), Zbkb64 = only_in(64, Zbkb);
/// In both bit-manipulation extensions.
inline constexpr Requirement ZbbOrZbkb{Extension::Zbb, Extension::Zbkb};
inline constexpr Requirement ZbbOrZbkb32 = only_in(32, ZbbOrZbkb), ZbbOrZbkb64 = only_in(64, ZbbOrZbkb);
/// Conversions between half and double precision.
inline constexpr Requirement ZfhminD{Extension::Zfhmin, Extension::Zfhmin, Extension::D};
}  // namespace requirement

class Isa {
  public:
    /// Everything that this emulator has. Precondition: xlen is 32 or 64.
    explicit Isa(unsigned xlen = 64);

    /// "rv64" or "rv32" for everything, or a string such as "rv64gc_zba" for just that; then, after commas,
    /// "+zfh" or "-zba". Throws std::invalid_argument with a text that says what is wrong.
    static Isa parse(std::string_view text);

    unsigned xlen() const { return xlen_; }
    bool has(Extension extension) const { return (extensions_ >> static_cast<unsigned>(extension) & 1) != 0; }
    bool has(const Requirement& what) const {
        return (what.xlen == 0 || what.xlen == xlen_) && (has(what.extension) || has(what.or_extension)) &&
               (what.and_extension == what.extension || has(what.and_extension));
    }

    /// "rv64imafdc_zicsr_...": the device tree's riscv,isa, and a form that parse() reads back.
    std::string name() const;
    /// "rv64i".
    std::string base_name() const { return xlen_ == 32 ? "rv32i" : "rv64i"; }
    /// The device tree's riscv,isa-extensions: "i", "m", ..., "zba", ...
    std::vector<std::string> extension_names() const;
    /// The misa register: the single letters, with S and U, and the width.
    std::uint64_t misa() const;

    bool operator==(const Isa&) const = default;

  private:
    void add(Extension extension);
    void remove(Extension extension);
    void change(std::string_view item);

    unsigned xlen_;
    std::uint64_t extensions_ = 0;  ///< bit n: the extension with number n
};

}  // namespace backspin::emu
