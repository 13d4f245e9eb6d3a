// Turns the file that a user hands in into what has to be placed in memory: a statically linked RISC-V ELF
// executable, or a flat binary. The file is not trusted: nothing is allocated by a size that it states, and
// whatever does not fit is refused with one line that says what is wrong, where, and how to mend it. Source:
// System V ABI (gABI) chapters 4 and 5; RISC-V ELF psABI, "ELF Object Files".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/address.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu {

/// The file cannot be loaded. The text does not name the file: the caller knows what the user called it.
class LoadError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct ImageSegment {
    PhysicalAddress at;
    std::span<const std::byte> bytes;  ///< what to place there; views the file that was given
    std::uint64_t memory_size = 0;     ///< at least bytes.size(); the rest is zeros
};

struct Image {
    PhysicalAddress entry;               ///< where the harts start: inside the bytes of a segment, and even
    unsigned xlen = 64;                  ///< 32 or 64
    std::vector<ImageSegment> segments;  ///< by address; disjoint, each inside one range of RAM
};

/// Whether the file says of itself that it is ELF.
bool is_elf(std::span<const std::byte> file);

/// The register width that an ELF file is for, 32 or 64; nothing if it is no ELF file or does not say.
std::optional<unsigned> elf_xlen(std::span<const std::byte> file);

/// Throws LoadError. `file` must outlive the image.
Image load_elf(std::span<const std::byte> file, std::span<const BusRange> ram);

/// The whole file as one segment at `at`, with its first byte as the entry. Throws LoadError. `file` must
/// outlive the image.
Image load_flat(std::span<const std::byte> file, PhysicalAddress at, unsigned xlen,
                std::span<const BusRange> ram);

}  // namespace backspin::emu
